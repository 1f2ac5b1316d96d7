"""What files and folders of an export are called: names that every tool and file system takes.

A published sample is called as its photo, which may be in Japanese, or as long as a name can be.
Tools read names in their own ways: WebDataset ends a key at the first dot, OpenCV on Windows opens
no path beyond the system's code page, and MVTec AD's masks add an ending of five letters. So the
names in an export are of ASCII letters, digits, ``-`` and ``_``. A name that had to be changed ends
with a digest of the true one, which ``samples.csv`` names.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from kizu.publish.dataset import Sample
from kizu.spec import GOOD
from kizu.store.keys import sha256_hex

_MOST_LETTERS: Final = 120
"""Of a name; leaves room for the endings of all formats within 255 bytes, and within the 260 that a
whole path has on Windows."""
_DIGEST_DIGITS: Final = 8
"""As many as sample ids have: 32 bits."""
_SAFE: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{_MOST_LETTERS - 1}}}")
"""Names that start with a line are hidden from some readers, as from Hugging Face's."""


def safe_name(name: str) -> str:
    """Return a name of ASCII letters, digits, ``-`` and ``_``; distinct names stay distinct.

    Example:
        >>> safe_name("cup-01_crack_000_8342eae1")
        'cup-01_crack_000_8342eae1'
        >>> safe_name("カップ 01_crack"), safe_name("傷"), safe_name("v1.5 worn")
        ('01_crack-daa12948', '85612159', 'v1-5-worn-34a0a502')
    """
    if _SAFE.fullmatch(name):
        return name
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", ascii_only).strip("-_")
    digest = sha256_hex(name.encode())[:_DIGEST_DIGITS]
    return f"{readable[: _MOST_LETTERS - _DIGEST_DIGITS - 1]}-{digest}".strip("-")


def stem_of(sample: Sample) -> str:
    """Return what a sample's files are called in an export, without ending."""
    return safe_name(sample.sample_id)


def class_folders(classes: Iterable[str]) -> dict[str, str]:
    """Return the folder of every class; no two are the same where case does not count.

    Normal images are in ``good``, which no class is.

    Example:
        >>> class_folders(["Crack", "crack", "傷"])
        {'good': 'good', 'Crack': 'Crack', 'crack': 'crack-94f94c9c', '傷': '85612159'}
    """
    folders, taken = {GOOD: GOOD}, {GOOD}
    for name in classes:
        folder = safe_name(name)
        if folder.casefold() in taken:
            folder = f"{folder}-{sha256_hex(name.encode())[:_DIGEST_DIGITS]}"
        folders[name] = folder
        taken.add(folder.casefold())
    return folders
