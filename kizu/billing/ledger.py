"""The ledger: every paid call before it is made, and what came of it. Nothing is ever rewritten.

``ledger/calls/00000001.json`` is written before a call and ``ledger/ends/00000001.json`` after it.
Numbers have no gaps, and a number goes to whoever creates its file first, so all processes and
machines that share a store write one sequence: who writes call N has read all calls before N. That
order is what keeps budgets and quotas across workers without a lock. A call without an end is under
way, or its worker was killed; it counts as spent until somebody knows better.
"""

import logging
import time
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any, Final, TypeVar

from kizu.billing.totals import CallFinished, CallStarted, LedgerTotals
from kizu.store import DamagedFileError, Store, keyed

T = TypeVar("T")

SNAPSHOT_EVERY: Final = 256

CALLS: Final = "ledger/calls"
ENDS: Final = "ledger/ends"
SNAPSHOTS: Final = "ledger/snapshots"

logger = logging.getLogger(__name__)


class LedgerDamagedError(DamagedFileError):
    """A line of the ledger cannot be read, so nobody knows what may still be spent."""

    def __str__(self) -> str:
        """Return what is wrong, and the way out."""
        return (
            f"{super().__str__()}; nothing is bought until the file is brought back from a copy, "
            "or 'kizu repair --buy' enters the call at the most it can have cost"
        )


class Ledger:
    """The ledger of a store; any number of threads, processes and machines may write it."""

    def __init__(self, store: Store) -> None:
        """Open the ledger; nothing is read or written."""
        self.store = store
        self._books: LedgerTotals | None = None
        self._lock = Lock()

    def totals(self) -> LedgerTotals:
        """Read what is new and return the sums.

        Raises:
            LedgerDamagedError: A line cannot be read.
        """
        with self._lock:
            totals = self._books or self._last_snapshot()
            self._books = totals
            while self.store.exists(_call_path(totals.last + 1)):
                totals.add(totals.last + 1, self._call(totals.last + 1))
            for number in list(totals.under_way):
                if end := self.find_end(number):
                    totals.end(number, end)
            return totals

    def append(self, number: int, call: CallStarted) -> bool:
        """Write a call under a number; False if another call took it first.

        Raises:
            LedgerDamagedError: The next number is taken and this one is not: a line is lost.
        """
        if self.store.exists(_call_path(number + 1)) and not self.store.exists(_call_path(number)):
            raise LedgerDamagedError(self.store.address(_call_path(number)), "it is missing")
        written = self.store.create_json(_call_path(number), call.model_dump(mode="json"))
        if written and number % SNAPSHOT_EVERY == 0:
            self._write_snapshot()
        return written

    def end(self, number: int, end: CallFinished) -> None:
        """Write what came of a call; the first end stays."""
        self.store.create_json(_end_path(number), end.model_dump(mode="json"))

    def note_cached(self, dataset: str, key: str, bought_for: str, *, emulated: bool) -> None:
        """Write down, once, that a dataset uses an edit that another one paid for."""
        path = cached_path(dataset, key)
        if not self.store.exists(path):
            note = {"key": key, "dataset": dataset, "bought_for": bought_for, "at": time.time()}
            self.store.create_json(path, {**note, "emulated": emulated})

    def cached(self, dataset: str) -> Iterator[dict[str, Any]]:
        """Yield the notes of a dataset's edits that another one paid for."""
        for path in self.store.list(_cached_folder(dataset)):
            try:
                yield self.store.read_json(path)
            except DamagedFileError as damage:
                logger.warning("%s; the next build notes it anew", damage)
                self.store.remove(path)

    def find_end(self, number: int) -> CallFinished | None:
        """Return what came of a call; None if that is not known yet.

        Raises:
            LedgerDamagedError: It cannot be read.
        """
        try:
            return self._line(_end_path(number), CallFinished.model_validate)
        except FileNotFoundError:
            return None

    def entries(self) -> Iterator[tuple[int, CallStarted, CallFinished | None]]:
        """Yield all calls with what came of them, in order."""
        number = 1
        while self.store.exists(_call_path(number)):
            yield number, self._call(number), self.find_end(number)
            number += 1

    def _write_snapshot(self) -> None:
        """Write the sums as they are now, so that nobody need read the calls before them."""
        totals = self.totals()
        with self._lock:
            last, sums = totals.last, totals.to_json()
        self.store.create_json(_snapshot_path(last), sums)

    def _last_snapshot(self) -> LedgerTotals:
        """Return the last sums that can be read; what follows is added up from the lines."""
        for path in reversed(list(self.store.list(SNAPSHOTS))):
            try:
                return self.store.read_json_as(path, LedgerTotals.from_json)
            except DamagedFileError as damage:
                logger.warning("%s; the calls are added up anew", damage)
        return LedgerTotals()

    def _call(self, number: int) -> CallStarted:
        return self._line(_call_path(number), CallStarted.model_validate)

    def _line(self, path: str, read: Callable[[dict[str, Any]], T]) -> T:
        try:
            return self.store.read_json_as(path, read)
        except DamagedFileError as damage:
            raise LedgerDamagedError(damage.file, damage.why) from damage


def _cached_folder(dataset: str) -> str:
    return f"ledger/cached/{dataset}"


def cached_path(dataset: str, key: str) -> str:
    """Return where it is noted that a dataset uses an edit that another one paid for."""
    return f"{keyed(_cached_folder(dataset), key)}.json"


def _call_path(number: int) -> str:
    return f"{CALLS}/{number:08d}.json"


def _end_path(number: int) -> str:
    return f"{ENDS}/{number:08d}.json"


def _snapshot_path(number: int) -> str:
    return f"{SNAPSHOTS}/{number:08d}.json"
