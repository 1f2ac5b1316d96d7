"""Claims: of all who want to buy the same edit, one buys it and the others wait for the answer.

On a local disk a claim is a lock that the kernel drops when its process dies. On an object store it
is a file that only one can create, and whose owner rewrites it every few seconds; who sees it
unchanged for ``LEASE_S`` on his own clock takes over. Either way a killed buyer blocks nobody, and
no clock of one machine is compared with another's: one that is off changes nothing.

Who may pay twice, on an object store: a buyer that is frozen, or cannot reach the store, for longer
than ``LEASE_S`` while its call is under way, because another asks the same meanwhile. Right before
each call it looks whether it still holds the claim, so one that was frozen earlier pays nothing. At
most the calls under way are paid twice; the ledger counts both.
"""

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Final

from kizu.edit.editor import EditError
from kizu.store import DamagedFileError, Store, keyed

try:
    import fcntl
except ImportError:  # not on Windows, where leases do
    fcntl = None  # type: ignore[assignment] # the name stands for its absence

LEASE_S: Final = 30.0
_BEATS_PER_LEASE: Final = 5
_POLL_S: Final = 0.05
_LONGEST_POLL_S: Final = 1.0

EnsureHeld = Callable[[], None]
"""Raises an EditError if the claim was lost to another buyer."""


@contextmanager
def hold_lease(store: Store, key: str, is_done: Callable[[], bool]) -> Iterator[EnsureHeld]:
    """Hold the claim on an edit while the block runs; wait for it if another holds it.

    Args:
        store: The store the edit goes to.
        key: The edit's key.
        is_done: Asked while waiting; once true the block runs without a claim.

    Yields:
        A function to call right before paying.
    """
    folder = store.local_folder(keyed("edits", key)) if fcntl else None
    held = _Lease(store, key).hold(is_done) if folder is None else _lock(folder, is_done)
    with held as check:
        yield check


@contextmanager
def _lock(folder: Path, is_done: Callable[[], bool]) -> Iterator[EnsureHeld]:
    opened = os.open(folder, os.O_RDONLY)
    try:
        while not _try_lock(opened) and not is_done():
            time.sleep(_POLL_S)
        yield _never_lost
    finally:
        os.close(opened)


def _try_lock(opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _never_lost() -> None:
    """A kernel's lock is held until it is let go."""


class _Lease:
    """A claim on an object store: numbered files, of which the last one counts."""

    def __init__(self, store: Store, key: str, lease_s: float = LEASE_S) -> None:
        self._store = store
        self._folder = keyed("claims", key)
        self._lease_s = lease_s
        self._owner = uuid.uuid4().hex
        self._number = 0
        self._beats = 0
        self._seen: tuple[int, str, int] = (0, "", 0)
        self._seen_at_s = 0.0

    @contextmanager
    def hold(self, is_done: Callable[[], bool]) -> Iterator[EnsureHeld]:
        if not self._acquire(is_done):
            yield _never_lost
            return
        released = Event()
        beating = Thread(target=self._beat_until, args=(released,), daemon=True)
        beating.start()
        try:
            yield self._check
        finally:
            released.set()
            beating.join()
            with contextlib.suppress(OSError):  # the next one waits out the lease
                self._write(released=True)

    def _acquire(self, is_done: Callable[[], bool]) -> bool:
        """Wait for the claim, asking ever more rarely; False if the edit was there first."""
        number, pause_s = len(list(self._store.list(self._folder))), _POLL_S
        while not is_done():
            left_s = self._left_s(number)
            if left_s > 0:
                time.sleep(min(pause_s, left_s))
                pause_s = min(2 * pause_s, _LONGEST_POLL_S)
            elif self._store.create_json(self._path(number + 1), self._content()):
                self._number = number + 1
                return True
            else:
                number += 1
        return False

    def _left_s(self, number: int) -> float:
        """Seconds after which a claim whose owner stays silent is void; 0 once it is released."""
        if number == 0:
            return 0.0
        asked_at_s = time.monotonic()
        try:
            last = self._store.read_json(self._path(number))
        except (
            DamagedFileError
        ):  # its owner, if there still is one, writes it anew at the next beat
            last = {"released": False, "owner": "", "beats": 0}
        if last["released"]:
            return 0.0
        state = (number, str(last["owner"]), int(last["beats"]))
        if state != self._seen:
            self._seen, self._seen_at_s = state, time.monotonic()
        return self._seen_at_s + self._lease_s - asked_at_s

    def _check(self) -> None:
        if self._store.exists(self._path(self._number + 1)):
            raise EditError("another worker took this edit over; it will store the answer")

    def _beat_until(self, released: Event) -> None:
        while not released.wait(self._lease_s / _BEATS_PER_LEASE):
            self._beats += 1
            with contextlib.suppress(OSError):  # the next beat tries again
                self._write()

    def _write(self, *, released: bool = False) -> None:
        self._store.write_json(self._path(self._number), self._content(released=released))

    def _content(self, *, released: bool = False) -> dict[str, object]:
        return {"owner": self._owner, "beats": self._beats, "released": released}

    def _path(self, number: int) -> str:
        return f"{self._folder}/{number:06d}.json"
