"""Markdown: tables, and text that is to be read as it is."""

from collections.abc import Iterable, Sequence
from typing import Final

_MEANT: Final = str.maketrans({sign: f"\\{sign}" for sign in "\\`*|[]"} | {"<": "&lt;", "\n": " "})


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already.

    Example:
        >>> print(table(("a", "b"), [("1", "2")]), end="")
        | a | b |
        | --- | --- |
        | 1 | 2 |
    """
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def plain(text: str) -> str:
    r"""Return a text for a table's cell in which no sign means anything.

    Example:
        >>> plain("photos/*.jpg | <b>")
        'photos/\\*.jpg \\| &lt;b>'
    """
    return text.translate(_MEANT)


def code(value: object) -> str:
    r"""Return a value as code for a table's cell; nothing for an empty text.

    Example:
        >>> code("a|b"), code("")
        ('`a\\|b`', '')
    """
    text = str(value).replace("|", "\\|")
    return f"`{text}`" if text else ""
