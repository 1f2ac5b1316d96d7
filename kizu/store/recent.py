"""Keeps what a run has just written to an object store, or read there, so as not to ask again.

The stages of a sample, its rows and its card read the same records and pictures one after the
other, and each time is a request. While ``remembering`` is open, files that hold the same for ever
(``stages/``, ``edits/``, ``normals/``, thumbnails, versions, cards, parts of plans) are kept in the
memory of the process, the last ones up to a bound, and so are the notes of a build that only save
work (``builds/photos``, ``builds/seen``). That a file is not there is never kept: another worker
may write it. What is damaged or lost meanwhile is seen by the next run, whose marks are
looked up anew.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from kizu.store.rooms import Rooms

_KEPT: Final = re.compile(
    r"(?:stages|edits|normals|datasets/[^/]+/[^/]+|reports/[^/]+/cards|thumbnails/[0-9a-f]{2})/"
    r"|builds/(?:files|inventory|groups|pairs|shards|outcomes|certifications|work|photos|seen)/"
)

_SMALL_BYTES: Final = 64 * 2**10
"""Records and masks: read most often, and a thousand of them take no more room than pictures."""

_MOST_BYTES: Final = 128 * 2**20
"""Of the small files, and of the others: records of some 20,000 samples, pictures of some 20."""


class _Shelf:
    """The last files that were used, up to so many bytes."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, path: str) -> bytes | None:
        with self._lock:
            if path in self._files:
                self._files.move_to_end(path)
            return self._files.get(path)

    def put(self, path: str, data: bytes) -> None:
        with self._lock:
            self._drop(path)
            self._files[path] = data
            self._bytes += len(data)
            while self._bytes > _MOST_BYTES:
                self._drop(next(iter(self._files)))

    def drop(self, path: str) -> None:
        with self._lock:
            self._drop(path)

    def _drop(self, path: str) -> None:
        self._bytes -= len(self._files.pop(path, b""))


class RecentFiles:
    """Files by their full paths, and the rooms that were listed.

    Attributes:
        rooms: What is known to be in the store.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._small, self._large = _Shelf(), _Shelf()
        self.rooms = Rooms()

    def get(self, full: str) -> bytes | None:
        """Return a file's bytes, if they are kept."""
        found = self._small.get(full)
        return self._large.get(full) if found is None else found

    def put(self, full: str, path: str, data: bytes) -> None:
        """Keep a file's bytes, if it is one that holds the same for ever."""
        self.drop(full)
        if _KEPT.match(path):
            (self._small if len(data) <= _SMALL_BYTES else self._large).put(full, data)

    def drop(self, full: str) -> None:
        """Forget a file."""
        self._small.drop(full)
        self._large.drop(full)


_open: list[RecentFiles] = []


def recent_files() -> RecentFiles | None:
    """Return what this process keeps; None while no run has it remember anything."""
    return _open[-1] if _open else None


@contextmanager
def remembering() -> Iterator[None]:
    """Let the stores of this process keep files while the block runs; runs at once share them.

    A run that begins knows nothing by what another one has listed: all rooms are listed anew.
    """
    kept = _open[-1] if _open else RecentFiles()
    kept.rooms.forget()
    _open.append(kept)
    try:
        yield
    finally:
        _open.remove(kept)
