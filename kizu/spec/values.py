"""What no value of a spec may be, whatever field it is for."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from kizu.store.addresses import shown_url

MOST_DEPTH: Final = 24
"""Levels below each other; the deepest setting there is stands on level 5."""

MOST_VALUES: Final = 50_000
"""Values in all; ten for each of a thousand defects, and room."""

MOST_CHARACTERS: Final = 32_000
"""Length of one text; the longest prompt that any service takes."""

_LONGEST_SHOWN: Final = 80  # characters of a value or a name in a sentence

Place: TypeAlias = tuple[str | int, ...]
"""Where a value stands: names of settings, and numbers of list items."""


def dotted(place: tuple[object, ...]) -> str:
    """Return a place as sentences name it.

    Example:
        >>> dotted(("defects", 0, "prompt"))
        'defects.0.prompt'
    """
    return ".".join(shown_text(str(part)) for part in place)


def shown_text(text: str) -> str:
    """Return a text for a sentence: in one line, printable, not too long, without passwords.

    Example:
        >>> shown_text("bell " + chr(7)).isprintable()
        True
    """
    text = shown_url(text)
    short = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return short if short.isprintable() else repr(short)[1:-1]


def value_problems(fields: Any) -> list[str]:  # noqa: ANN401 - unchecked input
    """Return one sentence per value that no field can take; the first few of them.

    Args:
        fields: Fields as read from YAML, JSON or a form.
    """
    problems: list[str] = []
    for row, (place, value) in enumerate(_walk(fields, ())):
        if row >= MOST_VALUES:
            return [f"holds more than {MOST_VALUES:,} values; no spec has so many"]
        if len(place) > MOST_DEPTH:
            return [f"{dotted(place[:3])} has more than {MOST_DEPTH} levels below each other"]
        texts = [value] if isinstance(value, str) else []
        texts += [place[-1]] if place and isinstance(place[-1], str) else []
        problems += [f"{dotted(place)} {said}" for said in map(_text_problem, texts) if said]
    return problems[:_MOST_TOLD]


_MOST_TOLD: Final = 20
"""Sentences about values; more help nobody."""


def _walk(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:  # noqa: ANN401 - unchecked input
    """Yield all values with their places; one that nests too deeply is not gone into."""
    yield place, value
    if len(place) > MOST_DEPTH:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _walk(item, (*place, name))
    elif isinstance(value, list | tuple):
        for row, item in enumerate(value):
            yield from _walk(item, (*place, row))


def _text_problem(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        return f"has {len(text):,} characters; {MOST_CHARACTERS:,} are the most"
    odd = next((letter for letter in text if _is_control(letter)), None)
    return f"holds the control character U+{ord(odd):04X}; remove it" if odd else ""


def _is_control(letter: str) -> bool:
    """True for what no text has: control characters but tab and line ends, and lone surrogates."""
    return unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\t\n\r"
