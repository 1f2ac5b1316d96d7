"""Buys edits in batches: each is claimed, budgeted and in the ledger like a single one.

The order decides what a crash can cost. The calls are in the ledger, and which edits are in the
batch is in the store, before the service hears of it. The batch carries our name, so one whose
worker died before it could write down the service's name is found in the service's list; only when
it is in none, and long enough has passed for a call on its way to arrive, was it never started.
The answers are stored as they came and the edits completed from them, as of single calls. They
stay with the service for weeks, so what could not be stored is fetched again.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from kizu.billing.admission import CallGate
from kizu.billing.batch_records import (
    BatchEntry,
    BatchRecord,
    SentRecord,
    batch_of,
    enter_batch,
    find_sent,
    leave_batch,
    mark_sent,
    read_batch,
)
from kizu.billing.lease import EnsureHeld, hold_lease
from kizu.billing.purchase import EditJob, check_service, end_of, find_or_resume
from kizu.billing.totals import CallFinished, CallStatus
from kizu.edit.batched import (
    BatchAnswer,
    BatchGoneError,
    BatchingEditor,
    BatchLine,
    BatchRefusedError,
    BatchState,
    BatchUncertainError,
)
from kizu.edit.editor import EditError, EditPendingError, EditWaitsError, StopEditingError
from kizu.edit.paid import EditorLimits, FailureKind, Reply
from kizu.edit.storage import EditRecord, save_refusal, save_reply, sidecar_path
from kizu.store import DamagedFileError, Store

ARRIVES_WITHIN_S: Final = 120.0
"""A call that starts a batch has arrived or is lost after this: it carries some hundred bytes, and
services answer such calls or give up on them within a minute."""

MOST_LINE_BYTES: Final = 190_000_000
"""Bytes of all lines of a batch; the service takes 200 MB."""

POLL_S: Final = 30.0
"""Seconds between two looks at a batch, which takes minutes at least."""

UNPACED_PER_MINUTE: Final = 1e9
"""The lines of batches count against a quota of their own, which knows no calls per minute."""


@dataclass(frozen=True)
class BatchOrder:
    """One edit to be bought.

    Attributes:
        key: The edit's key.
        job: Returns what is sent; called while the edit is claimed.
    """

    key: str
    job: Callable[[], EditJob]


@dataclass
class _Prepared:
    """Lines that are about to be sent, with what the store will know of them."""

    lines: list[BatchLine] = field(default_factory=list)
    entries: dict[str, BatchEntry] = field(default_factory=dict)
    claims: list[EnsureHeld] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return sum(len(line.body) for line in self.lines)


def batch_limits(limits: EditorLimits) -> EditorLimits:
    """Return an editor's limits as they are for the lines of batches, which nobody paces."""
    deployment = f"{limits.deployment} (batch)"
    return replace(limits, deployment=deployment, calls_per_minute=UNPACED_PER_MINUTE)


