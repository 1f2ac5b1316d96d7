"""What an editor is, what it answers, and how one is loaded by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from kizu.arrays import Mask, RgbImage
from kizu.edit.request import EditRequest
from kizu.edit.settings import EditorName, EditorSettings, PainterSettings, ReplaySettings
from kizu.geometry import Fit, SizeRule


class EditError(RuntimeError):
    """An edit could not be made now; asking again may help."""


class EditRefusedError(EditError):
    """The editor will never make this edit, and says why; the refusal is kept."""


@dataclass(frozen=True, eq=False)
class Edit:
    """An editor's answer.

    Attributes:
        picture: The picture file as the editor returned it, in the size it was sent.
        model: The model that made it.
        truth: (H, W) bool, what was really painted; only the offline painter knows it, and only
            evaluation reads it.
        cost_usd: US dollars; None where the price is not known.
        usage: Tokens by kind, as billed.
        request_id: The service's own name of the call.
        bought_at: When, in ISO 8601 UTC; None for edits that cost nothing.
    """

    picture: bytes
    model: str
    truth: Mask | None = None
    cost_usd: float | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    request_id: str | None = None
    bought_at: str | None = None


class Editor(Protocol):
    """Makes edits. One object serves many threads."""

    @property
    def sizes(self) -> SizeRule:
        """The picture sizes it accepts."""
        ...

    @property
    def fit(self) -> Fit:
        """How photos are brought to these sizes."""
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


def load_editor(name: str, settings: EditorSettings | None = None) -> Editor:
    """Load an editor by name.

    Args:
        name: One of ``EDITORS``.
        settings: That editor's settings; its defaults where None.

    Raises:
        ValueError: No editor has that name, or the settings are another editor's.
    """
    if name not in EDITORS:
        raise ValueError(f"there is no editor {name!r}; choose one of {', '.join(EDITORS)}")
    if settings is not None and settings.name != name:
        raise ValueError(f"settings of '{settings.name}' given to the editor {name!r}")
    return EDITORS[name](settings)


def _painter(settings: EditorSettings | None) -> Editor:
    from kizu.edit.painter.editor import PainterEditor  # noqa: PLC0415 - loaded when asked for

    return PainterEditor(settings if isinstance(settings, PainterSettings) else PainterSettings())


def _replay(settings: EditorSettings | None) -> Editor:
    from kizu.edit.replay import ReplayEditor  # noqa: PLC0415 - loaded when asked for

    replayed = settings.of if isinstance(settings, ReplaySettings) else PainterSettings()
    return ReplayEditor(load_editor(replayed.name, replayed))


EDITORS: Final[Mapping[str, Callable[[EditorSettings | None], Editor]]] = {
    EditorName.PAINTER: _painter,
    EditorName.REPLAY: _replay,
}
