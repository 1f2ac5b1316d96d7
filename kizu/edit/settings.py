"""Which editor makes the edits, and what it may do."""

from typing import Annotated, Literal

from pydantic import Field

from kizu.edit.gpt_image.settings import AzureSettings
from kizu.edit.names import EditorName
from kizu.edit.painter import DriftProfile
from kizu.imaging.geometry import Fit
from kizu.settings import Settings

__all__ = ["AzureSettings", "EditorName", "EditorSettings", "PainterSettings", "ReplaySettings"]


class PainterSettings(Settings):
    """The offline editor: free, needs no network, paints onto the user's own photo."""

    name: Literal[EditorName.PAINTER] = Field(
        EditorName.PAINTER, title="Editor", description="Paints defects offline, free of charge."
    )
    drift: DriftProfile = Field(
        DriftProfile.NONE,
        title="Imitated drift",
        description="Redraw the whole picture slightly, as the named gpt-image model does. "
        "'none' changes nothing outside the defect.",
    )
    fit: Fit = Field(
        "pad",
        title="Fit",
        description="'pad' sends the whole photo, 'crop' only its centre, when sizes differ.",
    )


class ReplaySettings(Settings):
    """Serves what the store already holds; a missing edit is a failure, never a purchase."""

    name: Literal[EditorName.REPLAY] = Field(
        title="Editor", description="Replays stored edits; makes none."
    )
    of: PainterSettings | AzureSettings = Field(
        default_factory=PainterSettings,
        title="Replay of",
        description="The editor, with its settings, that made the edits.",
    )


EditorSettings = Annotated[
    PainterSettings | AzureSettings | ReplaySettings, Field(discriminator="name")
]
