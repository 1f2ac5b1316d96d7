"""Buys an edit exactly once: one claim, one call at a time, and the answer on disk first.

The order decides what a crash can cost. The call is in the ledger before it is made; the answer is
in the store, as it came, before anyone looks at it; then the ledger learns what it cost; then the
edit is completed from the stored answer; then that is removed. Whoever comes next finds the first
step that is missing and goes on there. Only a worker that dies between the service's answer and the
first write loses money, and the ledger says so: the call stays there as "unknown".

An answer that is no edit stays in the store under its edit's key. Every later build reads it again,
for it may have learned to, and none buys the edit anew: who wants that says ``kizu repair --buy``.
"""

import math
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from kizu.billing.admission import CallGate
from kizu.billing.batch_records import batch_of
from kizu.billing.lease import EnsureHeld, hold_lease
from kizu.billing.ledger import LedgerDamagedError
from kizu.billing.totals import CallFinished, CallStatus
from kizu.edit.editor import Edit, EditError, EditPendingError, StopEditingError
from kizu.edit.paid import (
    BadReplyError,
    CallFailure,
    FailureKind,
    PaidEditor,
    RefusedReplyError,
    Reply,
    RequestBody,
)
from kizu.edit.request import EditRequest
from kizu.edit.storage import (
    EditDamagedError,
    EditRecord,
    check_has_record,
    drop_reply,
    find_edit,
    find_replies,
    reply_path,
    save_edit,
    save_refusal,
    save_reply,
    set_aside,
    sidecar_path,
)
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.geometry import Geometry
from kizu.store import Store, StoreUnreachableError, StoreUnwritableError

_UNKNOWNS_ALLOWED: Final = 1
_MOST_BYTES_PER_PX: Final = 4
"""Of a PNG with alpha that cannot be compressed."""

_BASE64: Final = 4 / 3
_RECORD_BYTES: Final = 1_048_576
"""Records, ledger entries and the JSON around a picture come to some kilobytes; a file system
takes whole blocks."""

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0

_STATUS: Final = {
    FailureKind.REFUSED: CallStatus.REFUSED,
    FailureKind.REJECTED: CallStatus.REJECTED,
    FailureKind.UNKNOWN: CallStatus.UNKNOWN,
    FailureKind.INVALID: CallStatus.REJECTED,
    FailureKind.STOP: CallStatus.REJECTED,
    FailureKind.STOP_RUN: CallStatus.REJECTED,
}


@dataclass(frozen=True, eq=False)
class EditJob:
    """What is sent.

    Attributes:
        request: What is asked for.
        picture: (H, W, 3) uint8 RGB.
        region: (H, W) bool, where the defect may be; None for anywhere.
        geometry: How the photo became the picture.
        prompt: What the user asked for, in words that edits of other photos share.
    """

    request: EditRequest
    picture: RgbImage
    region: Mask | None
    geometry: Geometry
    prompt: str = ""


def buy_edit(store: Store, gate: CallGate, editor: PaidEditor, job: EditJob) -> EditRecord:
    """Return the record of an edit, paying for it at most once among all workers.

    Raises:
        EditError: It could not be bought now.
        StopEditingError: Nor can any other.
    """
    return _Purchase(store, gate, editor, job).make()


def find_or_resume(
    store: Store, gate: CallGate, editor: PaidEditor, job: EditJob
) -> EditRecord | None:
    """Return the record of a claimed edit if nothing need be paid for it, else None.

    Raises:
        EditError: Its answer was paid for and cannot be used, or comes in a batch.
    """
    return _Purchase(store, gate, editor, job).find()


def check_service(request: EditRequest, host: str, *, emulated: bool) -> None:
    """Raise StopEditingError unless who answers is who the edit was planned for."""
    if emulated == request.emulated:
        return
    way_out = "let all machines' environments name the same endpoint and start a new build"
    if emulated:
        raise StopEditingError(f"{host} is the emulator, real edits were planned; {way_out}")
    raise StopEditingError(
        f"edits by the emulator were planned, and {host or 'the endpoint'} does not answer as "
        f"one; start it with 'kizu emulate-azure', or {way_out}"
    )


