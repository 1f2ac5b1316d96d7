"""What an editor is that takes many edits at a time, at a lower price, and answers within a day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from kizu.edit.paid import CallFailure, PaidEditor, Reply
from kizu.edit.request import EditRequest
from kizu.imaging.arrays import Mask, RgbImage


@dataclass(frozen=True)
class BatchLine:
    """One edit of a batch.

    Attributes:
        key: The edit's key, which names the line.
        body: The line's JSON, without a line break.
    """

    key: str
    body: bytes


@dataclass(frozen=True)
class BatchState:
    """A batch as the service tells of it.

    Attributes:
        service_id: The service's name of it.
        status: The service's word for how it stands.
        is_over: True if nothing more will come of it.
        is_unserved: True if the service took none of its lines.
        due: When it is over at the latest, in seconds since 1970.
        problem: What the service says is wrong with it; empty if nothing.
        files: The service's names of the files with its answers.
    """

    service_id: str
    status: str
    is_over: bool
    is_unserved: bool
    due: float
    problem: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class BatchAnswer:
    """What came of one line.

    Attributes:
        key: The edit's key.
        answer: The answer as a single call would have brought it.
    """

    key: str
    answer: Reply | CallFailure


class BatchService(Protocol):
    """The service's side of batches; every method makes calls, and none of them retries.

    Each raises BatchRefusedError if the service wants none of it, and BatchUncertainError if nobody
    knows what came of the call. Those that ask after a batch raise BatchGoneError if the service,
    which answers otherwise, has it or its answers no more.
    """

    def pack_line(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> BatchLine:
        """Encode one edit; arguments as of ``PaidEditor.pack``.

        Raises:
            EditError: It is more than the service takes.
        """
        ...

    def submit(self, batch_id: str, lines: Sequence[BatchLine]) -> BatchState:
        """Upload lines and start a batch that carries our name of it."""
        ...

    def find(self, batch_id: str, since: float) -> BatchState | None:
        """Look for a batch by our name of it; None if there is none.

        Args:
            batch_id: Our name.
            since: When it was started at the earliest, in seconds since 1970.
        """
        ...

    def look(self, service_id: str) -> BatchState:
        """Ask how a batch stands."""
        ...

    def answers(self, state: BatchState) -> Iterator[BatchAnswer]:
        """Yield what came of the lines of a batch that is over, as far as anything did."""
        ...


@runtime_checkable
class BatchingEditor(PaidEditor, Protocol):
    """A paid editor whose service takes batches."""

    @property
    def batches(self) -> BatchService:
        """Its batches."""
        ...

    @property
    def wants_batches(self) -> bool:
        """True if edits are to be bought in batches."""
        ...

    @property
    def batch_wait_s(self) -> float:
        """How long a build waits for a batch before it ends."""
        ...


class BatchRefusedError(Exception):
    """The service did not take a call of ours, and did nothing; the message says the way out.

    Attributes:
        is_passing: True if asking later may fare better.
    """

    def __init__(self, sentence: str, *, is_passing: bool = False) -> None:
        """Take why, and whether that passes."""
        super().__init__(sentence)
        self.is_passing = is_passing


class BatchGoneError(Exception):
    """The service has a batch, or its answers, no more; what it billed for it nobody knows."""


class BatchUncertainError(Exception):
    """Nobody knows whether the service did what a call of ours asked for."""
