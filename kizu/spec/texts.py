"""Texts a user writes: tidied, and refused where they cannot be used."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

_FORBIDDEN_IN_NAMES = frozenset('/\\:*?"<>|')


def _tidy(text: str) -> str:
    tidy = _trim(text)
    if not tidy:
        raise ValueError("is empty; write at least one word")
    return tidy


def _trim(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _folder_name(text: str) -> str:
    name = _tidy(text)
    bad = sorted(_FORBIDDEN_IN_NAMES & set(name))
    if bad or name.startswith(".") or not name.isprintable():
        what = f"contains {' '.join(bad)}" if bad else "starts with a dot or cannot be printed"
        raise ValueError(f"{what}; it names a folder, use letters, digits, - and _")
    return name


def name_after(source: str) -> str:
    """Return a dataset's name after a folder, pattern or URL.

    Example:
        >>> name_after("photos/line 2/*.jpg")
        'line-2'
    """
    parts = [part for part in re.split(r"[/\\]+", source) if part and not set(part) & set("*?[")]
    name = re.sub(r"[^\w.-]+", "-", parts[-1]).strip("-.") if parts else ""
    return name or "dataset"


Words = Annotated[str, AfterValidator(_tidy)]
WordsOrNone = Annotated[str, AfterValidator(_trim)]
"""Words that may be missing; empty then, because forms show that as one plain field."""
FolderName = Annotated[str, AfterValidator(_folder_name)]
