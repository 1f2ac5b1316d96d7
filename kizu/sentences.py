"""What other libraries say of an error, as part of a sentence of ours."""


def words_of(error: BaseException) -> str:
    r"""Return an error's words in one line; its kind where it has none.

    Example:
        >>> words_of(ValueError("line 1:\n  no number")), words_of(MemoryError())
        ('line 1: no number', 'MemoryError')
    """
    return " ".join(str(error).split()) or type(error).__name__
