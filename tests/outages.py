"""Outages of a store, as its callers see them."""

from collections.abc import Callable


def losing_the_first_answer(call: Callable, lost: Exception) -> Callable:
    """Do what is asked, and raise the first time as if the answer got lost on its way back."""
    answers = iter([lost])

    def lossy(*args, **kwargs):
        answer = call(*args, **kwargs)
        if error := next(answers, None):
            raise error
        return answer

    return lossy


def refusing_once(call: Callable, refused: Exception) -> Callable:
    """Raise the first time, without doing what is asked."""
    refusals = iter([refused])

    def refusing(*args, **kwargs):
        if error := next(refusals, None):
            raise error
        return call(*args, **kwargs)

    return refusing
