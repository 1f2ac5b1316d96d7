"""Texts a user writes: tidied, and refused where they cannot be used."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator

_FORBIDDEN_IN_NAMES = frozenset('/\\:*?"<>|')


def _tidy(text: str) -> str:
    tidy = unicodedata.normalize("NFC", text).strip()
    if not tidy:
        raise ValueError("is empty; write at least one word")
    return tidy


def _folder_name(text: str) -> str:
    name = _tidy(text)
    bad = sorted(_FORBIDDEN_IN_NAMES & set(name))
    if bad or name.startswith(".") or not name.isprintable():
        what = f"contains {' '.join(bad)}" if bad else "starts with a dot or cannot be printed"
        raise ValueError(f"{what}; it names a folder, use letters, digits, - and _")
    return name


Words = Annotated[str, AfterValidator(_tidy)]
FolderName = Annotated[str, AfterValidator(_folder_name)]
