"""Tells whether files changed without reading them, as build tools do: by size and time, or ETag.

Of a local disk a file's mark is its size with the time of its last change, looked up when it is
asked for. Of an object store it is its ETag, and a whole room of the store (``stages/diff``) is
listed the first time that one of its files is asked for: a thousand files cost one request.

What a mark cannot tell is another content of the same size that was given the same time, and what
a disk loses without being written to; ``kizu repair`` reads everything.
"""

import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

from kizu.store.store import Store

GONE: Final = ""
"""The mark of a file that is not there."""

_SPREAD: Final = re.compile(r"(.*?)/[0-9a-f]{2}(?:/|$)")
"""The room of a file that lies under a key; see ``kizu.store.store.keyed``."""

_CONTENT_TAGS: Final = ("ETag", "etag")
"""What fsspec's file systems of S3 and Azure Blob call it."""

_TIMES: Final = ("mtime", "LastModified", "last_modified", "updated", "created")


class Marks:
    """The marks of a store's files, as they were when each was first asked for.

    Ask for a mark before reading a file: what changes in between is then seen the next time.
    """

    def __init__(self, store: Store) -> None:
        """Point at a store; nothing is looked up."""
        self._store = store
        self._root = store.local_root
        self._rooms: dict[str, dict[str, dict[str, str]]] = {}
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    def of(self, path: str) -> str:
        """Return a file's mark; ``GONE`` if it is not there.

        Args:
            path: The file, which lies under a key.
        """
        if self._root is None:
            return self._room(path).get(posixpath.dirname(path), {}).get(path, GONE)
        try:
            return status_mark(os.stat(f"{self._root}/{path}"))  # noqa: PTH116 - a Path costs more
        except (FileNotFoundError, NotADirectoryError):
            return GONE

    def below(self, folder: str) -> dict[str, str]:
        """Return the marks of the files right in a folder that lies under a key, by path."""
        if self._root is None:
            return dict(self._room(folder).get(folder, {}))
        try:
            with os.scandir(self._root / folder) as entries:
                return {f"{folder}/{each.name}": status_mark(each.stat()) for each in entries}
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def _room(self, path: str) -> Mapping[str, Mapping[str, str]]:
        """Return the marks of a room by folder and path; it is listed once."""
        room = room_of(path)
        with self._locks[room]:
            if room not in self._rooms:
                found: dict[str, dict[str, str]] = defaultdict(dict)
                for place, entry in self._store.entries(room).items():
                    found[posixpath.dirname(place)][place] = mark_of(entry)
                self._rooms[room] = found
        return self._rooms[room]


def room_of(path: str) -> str:
    """Return the part of a store that what lies under a key is in.

    Example:
        >>> room_of("stages/diff/ab/abcd/record.json"), room_of("decisions/ab/abcd")
        ('stages/diff', 'decisions')
    """
    found = _SPREAD.match(path)
    if found is None:
        raise ValueError(f"{path} lies under no key")
    return found[1]


def mark_of(entry: Mapping[str, Any]) -> str:
    """Return the mark of a file as fsspec lists it; ``GONE`` where nothing tells contents apart.

    Example:
        >>> mark_of({"size": 3, "ETag": '"9a"'}), mark_of({"size": 3})
        ('3 "9a"', '')
    """
    told = next((entry[name] for name in (*_CONTENT_TAGS, *_TIMES) if entry.get(name)), None)
    return GONE if told is None else f"{entry['size']} {told}"


def status_mark(status: os.stat_result) -> str:
    """Return the mark of a file of this machine."""
    return f"{status.st_size} {status.st_mtime_ns}"
