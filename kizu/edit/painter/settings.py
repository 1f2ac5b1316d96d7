"""The offline editor as a plug-in."""

from functools import lru_cache
from typing import ClassVar, Final, Literal

from pydantic import Field, JsonValue

from kizu.edit.digital_source import DigitalSource
from kizu.edit.editor import Editor, SecretSource
from kizu.edit.local import FitSetting
from kizu.edit.painter.drift import DriftProfile
from kizu.edit.painter.kinds import DefectKind, is_branched, kind_from_prompt
from kizu.edit.request import DefectRequest
from kizu.edit.settings import EditorSettings
from kizu.versions import PAINTER_VERSION

PAINTER_MODEL: Final = f"painter-{PAINTER_VERSION}"
"""What the painter's edits name as their model."""


class PainterSettings(EditorSettings):
    """The offline editor: free, needs no network, paints onto the user's own photo."""

    digital_source: ClassVar[DigitalSource | None] = DigitalSource.DRAWN_COMPOSITE

    name: Literal["painter"] = Field(
        "painter", title="Editor", description="Paints defects offline, free of charge."
    )
    drift: DriftProfile = Field(
        DriftProfile.NONE,
        title="Imitated drift",
        description="Redraw the whole picture slightly, as the named gpt-image model does. "
        "'none' changes nothing outside the defect.",
    )
    fit: FitSetting = "pad"

    @property
    def model_name(self) -> str:
        """The painter of this version."""
        return PAINTER_MODEL

    def identity(self, *, emulated: bool) -> dict[str, JsonValue]:  # noqa: ARG002 - the base's
        """Return all settings, and the painter's version."""
        return {**self.shaping(), "version": PAINTER_VERSION}

    def describe(self, defect: DefectRequest) -> dict[str, JsonValue]:
        """Return the kind of defect to paint, its region and its size.

        Raises:
            ValueError: Neither the prompt nor the defect type names a kind it can paint.
        """
        kind = _painted_kind(defect.prompt, defect.defect_type)
        is_crack = kind is DefectKind.CRACK
        return {
            "prompt": defect.wording,
            "region": defect.region.model_dump(mode="json") if defect.region else None,
            "kind": kind.value,
            **({"branched": is_branched(defect.wording)} if is_crack else {}),
            "area": list(defect.area) if defect.area else None,
            "severity": defect.severity.value if defect.severity else None,
        }

    def make(self, secrets: SecretSource | None = None) -> Editor:  # noqa: ARG002 - the base's
        """Return the painter."""
        from kizu.edit.painter.editor import PainterEditor  # noqa: PLC0415 - loaded when needed

        return PainterEditor(self.drift, self.fit)


@lru_cache(maxsize=256)
def _painted_kind(prompt: str, defect_type: str) -> DefectKind:
    """Read the kind in the prompt, or else in the defect type."""
    try:
        return kind_from_prompt(prompt)
    except ValueError as error:
        try:
            return kind_from_prompt(defect_type.replace("_", " "))
        except ValueError:
            raise error from None
