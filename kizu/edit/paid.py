"""What a paid editor is: it makes one call at a time and tells exactly what came of it.

It neither retries nor counts: that is done where the ledger is, so that nothing escapes it.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, Protocol

from kizu.edit.editor import CropPlanner, Edit, EditError
from kizu.edit.request import EditRequest
from kizu.imaging.arrays import Mask, RgbImage
from kizu.settings import Record

LEAST_LIMIT_PER_MINUTE: Final = 1.0
"""Quotas are whole numbers of calls; what a service tells below that is noise and would stop all
calls for hours."""

RequestBody = Mapping[str, Any]
"""What one call sends, encoded."""


@dataclass(frozen=True)
class EditorLimits:
    """What a purchase needs to know of a paid editor.

    Attributes:
        model: The model family.
        deployment: What the quota belongs to.
        calls_per_minute: The quota, as far as it is known before the first call.
        max_in_flight: Most calls at a time.
        max_attempts: Calls for one edit before it fails.
        max_wait_s: Longest pause the service may ask for.
        stop_after_failures: Edits that fail alike, one after the other, before no other is asked
            for.
        max_refusals: Refusals of a prompt, if they are the rule, before it is not asked any more;
            0 for any number.
        pictures_per_reply: Pictures that an answer holds, unfinished ones among them.
        host: The host that answers; empty where it is not known yet.
        emulated: True if that is the emulator, which bills nothing.
    """

    model: str
    deployment: str
    calls_per_minute: float
    max_in_flight: int
    max_attempts: int
    max_wait_s: float
    stop_after_failures: int = 3
    max_refusals: int = 3
    pictures_per_reply: int = 1
    host: str = ""
    emulated: bool = False


class Reply(Record):
    """A service's answer as it came, before anyone has looked at it.

    Attributes:
        body: The body, every byte of it; who shows any of it takes the key out first.
        billed_share: What is billed of the list price: 1, or less in a batch.
        is_base64: True if it is no UTF-8 text and so stands here as base64.
        latency_s: Seconds from sending to its end.
        request_id: The service's own name of the call.
        limit_per_minute: The quota as the service tells it.
        at: When it ended, in seconds since 1970.
        host: The host that answered.
        emulated: True if that was the emulator, which bills nothing.
    """

    body: str
    latency_s: float
    request_id: str | None
    limit_per_minute: float | None
    at: float
    host: str = ""
    emulated: bool = False
    is_base64: bool = False
    billed_share: float = 1.0

    @property
    def content(self) -> bytes:
        """The body as it came over the wire."""
        return base64.b64decode(self.body) if self.is_base64 else self.body.encode()


def body_fields(content: bytes) -> dict[str, Any]:
    """Return the fields of a reply that hold a body, whatever bytes it is of.

    Example:
        >>> body_fields(b"{}"), body_fields(bytes([255, 216]))
        ({'body': '{}'}, {'body': '/9g=', 'is_base64': True})
    """
    try:
        return {"body": content.decode()}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(content).decode(), "is_base64": True}


class FailureKind(StrEnum):
    """Why a call brought no answer, and so what to do."""

    REFUSED = "refused"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    INVALID = "invalid"
    STOP = "stop"
    STOP_RUN = "stop run"


@dataclass(frozen=True)
class CallFailure:
    """A call that brought no answer.

    Attributes:
        kind: "refused" by policy, never to be asked again; "rejected" unserved, to be asked again;
            "unknown" if it was perhaps served and billed; "invalid" if the request itself is
            wrong; "stop" and "stop run" if no other request would fare better.
        reason: One sentence with the way out.
        latency_s: Seconds until it failed.
        request_id: The service's own name of the call.
        hold_s: How long the service wants nothing of this deployment.
        wait_s: How long to wait before asking for this edit again.
        limit_per_minute: The quota as the service tells it.
        remains: What came of the body before it broke off.
        is_unreachable: True if no connection could be made.
        host: The host that answered, if one did.
        emulated: True if that was the emulator, which bills nothing.
        cause: A short name of what went wrong that is the same for every sample it happens to, such
            as "400 invalid_value"; empty where there is none.
    """

    kind: FailureKind
    reason: str
    latency_s: float = 0.0
    request_id: str | None = None
    hold_s: float = 0.0
    wait_s: float = 0.0
    limit_per_minute: float | None = None
    remains: bytes = b""
    is_unreachable: bool = False
    host: str = ""
    emulated: bool = False
    cause: str = ""


class BadReplyError(EditError):
    """A reply that is no edit; it is kept, and read again by every later build.

    Attributes:
        cost_usd: What it cost all the same; None where not known.
        usage: Tokens by kind, as billed.
    """

    def __init__(
        self, reason: str, cost_usd: float | None, usage: Mapping[str, int], cause: str = ""
    ) -> None:
        """Take why it is no edit and what it cost."""
        super().__init__(reason, cause=cause)
        self.cost_usd = cost_usd
        self.usage = dict(usage)


class RefusedReplyError(BadReplyError):
    """A reply that says, where an error was expected, that policy does not let the edit through."""


class PaidEditor(CropPlanner, Protocol):
    """Makes edits for money, one call at a time; who calls it counts and retries."""

    @property
    def is_paid(self) -> Literal[True]:
        """True: every call of it goes through the ledger."""
        ...

    @property
    def limits(self) -> EditorLimits:
        """What a purchase needs to know of it."""
        ...

    def check(self) -> None:
        """Raise StopEditingError if it has no way to reach or enter the service."""
        ...

    def close(self) -> None:
        """Hang up; the next call connects again."""
        ...

    def pack(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> RequestBody:
        """Encode what is sent, before the call gets its turn: calls must start on time.

        Args:
            request: What is asked for.
            picture: (H, W, 3) uint8 RGB, of a size it accepts.
            region: (H, W) bool, where the defect may be; None for anywhere.

        Raises:
            EditError: It is more than the service takes.
        """
        ...

    def call(self, packed: RequestBody) -> Reply | CallFailure:
        """Make one call and return whatever came of it."""
        ...

    def read(self, reply: Reply, request: EditRequest, sent: RgbImage) -> Edit:
        """Read an answer.

        Args:
            reply: What the service answered.
            request: What was asked for.
            sent: (H, W, 3) uint8 RGB, the picture that was sent.

        Raises:
            RefusedReplyError: It says that the request was refused.
            BadReplyError: There is no picture in it that can be used.
        """
        ...