class _Purchase:
    """One edit on its way."""

    def __init__(self, store: Store, gate: CallGate, editor: PaidEditor, job: EditJob) -> None:
        self._store = store
        self._gate = gate
        self._editor = editor
        self._order = job
        self._key = job.request.key
        self._unknowns = 0

    def make(self) -> EditRecord:
        with hold_lease(self._store, self._key, self._is_done) as check:
            return self.find() or self._buy(check)

    def find(self) -> EditRecord | None:
        """Return what is there already, or can be completed from a stored answer."""
        damage: EditDamagedError | None = None
        try:
            if found := find_edit(self._store, self._key):
                return found
            check_has_record(self._store, self._key)
        except EditDamagedError as error:
            damage = error
        if batch_of(self._store, self._key):
            raise EditPendingError("it is in a batch, whose answer the next build takes")
        if resumed := self._resume():
            return resumed
        if damage:
            raise damage
        return None

    def _is_done(self) -> bool:
        self._gate.raise_if_cancelled()
        return self._store.exists(sidecar_path(self._key))

    def _resume(self) -> EditRecord | None:
        """Go on where a killed worker stopped: the claim tells that nobody else is at it."""
        self._gate.spare.take_back(self._key)
        record, paid_for = None, ""
        for number, reply in list(find_replies(self._store, self._key)):
            try:
                record = self._complete(number, reply)
            except BadReplyError as bad:
                paid_for = str(bad)
        self._end_lost_calls()
        if record is None and paid_for:
            raise EditError(
                f"an answer that could not be used was paid for: {paid_for}; "
                "`kizu repair --buy` buys it again"
            )
        return record

    def _end_lost_calls(self) -> None:
        """Enter the calls of killed workers as perhaps billed."""
        try:
            under_way = dict(self._gate.ledger.totals().under_way)
        except LedgerDamagedError:  # no call is admitted, and none entered as lost
            return
        for number, call in under_way.items():
            if call.key == self._key:
                reason = "its worker was stopped before the answer was stored"
                self._gate.end(number, _end(CallStatus.UNKNOWN, reason))

    def _buy(self, check: EnsureHeld) -> EditRecord:
        job, limits = self._order, self._gate.limits
        self._editor.check()
        check_service(job.request, limits.host, emulated=limits.emulated)
        packed = self._editor.pack(job.request, job.picture, job.region)
        with self._gate.turn(job.request.normal_sha256, job.prompt), _stopping_at_the_store():
            return self._ask(packed, check)

    def _ask(self, packed: RequestBody, check: EnsureHeld) -> EditRecord:
        """Call until there is an answer, or asking again is pointless."""
        for attempt in range(1, self._gate.limits.max_attempts + 1):
            answer, number = self._call(packed, check)
            if isinstance(answer, Reply):
                return self._complete(number, answer)
            if answer.kind is FailureKind.REFUSED:
                return self._save_refusal(answer.reason, 0.0)
            self._give_up_if_pointless(answer, attempt)
            self._gate.pause(max(answer.wait_s, _backoff_s(attempt)))
        raise AssertionError("the last attempt gives up")

    def _call(self, packed: RequestBody, check: EnsureHeld) -> tuple[Reply | CallFailure, int]:
        job = self._order
        most_usd = self._editor.most_usd(job.request, job.geometry.model)
        room = most_bytes(job.geometry.model, self._gate.limits.pictures_per_reply)
        with self._gate.slot():
            number = self._gate.admit(self._key, most_usd, room, job.prompt)
            self._check_held(number, check)
            answer = self._editor.call(packed)
        self._check_answer(number, answer)
        if isinstance(answer, Reply):
            self._keep(number, answer)
            return answer, number
        if answer.remains:
            set_aside(self._store, self._key, number, answer.remains)
        self._gate.end(number, end_of(answer))
        return answer, number

    def _check_held(self, number: int, check: EnsureHeld) -> None:
        """Refuse to pay if the claim was lost while the call waited for its turn."""
        try:
            check()
        except (EditError, OSError) as error:
            self._gate.end(number, _end(CallStatus.REJECTED, f"it was not sent: {error}"))
            raise

    def _keep(self, number: int, reply: Reply) -> None:
        """Store an answer as it came; if the store cannot take it, in a second place.

        Raises:
            StopEditingError: It is in the second place, or in none.
        """
        try:
            save_reply(self._store, self._key, number, reply)
        except OSError as error:
            try:
                place = self._gate.spare.keep(self._key, number, reply)
            except OSError:
                kept = f"the paid answer of call {number} found no place either and is lost"
            else:
                kept = f"paid answers are kept in {place}, where the next build here finds them"
            raise StopEditingError(f"{error}; {kept}", whole_run=True) from error

    def _check_answer(self, number: int, answer: Reply | CallFailure) -> None:
        """Refuse what the emulator answers in a service's place; it costs nothing."""
        if answer.emulated and not self._order.request.emulated:
            self._gate.end(number, _end(CallStatus.REJECTED, f"{answer.host} is the emulator"))
            check_service(self._order.request, answer.host, emulated=True)

    def _complete(self, number: int, reply: Reply) -> EditRecord:
        """Read a stored answer, enter it into the ledger and complete the edit."""
        try:
            edit = self._editor.read(reply, self._order.request, self._order.picture)
        except RefusedReplyError as refusal:
            self._gate.end(number, _bad_end(refusal, reply, CallStatus.REFUSED))
            record = self._save_refusal(str(refusal), refusal.cost_usd)
        except BadReplyError as bad:
            self._gate.end(number, _bad_end(bad, reply, CallStatus.FAILED))
            place = reply_path(self._key, number)
            raise BadReplyError(
                f"{bad}; the reply is kept in {place}", bad.cost_usd, bad.usage, bad.cause
            ) from None
        else:
            self._gate.end(number, _bought(edit, reply))
            request, geometry = self._order.request, self._order.geometry
            record = save_edit(self._store, request, edit, geometry, self._gate.dataset)
        drop_reply(self._store, self._key, number)
        return record

    def _save_refusal(self, reason: str, cost_usd: float | None) -> EditRecord:
        limits = self._gate.limits
        return save_refusal(
            self._store,
            self._order.request,
            reason,
            self._order.geometry,
            bought_for=self._gate.dataset,
            cost_usd=cost_usd,
            host=limits.host,
            emulated=limits.emulated,
        )

    def _give_up_if_pointless(self, failure: CallFailure, attempt: int) -> None:
        """Raise unless another attempt may fare better."""
        limits, cause = self._gate.limits, failure.cause
        wait_s = max(failure.hold_s, failure.wait_s)
        if failure.kind in (FailureKind.STOP, FailureKind.STOP_RUN):
            raise StopEditingError(failure.reason, whole_run=failure.kind is FailureKind.STOP_RUN)
        if wait_s > limits.max_wait_s:
            raise StopEditingError(
                f"the service asks to wait {wait_s:.0f} s, longer than editor.max_wait_s "
                f"({limits.max_wait_s:.0f} s); build again later"
            )
        if failure.kind is FailureKind.INVALID:
            raise EditError(failure.reason, cause=cause)
        if failure.kind is FailureKind.UNKNOWN:
            self._unknowns += 1
        if self._unknowns > _UNKNOWNS_ALLOWED or attempt == limits.max_attempts:
            if failure.is_unreachable:
                raise StopEditingError(failure.reason)
            raise EditError(f"given up after {attempt} calls: {failure.reason}", cause=cause)


