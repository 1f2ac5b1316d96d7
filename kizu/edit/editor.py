"""What an editor is, what it answers, and how it fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from kizu.edit.request import EditRequest
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.geometry import Geometry

SecretSource = Callable[[str], str]
"""Returns the secret of a name, as a Prefect Secret block holds it."""


class EditError(RuntimeError):
    """An edit could not be made now; asking again may help.

    Attributes:
        cause: What other edits that fail for the same reason name alike; empty where the reason is
            this edit's own.
    """

    def __init__(self, sentence: str = "", *, cause: str = "") -> None:
        """Take the sentence, and what other edits that fail alike have in common with it."""
        super().__init__(sentence)
        self.cause = cause


class EditRefusedError(EditError):
    """The editor will never make this edit, and says why; the refusal is kept."""


class EditWaitsError(EditError):
    """An edit is not asked for in this run, for a reason that is not its own; a rerun asks."""


class PromptGivenUpError(EditWaitsError):
    """The edit's prompt was refused so often that it is not asked for until it reads otherwise."""


class EditPendingError(EditWaitsError):
    """An edit is asked for and its answer will come later; a rerun takes it."""


class StopEditingError(EditError):
    """No edit can be made until a person does something; the message says what.

    Attributes:
        whole_run: True if nothing else of the run may go on either.
    """

    def __init__(self, sentence: str, *, whole_run: bool = False) -> None:
        """Take the sentence that the run ends with."""
        super().__init__(sentence)
        self.whole_run = whole_run


@dataclass(frozen=True, eq=False)
class Edit:
    """An editor's answer.

    Attributes:
        picture: The picture file, in the size that was sent: as the editor returned it wherever it
            can be used as it is.
        model: The model that made it.
        truth: (H, W) bool, what was really painted; only the offline painter knows it, and only
            evaluation reads it.
        cost_usd: US dollars; None where the price is not known.
        usage: Tokens by kind, as billed.
        request_id: The service's own name of the call.
        bought_at: When, in ISO 8601 UTC; None for edits that cost nothing.
        latency_s: How long the service took; None for edits that cost nothing.
        host: The host that answered; empty for edits made on this machine.
        emulated: True if that was the emulator, which bills nothing.
        note: What was done to the picture to make it the one that was asked for; empty for nothing.
    """

    picture: bytes
    model: str
    truth: Mask | None = None
    cost_usd: float | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    request_id: str | None = None
    bought_at: str | None = None
    latency_s: float | None = None
    host: str = ""
    emulated: bool = False
    note: str = ""


class CropPlanner(Protocol):
    """Says what of a photo an editor gets to see, and what an edit of it can cost."""

    def plan_crop(
        self, request: EditRequest, source: tuple[int, int], guide: Mask | None
    ) -> Geometry:
        """Plan the way from a photo to the picture that is sent.

        Args:
            request: What is asked for.
            source: (width, height) of the photo in pixels.
            guide: (H, W) bool, the region on any grid over the photo; None for anywhere.
        """
        ...

    def most_usd(self, request: EditRequest, size: tuple[int, int]) -> float | None:
        """Return the most one call can cost.

        Args:
            request: What is asked for.
            size: (width, height) of the picture that is sent.

        Returns:
            US dollars; None where the price is not known, which no budget in dollars lets pass.
        """
        ...


class Editor(CropPlanner, Protocol):
    """Makes edits free of charge. One object serves many threads."""

    @property
    def is_paid(self) -> Literal[False]:
        """False: nothing of it needs the ledger."""
        ...

    def edit(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> Edit:
        """Make one edit.

        Args:
            request: What is asked for.
            picture: (H, W, 3) uint8 RGB, of a size it accepts.
            region: (H, W) bool, where the defect may be; None for anywhere.

        Raises:
            EditRefusedError: It will never make this edit.
            EditError: It could not make it now.
        """
        ...
