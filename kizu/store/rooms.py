"""What a run knows of the files of an object store: each room is listed once, then kept up to date.

A room is a folder of the store (``stages/diff``, ``datasets/NAME/files``); a thousand of its files
are listed by one request. While ``kizu.store.remembering`` is open, what a room showed is kept, and
what this process writes and removes there is added. Other processes write too, so a file that is
not known here may be there all the same: who needs to know asks for it by its name
(``Store.find_sizes``) or has the room listed anew (``Marks.renewed``). What people write while a
run goes on is listed each time.
"""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, NamedTuple

GONE: Final = ""
"""The mark of a file that is not there, or whose store tells nothing to know contents by."""

PAGE: Final = 1000
"""Files that one request lists, on S3; on Azure Blob they are five times as many."""

_CONTENT_TAGS: Final = ("ETag", "etag")
"""What fsspec's file systems of S3 and Azure Blob call it."""

_TIMES: Final = ("mtime", "LastModified", "last_modified", "updated", "created")

_OTHERS_WRITE: Final = re.compile(r"decisions(?:/|$)")
"""Rooms that people write in at any time."""

_MOST_FILES: Final = 2**20
"""Of a room that is kept: at 360 bytes each they take some 380 MB of memory."""


class Listed(NamedTuple):
    """A file of a room.

    Attributes:
        size: In bytes.
        mark: See ``mark_of``; None of a file that this process wrote to a store that did not answer
            with its mark.
    """

    size: int
    mark: str | None


@dataclass
class Room:
    """The files of a room by path.

    Attributes:
        files: The files, as far as this process knows.
        listed_at: When they were listed, by the monotonic clock.
    """

    files: dict[str, Listed] = field(default_factory=dict)
    listed_at: float = field(default_factory=time.monotonic)


class Rooms:
    """The rooms that a run has listed, by the store's root and the folder."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: dict[tuple[str, str], Room] = {}
        self._under_way: dict[tuple[str, str], dict[str, Listed | None]] = {}
        self._listing: defaultdict[tuple[str, str], Lock] = defaultdict(Lock)
        self._lock = Lock()

    def find(self, root: str, folder: str, list_now: Callable[[], dict[str, Listed]]) -> Room:
        """Return a room; it is listed if it is not known.

        Args:
            root: The store's root.
            folder: The room.
            list_now: Lists it.
        """
        place = root, folder
        with self._listing[place]:
            with self._lock:
                if place in self._known:
                    return self._known[place]
                since = self._under_way[place] = {}
            room = Room()
            try:
                room.files = list_now()
            except BaseException:
                with self._lock:
                    del self._under_way[place]
                raise
            with self._lock:
                del self._under_way[place]
                for path, listed in since.items():  # the listing may not show it yet
                    _learn(room.files, path, listed)
                if len(room.files) <= _MOST_FILES and not _OTHERS_WRITE.match(folder):
                    self._known[place] = room
            return room

    def learn(self, root: str, path: str, listed: Listed | None) -> None:
        """Add a file that this process has written, or take away one that it removed.

        Args:
            root: The store's root.
            path: The file.
            listed: What is known of it; None if it was removed.
        """
        with self._lock:
            for (its_root, folder), room in self._known.items():
                if its_root == root and path.startswith(f"{folder}/"):
                    _learn(room.files, path, listed)
            for (its_root, folder), since in self._under_way.items():
                if its_root == root and path.startswith(f"{folder}/"):
                    since[path] = listed

    def forget(self, root: str = "", folder: str = "") -> None:
        """Have a room listed anew when it is next asked for; without arguments, all of them."""
        with self._lock:
            if root:
                self._known.pop((root, folder), None)
            else:
                self._known.clear()


def _learn(files: dict[str, Listed], path: str, listed: Listed | None) -> None:
    if listed is None:
        files.pop(path, None)
    else:
        files[path] = listed


def mark_of(entry: Mapping[str, Any]) -> str:
    """Return the mark of a file as fsspec lists it; ``GONE`` where nothing tells contents apart.

    Example:
        >>> mark_of({"size": 3, "ETag": '"9a"'}), mark_of({"size": 3})
        ('3 "9a"', '')
    """
    told = next((entry[name] for name in (*_CONTENT_TAGS, *_TIMES) if entry.get(name)), None)
    return GONE if told is None else f"{entry['size']} {told}"


def written_mark(size: int, answer: object) -> str | None:
    """Return the mark of a file that was just written; None where the store's answer has none.

    Example:
        >>> written_mark(3, {"ETag": '"9a"'}), written_mark(3, None)
        ('3 "9a"', None)
    """
    if not isinstance(answer, Mapping):
        return None
    tag = next((answer[name] for name in _CONTENT_TAGS if answer.get(name)), None)
    return None if tag is None else f"{size} {tag}"
