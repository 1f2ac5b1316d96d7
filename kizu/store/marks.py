"""Tells whether files changed without reading them, as build tools do: by size and time, or ETag.

Of a local disk a file's mark is its size with the time of its last change, looked up when it is
asked for. Of an object store it is its ETag, and a whole room of the store (``stages/diff``) is
listed the first time that one of its files is asked for: a thousand files cost one request. A run
lists a room once and adds what it writes itself (``kizu.store.rooms``).

What a mark cannot tell is another content of the same size that was given the same time, and what
a disk loses without being written to; ``kizu repair`` reads everything.
"""

import os
import posixpath
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from threading import Lock
from typing import Final, Self

from kizu.store.rooms import GONE, Listed, Room
from kizu.store.store import Store

_SPREAD: Final = re.compile(r"(.*?)/[0-9a-f]{2}(?:/|$)")
"""The room of a file that lies under a key; see ``kizu.store.store.keyed``."""


class Marks:
    """The marks of a store's files, as this run knows them.

    Ask for a mark before reading a file: what changes in between is then seen the next time. A mark
    may be older than this object, where a run has listed the file's room before; so what another
    process has written since has none.
    """

    def __init__(self, store: Store) -> None:
        """Point at a store; nothing is looked up."""
        self._store = store
        self._root = store.local_root
        self._rooms: dict[str, Room] = {}
        self._folders: dict[str, dict[str, dict[str, str]]] = {}
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._began = time.monotonic()

    def of(self, path: str) -> str:
        """Return a file's mark; ``GONE`` if it is not there.

        Args:
            path: The file, which lies under a key.
        """
        if self._root is None:
            listed = self._room(room_of(path)).files.get(path)
            return GONE if listed is None else self._mark(path, listed)
        try:
            return status_mark(os.stat(f"{self._root}/{path}"))  # noqa: PTH116 - a Path costs more
        except (FileNotFoundError, NotADirectoryError):
            return GONE

    def below(self, folder: str) -> dict[str, str]:
        """Return the marks of the files right in a folder that lies under a key, by path."""
        if self._root is None:
            return dict(self._by_folder(room_of(folder)).get(folder, {}))
        try:
            with os.scandir(self._root / folder) as entries:
                return {f"{folder}/{each.name}": status_mark(each.stat()) for each in entries}
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def renewed(self) -> Self | None:
        """Return marks that know what others have written up to now; None if these do.

        What they tell is listed anew when it is asked for.
        """
        older = [name for name, room in self._rooms.items() if room.listed_at < self._began]
        for name in older:
            self._store.forget_room(name)
        return type(self)(self._store) if older else None

    def _mark(self, path: str, listed: Listed) -> str:
        return self._store.find_mark(path) if listed.mark is None else listed.mark

    def _room(self, name: str) -> Room:
        with self._locks[name]:
            if name not in self._rooms:
                self._rooms[name] = self._store.room(name)
        return self._rooms[name]

    def _by_folder(self, name: str) -> Mapping[str, Mapping[str, str]]:
        """Return the marks of a room by folder and path, as they are when first asked for."""
        room = self._room(name)
        with self._locks[name]:
            if name not in self._folders:
                found: dict[str, dict[str, str]] = defaultdict(dict)
                for path, listed in dict(room.files).items():
                    found[posixpath.dirname(path)][path] = self._mark(path, listed)
                self._folders[name] = found
        return self._folders[name]


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


def status_mark(status: os.stat_result) -> str:
    """Return the mark of a file of this machine."""
    return f"{status.st_size} {status.st_mtime_ns}"