class BatchPurchase:
    """Edits that are bought together; one object serves many threads."""

    def __init__(
        self,
        store: Store,
        gate: CallGate,
        editor: BatchingEditor,
        orders: Sequence[BatchOrder],
        poll_s: float = POLL_S,
    ) -> None:
        """Take what to buy; nothing happens before the first edit is asked for.

        Args:
            store: The store.
            gate: Admits the calls; of ``batch_limits``.
            editor: The editor.
            orders: The edits.
            poll_s: Seconds between two looks at a batch.
        """
        self._store = store
        self._gate = gate
        self._editor = editor
        self._orders = {order.key: order for order in orders}
        self._poll_s = poll_s
        self._lock = Lock()
        self._is_needed: bool | None = None
        self._is_begun = False
        self._failed: dict[str, Exception] = {}
        self._waiting: dict[str, Exception] = {}

    @property
    def is_needed(self) -> bool:
        """True if edits are to be bought in batches, or are in one already; looked up once."""
        with self._lock:
            if self._is_needed is None:
                wants = self._editor.wants_batches
                self._is_needed = wants or any(map(self._batch_of, self._orders))
            return self._is_needed

    def _batch_of(self, key: str) -> str | None:
        """Return the batch an edit is in; where nobody can tell, that is this edit's failure."""
        try:
            return batch_of(self._store, key)
        except DamagedFileError as damage:
            self._failed[key] = damage
            return None

    def obtain(self, key: str) -> EditRecord:
        """Return the record of an edit, buying all together when the first is asked for.

        Raises:
            EditPendingError: Its batch is under way.
            EditError: It could not be bought now.
            StopEditingError: Nor can any other.
        """
        with self._lock:
            if not self._is_begun:
                self._is_begun = True
                self._buy()
        problem = self._failed.get(key) or self._waiting.get(key)
        if problem and not self._is_done(key):
            raise problem
        with hold_lease(self._store, key, lambda: self._is_done(key)):
            job = self._orders[key].job()
            if record := find_or_resume(self._store, self._gate, self._editor, job):
                return record
        raise EditWaitsError("it was in no batch of this build; build again")

    def _is_done(self, key: str) -> bool:
        self._gate.raise_if_cancelled()
        return self._store.exists(sidecar_path(key))

    def _buy(self) -> None:
        """Take what earlier batches brought, send what is missing, and wait as long as is set."""
        try:
            until = time.monotonic() + self._editor.batch_wait_s
            self._settle()
            if self._editor.wants_batches and not self._is_stopped:
                self._send()
                while self._settle() and (left_s := until - time.monotonic()) > 0:
                    self._gate.pause(min(left_s, self._poll_s))
        except EditError as problem:  # the run was stopped
            self._waiting = dict.fromkeys(self._orders, problem)

    @property
    def _is_stopped(self) -> bool:
        return any(isinstance(told, StopEditingError) for told in self._waiting.values())

    def _settle(self) -> bool:
        """Collect the answers of batches that are over; return whether any is under way."""
        batches: dict[str, list[str]] = {}
        self._waiting = {}
        for key in self._orders:
            if batch_id := self._batch_of(key):
                batches.setdefault(batch_id, []).append(key)
        for batch_id, keys in batches.items():
            try:
                self._settle_batch(batch_id)
            except (EditError, DamagedFileError) as problem:
                self._waiting.update(dict.fromkeys(keys, problem))
        return any(isinstance(told, EditPendingError) for told in self._waiting.values())

    def _settle_batch(self, batch_id: str) -> None:
        try:
            record = read_batch(self._store, batch_id)
        except FileNotFoundError as error:
            raise EditError(
                f"it is in the batch {batch_id}, whose record is gone; `kizu repair --buy` has it "
                "bought again"
            ) from error
        limits = self._gate.limits
        if (record.host, record.emulated) != (limits.host, limits.emulated):
            raise EditPendingError(
                f"its batch is at {record.host}, and the endpoint names {limits.host}; name the "
                "former and build again"
            )
        try:
            state = self._state_of(record)
            if state is None:
                # who sends it holds the claims of its edits: once one is free, that is over
                first = min(record.entries)
                with hold_lease(self._store, first, lambda: self._is_done(first)):
                    state = self._state_of(record)
            if state is None:
                self._drop(
                    record, "its batch was never started", CallStatus.REJECTED, record.entries
                )
            elif state.is_over:
                self._collect(record, state)
            else:
                raise EditPendingError(_pending(state.due))
        except BatchGoneError as gone:
            self._give_up(record, f"its batch brought no answer to it: {gone}", record.entries)
        except BatchUncertainError as problem:
            raise EditPendingError(
                f"its batch could not be asked after ({problem}); build again"
            ) from problem
        except BatchRefusedError as problem:
            raise _as_edit_error(problem) from problem

    def _state_of(self, record: BatchRecord) -> BatchState | None:
        """Ask how a batch stands; None if the service never got it."""
        service = self._editor.batches
        if sent := find_sent(self._store, record.batch_id):
            return service.look(sent.service_id)
        if found := service.find(record.batch_id, record.prepared_at):
            self._mark_sent(record, found)
            return found
        if time.time() - record.prepared_at < ARRIVES_WITHIN_S:
            raise EditPendingError("its batch may be on its way yet; build again in some minutes")
        return None

    def _mark_sent(self, record: BatchRecord, state: BatchState) -> None:
        sent = SentRecord(service_id=state.service_id, due=state.due)
        mark_sent(self._store, record.batch_id, sent)

    def _collect(self, record: BatchRecord, state: BatchState) -> None:
        """Store the answers of a batch; who collects it too finds nothing left to do."""
        told = set()
        for answer in self._editor.batches.answers(state):
            if answer.key in record.entries:
                told.add(answer.key)
                self._take(record, answer)
        reason = f"its batch is {state.status}, without an answer to it"
        if state.problem:
            reason = f"{reason} ({state.problem})"
        if state.is_unserved:
            self._drop(record, reason, CallStatus.REJECTED, record.entries)
            raise StopEditingError(
                f"the service takes no such batch ({state.problem or state.status}); let "
                "editor.batch be false to buy edits one by one"
            )
        self._give_up(record, reason, set(record.entries) - told)

    def _give_up(self, record: BatchRecord, reason: str, keys: Iterable[str]) -> None:
        """Take edits out of a batch that may have been billed; the next build asks anew."""
        for key in self._drop(record, reason, CallStatus.UNKNOWN, keys):
            self._failed.setdefault(key, EditError(f"{reason}; build again", cause="batch"))

    def _take(self, record: BatchRecord, answer: BatchAnswer) -> None:
        key, came = answer.key, answer.answer
        entry = record.entries[key]
        with self._leaving(key, record) as is_in_it:
            if is_in_it and isinstance(came, Reply):
                save_reply(self._store, key, entry.number, came)
            elif is_in_it and not isinstance(came, Reply):
                self._gate.end(entry.number, end_of(came))
                if came.kind is FailureKind.REFUSED:
                    save_refusal(
                        self._store,
                        entry.request,
                        came.reason,
                        entry.geometry,
                        bought_for=record.dataset,
                        host=record.host,
                        emulated=record.emulated,
                    )
                else:
                    self._failed[key] = EditError(f"{came.reason}; build again", cause=came.cause)

    def _drop(
        self, record: BatchRecord, reason: str, status: CallStatus, keys: Iterable[str]
    ) -> list[str]:
        """Take edits out of a batch that brought nothing for them; return those that were in it."""
        dropped = []
        for key in keys:
            with self._leaving(key, record) as is_in_it:
                if is_in_it:
                    dropped.append(key)
                    end = CallFinished(status=status, reason=reason, at=time.time())
                    self._gate.end(record.entries[key].number, end)
        return dropped

    @contextmanager
    def _leaving(self, key: str, record: BatchRecord) -> Iterator[bool]:
        """Claim an edit and yield whether it is still in a batch; afterwards it is not."""
        with hold_lease(self._store, key, lambda: self._is_done(key)):
            is_in_it = batch_of(self._store, key) == record.batch_id
            yield is_in_it
            if is_in_it:
                leave_batch(self._store, key)

    def _send(self) -> None:
        """Send what nobody has asked for yet, as much as the budget allows."""
        prepared, keys = _Prepared(), sorted(self._orders)  # sorted: two shards never wait in turn
        with ExitStack() as claims:
            for index, key in enumerate(keys):
                try:
                    self._prepare(key, prepared, claims)
                    if prepared.bytes > MOST_LINE_BYTES:
                        full, prepared = prepared, _Prepared()
                        self._submit(full)
                except StopEditingError as stop:
                    self._failed.update(dict.fromkeys(keys[index:], stop))
                    break
                except Exception as problem:  # noqa: BLE001 - one edit's fault, raised as its own
                    self._failed[key] = problem
            if prepared.lines:
                with suppress(EditError):  # told to each of its edits
                    self._submit(prepared)

    def _prepare(self, key: str, prepared: _Prepared, claims: ExitStack) -> None:
        if key in self._failed or key in self._waiting or self._is_done(key):
            return
        check = claims.enter_context(hold_lease(self._store, key, lambda: self._is_done(key)))
        if self._is_done(key) or batch_of(self._store, key):
            return
        job = self._orders[key].job()
        if find_or_resume(self._store, self._gate, self._editor, job):
            return
        self._gate.check_prompt(job.prompt)
        self._editor.check()
        limits = self._gate.limits
        check_service(job.request, limits.host, emulated=limits.emulated)
        line = self._editor.batches.pack_line(job.request, job.picture, job.region)
        number = self._gate.admit(key, self._editor.most_usd(job.request, job.geometry.model))
        prepared.claims.append(check)
        prepared.lines.append(line)
        prepared.entries[key] = BatchEntry(
            number=number, request=job.request, geometry=job.geometry
        )

    def _submit(self, prepared: _Prepared) -> None:
        limits = self._gate.limits
        record = BatchRecord(
            batch_id=uuid.uuid4().hex,
            entries=prepared.entries,
            dataset=self._gate.dataset,
            prepared_at=time.time(),
            host=limits.host,
            emulated=limits.emulated,
        )
        enter_batch(self._store, record)
        try:
            for check in prepared.claims:
                check()
            state = self._editor.batches.submit(record.batch_id, prepared.lines)
        except BatchUncertainError:  # the next look finds it, or that it never arrived
            return
        except (BatchRefusedError, EditError) as problem:
            for key, entry in record.entries.items():
                reason = f"its batch was not taken: {problem}"
                end = CallFinished(status=CallStatus.REJECTED, reason=reason, at=time.time())
                self._gate.end(entry.number, end)
                leave_batch(self._store, key)
            told = _as_edit_error(problem)
            self._failed.update(dict.fromkeys(record.entries, told))
            raise told from problem
        self._mark_sent(record, state)


def _as_edit_error(problem: BatchRefusedError | EditError) -> EditError:
    if isinstance(problem, EditError):
        return problem
    sentence = str(problem)
    return EditWaitsError(sentence) if problem.is_passing else StopEditingError(sentence)


def _pending(due: float) -> str:
    until = datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"it waits for a batch; build again after {until}, when that is over at the latest"
