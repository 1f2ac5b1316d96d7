"""A prompt that is refused again and again is not asked for other photos.

Refusals can get a whole resource blocked. The ledger knows what became of every prompt, by the
user's own words and the model, whichever worker, build or dataset asked. What decides is the first
answers, as the edits of one prompt fare alike.
"""

from kizu.edit.content_filter import flag_words
from kizu.settings import Record
from kizu.store.keys import content_key


class PromptAnswers(Record):
    """What became of the edits of one prompt.

    Attributes:
        edited: Those that were made.
        refused: Those that were refused.
    """

    edited: int = 0
    refused: int = 0


def prompt_name(prompt: str, model: str, *, emulated: bool) -> str:
    """Name a prompt as it is asked of a model.

    Args:
        prompt: The user's words, which the prompts of many photos share; empty for none.
        model: The model family.
        emulated: Whether the emulator answers in its place.
    """
    if not prompt:
        return ""
    return content_key("prompt", prompt=prompt, model=model, emulated=emulated)[:16]


def is_given_up(answers: PromptAnswers, most: int) -> bool:
    """Tell whether a prompt is not asked any more: so many refusals, and they are the rule.

    Args:
        answers: What became of it.
        most: Refusals that are enough; 0 for any number.

    Example:
        >>> [is_given_up(PromptAnswers(edited=n, refused=3), 3) for n in (0, 2, 3)]
        [True, True, False]
    """
    return 0 < most <= answers.refused and answers.refused > answers.edited


def may_ask_too(answers: PromptAnswers, under_way: int, most: int) -> bool:
    """Tell whether one more edit of a prompt may be asked for while others are under way.

    Until its first answers are there, no more are asked for than may be refused.

    Example:
        >>> may_ask_too(PromptAnswers(), 2, 3), may_ask_too(PromptAnswers(), 3, 3)
        (True, False)
        >>> may_ask_too(PromptAnswers(edited=3), 60, 3)
        True
    """
    if answers.edited >= most:
        return True
    worst = PromptAnswers(edited=answers.edited, refused=answers.refused + under_way)
    return under_way == 0 or not is_given_up(worst, most)


def given_up(prompt: str, most: int) -> str:
    """Say that a prompt is not asked any more, and what to do."""
    flagged = flag_words(prompt)
    words = ", ".join(f"{found.instead!r} for {found.word!r}" for found in flagged)
    say = f"say {words}" if words else "reword it"
    return (
        f"{prompt!r} is not asked for any more photos: {most} of its first edits were refused, and "
        f"refusals can get the resource blocked; {say}, or set editor.max_refusals to 0 to ask all "
        "the same"
    )
