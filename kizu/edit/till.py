"""The till: lets a call through when quota, budget and stop sign allow it, and writes it down."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock
from typing import Final

from kizu.edit.books import Books, Call, End, day_of, quota_name
from kizu.edit.budget import BudgetSpec, broken_cap
from kizu.edit.editor import StopEditingError
from kizu.edit.ledger import Ledger
from kizu.edit.pacing import booked_at, next_start, rate_per_minute, useful_concurrency
from kizu.edit.paid import Terms
from kizu.stops import StopSign

_NAP_S: Final = 0.5
_LATENCY_MEMORY: Final = 0.8


class Till:
    """Where one worker pays; what it knows of the others it reads in the ledger."""

    def __init__(
        self, ledger: Ledger, dataset: str, budget: BudgetSpec, terms: Terms, sign: StopSign
    ) -> None:
        """Open the till.

        Args:
            ledger: The store's ledger.
            dataset: The dataset that pays.
            budget: Its caps.
            terms: The editor's terms.
            sign: The run's stop sign.
        """
        self.ledger = ledger
        self.dataset = dataset
        self.terms = terms
        self._budget = budget
        self._sign = sign
        self._quota = quota_name(terms.deployment, emulated=terms.emulated)
        self._turn = Lock()
        self._free = Condition()
        self._under_way = 0
        self._latency_s: float | None = None

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places for calls under way while the block runs."""
        with self._free:
            while self._under_way >= self._places():
                self.check_sign()
                self._free.wait(_NAP_S)
            self._under_way += 1
        try:
            yield
        finally:
            with self._free:
                self._under_way -= 1
                self._free.notify()

    def start(self, key: str, most_usd: float | None) -> int:
        """Wait for the quota, reserve the money and write the call down.

        Args:
            key: The edit's key.
            most_usd: Most the call can cost; None where the price is not known.

        Returns:
            The call's number.

        Raises:
            StopEditingError: The budget is used up, or the run was stopped.
        """
        with self._turn:
            while True:
                self.check_sign()
                books, now = self.ledger.books(), time.time()
                # first the number: should the books grow meanwhile, it is taken and refused
                number = books.last + 1
                if sentence := self._broken_cap(books, most_usd, now):
                    raise StopEditingError(sentence)
                traffic = books.of(self._quota)
                due = next_start(traffic, self.terms.calls_per_minute, now)
                if due > now:
                    time.sleep(min(due - now, _NAP_S))
                elif self.ledger.append(number, self._call(key, most_usd, booked_at(due, now))):
                    return number

    def end(self, number: int, end: End) -> None:
        """Write down what came of a call."""
        self.ledger.end(number, end)
        if end.latency_s is not None:
            with self._free:
                known = end.latency_s if self._latency_s is None else self._latency_s
                self._latency_s = _LATENCY_MEMORY * known + (1 - _LATENCY_MEMORY) * end.latency_s

    def note_found(self, key: str, bought_for: str, *, emulated: bool) -> None:
        """Write down that an edit another dataset paid for served this one too."""
        if bought_for not in ("", self.dataset):
            self.ledger.note_cached(self.dataset, key, bought_for, emulated=emulated)

    def pause(self, seconds: float) -> None:
        """Wait, unless the run is stopped.

        Raises:
            StopEditingError: It was.
        """
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check_sign()
            time.sleep(min(left, _NAP_S))

    def check_sign(self) -> None:
        """Raise StopEditingError if the run was stopped."""
        if stop := self._sign.see():
            raise StopEditingError(stop.sentence, whole_run=stop.whole_run)

    def _broken_cap(self, books: Books, most_usd: float | None, now: float) -> str | None:
        return broken_cap(
            self._budget,
            books.account(emulated=self.terms.emulated),
            dataset=self.dataset,
            day=day_of(now),
            model=self.terms.model,
            cost_usd=most_usd,
        )

    def _call(self, key: str, most_usd: float | None, now: float) -> Call:
        return Call(
            key=key,
            dataset=self.dataset,
            model=self.terms.model,
            deployment=self.terms.deployment,
            reserved_usd=most_usd,
            at=now,
            host=self.terms.host,
            emulated=self.terms.emulated,
        )

    def _places(self) -> int:
        """Calls that may be under way: what quota and measured latency can use."""
        if self._latency_s is None:
            return self.terms.max_in_flight
        traffic = self.ledger.books().of(self._quota)
        rate = rate_per_minute(traffic, self.terms.calls_per_minute, time.time())
        return min(self.terms.max_in_flight, useful_concurrency(rate, self._latency_s))
