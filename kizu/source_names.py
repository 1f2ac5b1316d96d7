"""Finds a file by what people write for its name: folders and ending may be missing."""

import posixpath
import unicodedata
from collections.abc import Iterable
from typing import Final

_NOT_MEANT: Final = (False, 0, False, False)


class Names:
    """The files of a source, found by name."""

    def __init__(self, names: Iterable[str]) -> None:
        """Take the names: paths below the source, with forward slashes, in Unicode NFC."""
        self._by_end: dict[str, list[str]] = {}
        for name in names:
            for end in {posixpath.basename(name), posixpath.basename(stem_of(name))}:
                self._by_end.setdefault(end.strip().casefold(), []).append(name)

    def find(self, written: str) -> list[str]:
        """Return the files that are meant: the best ones, which are several if it is not clear.

        A path may be longer or shorter than the file's name, as long as one ends with the other;
        the ending may be missing.

        Example:
            >>> Names(["a/1.png", "b/1.png", "2.jpg"]).find("photos/b/1")
            ['b/1.png']
        """
        near = self._by_end.get(posixpath.basename(_plain(written)).casefold(), [])
        ranked = [(_nearness(name, written), name) for name in near]
        best = max((rank for rank, _ in ranked), default=_NOT_MEANT)
        return [] if best == _NOT_MEANT else [name for rank, name in ranked if rank == best]


def stem_of(name: str) -> str:
    """Return a file's path without its ending."""
    return posixpath.splitext(name)[0]


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/")).removeprefix("./")


def _nearness(name: str, written: str) -> tuple[bool, int, bool, bool]:
    """Tell how well a file's name is what was written; ``_NOT_MEANT`` if it is not.

    Returns:
        Whether it is the whole path, how many parts of the path agree, whether the ending does, and
        whether upper and lower case do: the first that differs decides.
    """
    found, wanted = _plain(name), _plain(written)
    for with_ending, candidate in ((True, found), (False, stem_of(found))):
        parts, asked = candidate.split("/"), wanted.split("/")
        shared = min(len(parts), len(asked))
        tails = parts[-shared:], asked[-shared:]
        if [part.casefold() for part in tails[0]] == [part.casefold() for part in tails[1]]:
            whole = len(parts) == len(asked)
            return whole, shared, with_ending, tails[0] == tails[1]
    return _NOT_MEANT
