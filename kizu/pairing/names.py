"""Finds a file by what people write for its name: folders and ending may be missing."""

import posixpath
import unicodedata
from collections.abc import Iterable


class Names:
    """The files of a source, found by name."""

    def __init__(self, names: Iterable[str]) -> None:
        """Take the names: paths below the source, with forward slashes, in Unicode NFC."""
        self._by_end: dict[str, list[str]] = {}
        for name in names:
            for end in {posixpath.basename(name), posixpath.basename(stem_of(name))}:
                self._by_end.setdefault(end.casefold(), []).append(name)

    def find(self, written: str) -> list[str]:
        """Return the files that are meant: the best ones, which are several if it is not clear.

        A path may be longer or shorter than the file's name, as long as one ends with the other;
        the ending may be missing.

        Example:
            >>> Names(["a/1.png", "b/1.png", "2.jpg"]).find("photos/b/1")
            ['b/1.png']
        """
        wanted = _plain(written)
        near = self._by_end.get(posixpath.basename(wanted), [])
        for exact in (
            lambda name: name == wanted,
            lambda name: stem_of(name) == wanted,
            lambda name: _ends_with(name, wanted),
            lambda name: _ends_with(stem_of(name), wanted),
        ):
            if found := [name for name in near if exact(_plain(name))]:
                return found
        return []


def stem_of(name: str) -> str:
    """Return a file's path without its ending."""
    return posixpath.splitext(name)[0]


def _plain(name: str) -> str:
    return (
        unicodedata.normalize("NFC", name.strip().replace("\\", "/")).casefold().removeprefix("./")
    )


def _ends_with(name: str, wanted: str) -> bool:
    long, short = sorted((name, wanted), key=len, reverse=True)
    return f"/{long}".endswith(f"/{short}")
