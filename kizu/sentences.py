"""Parts of sentences: what other libraries say of an error, and the first of many names."""

from collections.abc import Sequence
from typing import Final

_NAMES_SHOWN: Final = 3  # enough to know which kind of files is meant


def words_of(error: BaseException) -> str:
    r"""Return an error's words in one line; its kind where it has none.

    Example:
        >>> words_of(ValueError("line 1:\n  no number")), words_of(MemoryError())
        ('line 1: no number', 'MemoryError')
    """
    return " ".join(str(error).split()) or type(error).__name__


def some_of(names: Sequence[str], between: str = ", ") -> str:
    """Return the first few names, and that there are more.

    Example:
        >>> some_of(["a", "b"], " or "), some_of(["a", "b", "c", "d"])
        ('a or b', 'a, b, c, ...')
    """
    shown = list(names[:_NAMES_SHOWN]) + ["..."] * (len(names) > _NAMES_SHOWN)
    return between.join(shown)
