"""Admits a paid call when quota, budget and the run allow it, and enters it in the ledger."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from threading import Condition, Lock
from typing import Final

from kizu.billing.budget import BudgetSpec, broken_cap
from kizu.billing.ledger import Ledger, LedgerDamagedError
from kizu.billing.rate_limit import booked_at, next_start, rate_per_minute, useful_concurrency
from kizu.billing.refusals import given_up, is_given_up, may_ask_too, prompt_name
from kizu.billing.spare import SpareReplies
from kizu.billing.totals import CallFinished, CallStarted, LedgerTotals, day_of, quota_name
from kizu.billing.trial import Asked, trial_of
from kizu.cancellation import CancelToken
from kizu.edit.editor import PromptGivenUpError, StopEditingError
from kizu.edit.paid import EditorLimits
from kizu.store.unwritable import in_words

_NAP_S: Final = 0.5
_LATENCY_MEMORY: Final = 0.8


class CallGate:
    """Admits one worker's calls; what it knows of other workers it reads in the ledger."""

    def __init__(
        self,
        ledger: Ledger,
        dataset: str,
        budget: BudgetSpec,
        limits: EditorLimits,
        cancel: CancelToken,
        *,
        is_only_prompt: bool = False,
    ) -> None:
        """Take who pays, and the limits.

        Args:
            ledger: The store's ledger.
            dataset: The dataset that pays.
            budget: Its caps.
            limits: The editor's limits.
            cancel: The run's cancellation.
            is_only_prompt: Whether all edits of the run have one prompt.
        """
        self.ledger = ledger
        self.dataset = dataset
        self.limits = limits
        self._budget = budget
        self._cancel = cancel
        self.spare = SpareReplies(ledger.store)
        self.ended: list[CallFinished] = []
        """What came of the calls that this gate admitted."""
        self._trial = trial_of(*cancel.run, is_only_prompt=is_only_prompt)
        self._quota = quota_name(limits.deployment, emulated=limits.emulated)
        self._turn = Lock()
        self._free = Condition()
        self._prompts_that_work: set[str] = set()
        self._under_way = 0
        self._latency_s: float | None = None

    def turn(self, photo: str, prompt: str) -> AbstractContextManager[None]:
        """Let an edit be asked for in the block, once it is clear that asking is not in vain.

        Args:
            photo: What names its photo.
            prompt: What names its prompt.

        Raises:
            EditWaitsError: Others of its photo or prompt have failed alike.
            StopEditingError: So have edits of all kinds, or the run was stopped.
        """
        most = self.limits.stop_after_failures
        return self._trial.turn(
            Asked(photo, prompt), most, self.raise_if_cancelled, partial(self._may_ask, prompt)
        )

    def check_prompt(self, prompt: str) -> None:
        """Raise PromptGivenUpError if a prompt is not asked any more."""
        if self.limits.max_refusals:
            with _stopping():
                self._check_prompt(prompt, self.ledger.totals())

    def _check_prompt(self, prompt: str, totals: LedgerTotals) -> None:
        most = self.limits.max_refusals
        if is_given_up(totals.answers(self._name_of(prompt)), most):
            raise PromptGivenUpError(given_up(prompt, most))

    def _may_ask(self, prompt: str, under_way: int) -> bool:
        """Tell whether an edit of a prompt may be asked for while others are under way."""
        most = self.limits.max_refusals
        if not most or not prompt or prompt in self._prompts_that_work:
            return True
        with _stopping():
            totals = self.ledger.totals()
        self._check_prompt(prompt, totals)
        answers = totals.answers(self._name_of(prompt))
        if answers.edited >= most:
            self._prompts_that_work.add(prompt)
        return may_ask_too(answers, under_way, most)

    def _name_of(self, prompt: str) -> str:
        return prompt_name(prompt, self.limits.model, emulated=self.limits.emulated)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a slot for a call under way while the block runs."""
        with self._free, _stopping():
            while self._under_way >= self._slots():
                self.raise_if_cancelled()
                self._free.wait(_NAP_S)
            self._under_way += 1
        try:
            yield
        finally:
            with self._free:
                self._under_way -= 1
                self._free.notify()

    def admit(self, key: str, most_usd: float | None, most_bytes: int = 0, prompt: str = "") -> int:
        """Wait for the quota, reserve money and room, and write the call down.

        Args:
            key: The edit's key.
            most_usd: Most the call can cost; None where the price is not known.
            most_bytes: Most that the store needs for the answer.
            prompt: The user's words.

        Returns:
            The call's number.

        Raises:
            PromptGivenUpError: The prompt is not asked any more.
            StopEditingError: The budget or the disk is used up, or the run was stopped.
        """
        with self._turn, _stopping():
            while True:
                self.raise_if_cancelled()
                totals, now = self.ledger.totals(), time.time()
                # first the number: should the ledger grow meanwhile, it is taken and refused
                number = totals.last + 1
                if sentence := self._broken_cap(totals, most_usd, now):
                    raise StopEditingError(sentence)
                self._check_prompt(prompt, totals)
                if sentence := self._lack_of_room(totals, most_bytes):
                    raise StopEditingError(sentence)
                quota = totals.of(self._quota)
                limits = self.limits
                due = next_start(quota, limits.calls_per_minute, now, limits.max_wait_s)
                if due > now:
                    time.sleep(min(due - now, _NAP_S))
                    continue
                call = self._call(key, most_usd, booked_at(due, now), prompt)
                if self.ledger.append(number, call):
                    return number

    def end(self, number: int, end: CallFinished) -> None:
        """Write down what came of a call."""
        self.ledger.end(number, end)
        self.ended.append(end)
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
            self.raise_if_cancelled()
            time.sleep(min(left, _NAP_S))

    def raise_if_cancelled(self) -> None:
        """Raise StopEditingError if the run was stopped."""
        if stop := self._cancel.reason():
            raise StopEditingError(stop.sentence, whole_run=stop.whole_run)

    def _broken_cap(self, totals: LedgerTotals, most_usd: float | None, now: float) -> str | None:
        return broken_cap(
            self._budget,
            totals.account(emulated=self.limits.emulated),
            dataset=self.dataset,
            day=day_of(now),
            model=self.limits.model,
            cost_usd=most_usd,
        )

    def _lack_of_room(self, totals: LedgerTotals, most_bytes: int) -> str:
        """Say that the answers to come may not fit on the store's disk; empty if they do."""
        calls = len(totals.under_way) + 1
        free = self.ledger.store.free_bytes()
        if free is None or free >= calls * most_bytes:
            return ""
        return (
            f"the disk of {self.ledger.store.url} has {in_words(free)} left, and {calls} answers "
            f"may need {in_words(calls * most_bytes)}; make room and build again to go on"
        )

    def _call(self, key: str, most_usd: float | None, now: float, prompt: str) -> CallStarted:
        return CallStarted(
            key=key,
            dataset=self.dataset,
            model=self.limits.model,
            deployment=self.limits.deployment,
            reserved_usd=most_usd,
            at=now,
            host=self.limits.host,
            emulated=self.limits.emulated,
            prompt=self._name_of(prompt),
        )

    def _slots(self) -> int:
        """Calls that may be under way: what quota and measured latency can use."""
        if self._latency_s is None:
            return self.limits.max_in_flight
        quota = self.ledger.totals().of(self._quota)
        rate = rate_per_minute(quota, self.limits.calls_per_minute, time.time())
        return min(self.limits.max_in_flight, useful_concurrency(rate, self._latency_s))


@contextmanager
def _stopping() -> Iterator[None]:
    """Stop buying where the ledger is damaged; all else of the run goes on.

    Raises:
        StopEditingError: It is.
    """
    try:
        yield
    except LedgerDamagedError as damage:
        raise StopEditingError(str(damage)) from damage