def most_bytes(size: tuple[int, int], pictures: int) -> int:
    """Return the most that the store needs for an answer: as it came, its picture, its records.

    Args:
        size: (width, height) of the picture in pixels.
        pictures: Pictures in the answer, unfinished ones among them.

    Example:
        >>> most_bytes((1024, 1024), 1)
        10835286
    """
    picture = size[0] * size[1] * _MOST_BYTES_PER_PX
    return math.ceil(pictures * picture * _BASE64) + picture + _RECORD_BYTES


@contextmanager
def _stopping_at_the_store() -> Iterator[None]:
    """Stop everything once the store takes no more: that is not the edit's fault."""
    try:
        yield
    except (StoreUnwritableError, StoreUnreachableError) as error:
        raise StopEditingError(str(error), whole_run=True) from error


def _backoff_s(attempt: int) -> float:
    """Pause before the next attempt: doubling, with jitter so that workers do not march in step."""
    longest = min(_FIRST_PAUSE_S * 2.0 ** (attempt - 1), _LONGEST_PAUSE_S)
    return float(longest) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter guards nothing


def _bought(edit: Edit, reply: Reply) -> CallFinished:
    return CallFinished(
        status=CallStatus.BOUGHT,
        cost_usd=edit.cost_usd,
        usage=dict(edit.usage),
        latency_s=reply.latency_s,
        request_id=reply.request_id,
        at=reply.at,
        limit_per_minute=reply.limit_per_minute,
    )


def _bad_end(bad: BadReplyError, reply: Reply, status: CallStatus) -> CallFinished:
    return CallFinished(
        status=status,
        reason=str(bad),
        cost_usd=bad.cost_usd,
        usage=bad.usage,
        latency_s=reply.latency_s,
        request_id=reply.request_id,
        at=reply.at,
        limit_per_minute=reply.limit_per_minute,
    )


def end_of(failure: CallFailure) -> CallFinished:
    """Return what the ledger says of a call that brought no answer."""
    return CallFinished(
        status=_STATUS[failure.kind],
        reason=failure.reason,
        cost_usd=0.0 if failure.kind is FailureKind.REFUSED else None,
        latency_s=None if failure.is_unreachable else failure.latency_s,
        request_id=failure.request_id,
        at=time.time(),
        hold_s=failure.hold_s,
        limit_per_minute=failure.limit_per_minute,
    )


def _end(status: CallStatus, reason: str) -> CallFinished:
    return CallFinished(status=status, reason=reason, at=time.time())
