"""The ledger: every paid call before it is made, and what came of it. Nothing is ever rewritten.

``ledger/calls/00000001.json`` is written before a call and ``ledger/ends/00000001.json`` after it.
Numbers have no gaps, and a number goes to whoever creates its file first, so all processes and
machines that share a store write one sequence: who writes call N has read all calls before N. That
order is what keeps budgets and quotas across workers without a lock. A call without an end is under
way, or its worker was killed; it counts as spent until somebody knows better.

What is in many of these files is written once more so that few need be read: ``ledger/snapshots``
holds sums up to a call, ``ledger/folded`` the lines of many calls. Both only repeat the lines,
which stay; where one is missing or damaged, the lines are read.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Lock
from typing import Any, Final, TypeAlias, TypeVar

from kizu.billing.totals import CallFinished, CallStarted, LedgerTotals
from kizu.store import DamagedFileError, Store, keyed

K = TypeVar("K")
T = TypeVar("T")

Entry: TypeAlias = tuple[int, CallStarted, CallFinished | None]
"""A call by its number, and what came of it."""

SNAPSHOT_EVERY: Final = 64
"""Calls from sums to sums: a worker that begins reads the lines of half as many on average, and the
sums of 50,000 calls are one listing."""

FOLD_EVERY: Final = 512
"""Calls in a file of folded lines, some 400 kB: 50,000 calls are a hundred files."""

_READERS: Final = 16
"""Files read at a time: on an object store that is waiting, not work."""

CALLS: Final = "ledger/calls"
ENDS: Final = "ledger/ends"
SNAPSHOTS: Final = "ledger/snapshots"
FOLDED: Final = "ledger/folded"

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
            self._books = totals = self._caught_up(self._books or self._last_snapshot())
            open_calls = list(totals.under_way)
            for number, end in zip(open_calls, _in_turn(self.find_end, open_calls), strict=True):
                if end is not None:
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

    def entries(self) -> Iterator[Entry]:
        """Yield all calls with what came of them, in order.

        Raises:
            LedgerDamagedError: A line cannot be read.
        """
        last = 0
        for fold in self._folds():
            lost = [number for number, _, end in fold if end is None]
            late = dict(zip(lost, _in_turn(self.find_end, lost), strict=True))
            for number, call, end in fold:
                yield number, call, end or late[number]
            last = fold[-1][0]
        yield from self._lines_after(last)

    def fold(self) -> None:
        """Write the lines of calls that are over once more, many to a file; see ``entries``.

        Calls stay out while one of theirs has no end, unless as many others came after them: its
        worker was killed, and an end that comes all the same is looked for by who reads.

        Raises:
            LedgerDamagedError: A line cannot be read.
        """
        totals, last = self.totals(), 0
        folded = {number for number, _ in self.store.list_numbered(FOLDED)}
        while last + FOLD_EVERY in folded:
            last += FOLD_EVERY
        while (left := totals.last - last) >= FOLD_EVERY:
            first, last = last + 1, last + FOLD_EVERY
            is_over = totals.under_way.keys().isdisjoint(range(first, last + 1))
            if not is_over and left < 2 * FOLD_EVERY:
                return
            lines = islice(self._lines_after(first - 1), FOLD_EVERY)
            told = [[call, end] for _, call, end in map(_as_json, lines)]
            self.store.create_json(_fold_path(last), {"first": first, "calls": told})

    def _folds(self) -> Iterator[list[Entry]]:
        """Yield folded lines in order, as far as they follow each other and can be read."""
        numbered = list(self.store.list_numbered(FOLDED))

        def read(path: str) -> list[Entry]:
            return self.store.read_json_as(path, _read_fold)

        last = 0
        try:
            for fold in _in_turn(read, [path for _, path in numbered]):
                if fold[0][0] != last + 1:
                    return
                yield fold
                last = fold[-1][0]
        except DamagedFileError as damage:
            logger.warning("%s; the lines are read instead", damage)

    def _lines_after(self, number: int) -> Iterator[Entry]:
        """Yield the calls after one with what came of them, from their own files."""
        calls = self._calls_after(number)
        while some := list(islice(calls, _READERS)):
            ends = _in_turn(self.find_end, [number for number, _ in some])
            yield from ((*call, end) for call, end in zip(some, ends, strict=True))

    def _calls_after(self, number: int) -> Iterator[tuple[int, CallStarted]]:
        """Yield the calls after one; the more there are, the more are read at a time."""
        first = number + 1
        while True:
            ahead = min(max(number + 1 - first, 1), _READERS)
            for found in _in_turn(self._find_call, range(number + 1, number + 1 + ahead)):
                if found is None:
                    return
                number += 1
                yield number, found

    def _caught_up(self, totals: LedgerTotals) -> LedgerTotals:
        """Return sums with all calls that were started since, or the last ones of another."""
        while True:
            added = 0
            for number, call in islice(self._calls_after(totals.last), SNAPSHOT_EVERY):
                totals.add(number, call)
                added += 1
            if added < SNAPSHOT_EVERY:
                return totals
            newer = self._last_snapshot(totals.last)
            totals = newer if newer.last > totals.last else totals

    def _write_snapshot(self) -> None:
        """Write the sums as they are now, so that nobody need read the calls before them."""
        totals = self.totals()
        with self._lock:
            last, sums = totals.last, totals.to_json()
        self.store.create_json(_snapshot_path(last), sums)

    def _last_snapshot(self, after: int = 0) -> LedgerTotals:
        """Return the last sums that can be read; what follows is added up from the lines.

        Args:
            after: Sums up to this call, or an earlier one, are of no use.
        """
        for number, path in reversed(list(self.store.list_numbered(SNAPSHOTS))):
            if number <= after:
                break
            try:
                return self.store.read_json_as(path, LedgerTotals.from_json)
            except DamagedFileError as damage:
                logger.warning("%s; the calls are added up anew", damage)
        return LedgerTotals()

    def _find_call(self, number: int) -> CallStarted | None:
        """Return a call; None if there is none of the number yet."""
        try:
            return self._line(_call_path(number), CallStarted.model_validate)
        except FileNotFoundError:
            return None

    def _line(self, path: str, read: Callable[[dict[str, Any]], T]) -> T:
        try:
            return self.store.read_json_as(path, read)
        except DamagedFileError as damage:
            raise LedgerDamagedError(damage.file, damage.why) from damage


def _in_turn(read: Callable[[K], T], keys: Sequence[K]) -> Iterator[T]:
    """Yield what is read of each key in their order, read some at a time; errors come in turn."""
    if len(keys) < 2:  # no threads for what happens before each purchase
        yield from map(read, keys)
        return
    with ThreadPoolExecutor(min(len(keys), _READERS)) as pool:
        yield from pool.map(read, keys)


def _as_json(entry: Entry) -> tuple[int, dict[str, Any], dict[str, Any] | None]:
    number, call, end = entry
    told = None if end is None else end.model_dump(mode="json")
    return number, call.model_dump(mode="json"), told


def _read_fold(value: dict[str, Any]) -> list[Entry]:
    """Read what ``Ledger.fold`` wrote."""
    calls = [
        (CallStarted.model_validate(call), end and CallFinished.model_validate(end))
        for call, end in value["calls"]
    ]
    if not calls:
        raise ValueError("it holds no call")
    return [(number, *each) for number, each in enumerate(calls, value["first"])]


def _cached_folder(dataset: str) -> str:
    return f"ledger/cached/{dataset}"


def cached_path(dataset: str, key: str) -> str:
    """Return where it is noted that a dataset uses an edit that another one paid for."""
    return f"{keyed(_cached_folder(dataset), key)}.json"


def _call_path(number: int) -> str:
    return f"{CALLS}/{number:08d}.json"


def _end_path(number: int) -> str:
    return f"{ENDS}/{number:08d}.json"


def _fold_path(number: int) -> str:
    return f"{FOLDED}/{number:08d}.json"


def _snapshot_path(number: int) -> str:
    return f"{SNAPSHOTS}/{number:08d}.json"
