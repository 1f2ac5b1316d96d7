"""Cancellation: one worker finds that going on is pointless, and all workers of the run stop.

A person's Ctrl-C is one as well, for all that this process does.
"""

import contextlib
import time
from functools import lru_cache
from threading import Lock
from typing import Final

from kizu.settings import Record
from kizu.store import DamagedFileError, Store, keyed
from kizu.store.keys import sha256_hex

_LOOK_AGAIN_S: Final = 1.0


class Cancellation(Record):
    """Why a run stopped.

    Attributes:
        sentence: What happened, and the way out.
        whole_run: True if not only the stage but everything must stop.
    """

    sentence: str
    whole_run: bool = False


class _Known:
    """What a process knows of one run's cancellation."""

    def __init__(self) -> None:
        self.stop: Cancellation | None = None
        self.looked_at = -_LOOK_AGAIN_S
        self.lock = Lock()


RUNS_REMEMBERED: Final = 16
"""Runs of one process at a time; a worker has one, tests a few."""


@lru_cache(maxsize=RUNS_REMEMBERED)
def _known(run: tuple[str, str]) -> _Known:
    del run  # the cache tells runs apart by it
    return _Known()


class CancelToken:
    """The cancellation of one run; all its workers see it through the store.

    Those of one process see it at once, even if the store cannot be written.
    """

    def __init__(self, store: Store, run: str) -> None:
        """Point at a run.

        Args:
            store: The store that all workers see.
            run: Name of the run; a retry is another run.
        """
        self._store = store
        self._path = f"{keyed('builds/stops', sha256_hex(run.encode()))}.json"
        self._known = _known(self.run)

    @property
    def run(self) -> tuple[str, str]:
        """What names the run: the store, and the run in it."""
        return self._store.url, self._path

    def cancel(self, stop: Cancellation) -> None:
        """Stop the run; the first reason stays."""
        with self._known.lock:
            self._known.stop = self._known.stop or stop
        with contextlib.suppress(OSError):  # the others find out for themselves
            self._store.create_json(self._path, stop.model_dump())

    def reason(self) -> Cancellation | None:
        """Return why the run stopped; None while it goes on."""
        if _interruption is not None:
            return _interruption
        known = self._known
        with known.lock:
            if known.stop is None and time.monotonic() - known.looked_at >= _LOOK_AGAIN_S:
                known.looked_at = time.monotonic()
                known.stop = self._find()
            return known.stop

    def _find(self) -> Cancellation | None:
        """Return what is stored; the run was stopped as well where that is damaged."""
        try:
            return self._store.read_json_as(self._path, Cancellation.model_validate)
        except FileNotFoundError:
            return None
        except DamagedFileError as damage:
            return Cancellation(sentence=f"the run was stopped ({damage}); start it again")


_interruption: Cancellation | None = None


class InterruptedByUserError(RuntimeError):
    """Ctrl-C, or the same by another signal: nothing more was begun, and all is kept."""


def interrupt() -> bool:
    """Stop all that this process does, once what is under way has ended; False if it does so."""
    global _interruption  # noqa: PLW0603 - signals are the process's
    if _interruption is not None:
        return False
    _interruption = Cancellation(sentence="stopped by the user", whole_run=True)
    return True


def raise_if_interrupted() -> None:
    """Raise InterruptedByUserError if this process is to stop."""
    if _interruption is not None:
        raise InterruptedByUserError(_interruption.sentence)


def forget_interruption() -> None:
    """Let the process work again."""
    global _interruption  # noqa: PLW0603 - signals are the process's
    _interruption = None
