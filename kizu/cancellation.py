"""Cancellation: one worker finds that going on is pointless, and all workers of the run stop."""

import time
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


class CancelToken:
    """The cancellation of one run; all its workers see it through the store."""

    def __init__(self, store: Store, run: str) -> None:
        """Point at a run.

        Args:
            store: The store that all workers see.
            run: Name of the run; a retry is another run.
        """
        self._store = store
        self._path = f"{keyed('builds/stops', sha256_hex(run.encode()))}.json"
        self._stop: Cancellation | None = None
        self._looked_at = -_LOOK_AGAIN_S
        self._lock = Lock()

    def cancel(self, stop: Cancellation) -> None:
        """Stop the run; the first reason stays."""
        self._store.create_json(self._path, stop.model_dump())
        self._stop = stop

    def reason(self) -> Cancellation | None:
        """Return why the run stopped; None while it goes on."""
        with self._lock:
            if self._stop is None and time.monotonic() - self._looked_at >= _LOOK_AGAIN_S:
                self._looked_at = time.monotonic()
                self._stop = self._find()
            return self._stop

    def _find(self) -> Cancellation | None:
        """Return what is stored; the run was stopped as well where that is damaged."""
        try:
            return self._store.read_json_as(self._path, Cancellation.model_validate)
        except FileNotFoundError:
            return None
        except DamagedFileError as damage:
            return Cancellation(sentence=f"the run was stopped ({damage}); start it again")
