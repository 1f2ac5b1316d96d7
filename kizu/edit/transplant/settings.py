"""The transplanting editor as a plug-in."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, Field, JsonValue

from kizu.edit.digital_source import DigitalSource
from kizu.edit.editor import Editor, SecretSource
from kizu.edit.local import FitSetting
from kizu.edit.request import DefectRequest, EditRequest
from kizu.edit.settings import EditorSettings
from kizu.real_defects import RealDefects, RealPicture, list_real_defects
from kizu.settings import KeyedByContent
from kizu.source_files import SourceError
from kizu.store.addresses import without_secrets
from kizu.store.keys import content_key
from kizu.versions import TRANSPLANT_VERSION

TRANSPLANT_MODEL: Final = f"transplant-{TRANSPLANT_VERSION}"
"""What the edits name as their model."""

_SETTING: Final = "editor.defects"
_MOST_NAMED: Final = 5  # pictures that cannot be used, each with its reason; more are counted


class TransplantSettings(EditorSettings):
    """Moves real defects that you have pictures and masks of onto your normal images."""

    digital_source: ClassVar[DigitalSource | None] = DigitalSource.CAPTURE_COMPOSITE

    name: Literal["transplant"] = Field(
        title="Editor",
        description="Moves your own real defects onto normal images, offline, free of charge.",
    )
    defects: Annotated[str, KeyedByContent(), AfterValidator(without_secrets)] = Field(
        min_length=1,
        title="Real defects",
        description="A folder with one subfolder per defect type, in it NAME.png with "
        "NAME_mask.png, white on the defect; or a folder in MVTec AD's layout; or its fsspec URL.",
    )
    fit: FitSetting = "pad"

    @property
    def needs_prompt(self) -> bool:
        """False: the pictures say what the defect looks like."""
        return False

    @property
    def model_name(self) -> str:
        """The transplants of this version."""
        return TRANSPLANT_MODEL

    @cached_property
    def sources(self) -> RealDefects:
        """The real defects, as they were when they were first asked for.

        Raises:
            SourceError: There are none.
        """
        return list_real_defects(self.defects, _SETTING)

    def with_paths(self, resolve: Callable[[str], str]) -> Self:
        """Return the settings with the place of the real defects resolved."""
        return type(self)(name=self.name, defects=resolve(self.defects), fit=self.fit)

    def identity(self, *, emulated: bool) -> dict[str, JsonValue]:  # noqa: ARG002 - the base's
        """Return all settings but the folder, and the version; the picture is in what is asked."""
        return {**self.shaping(), "version": TRANSPLANT_VERSION}

    def describe(self, defect: DefectRequest) -> dict[str, JsonValue]:
        """Return the picture and the mask of the defect to move, the region and the size.

        Raises:
            SourceError: There is no picture of the class.
        """
        source = _source_of(defect, self.sources.of(defect.defect_type, _SETTING))
        return {
            "source": source.name,
            "source_sha256": source.picture_sha256,
            "mask": source.mask_name,
            "mask_sha256": source.mask_sha256,
            "region": defect.region.model_dump(mode="json") if defect.region else None,
            "area": list(defect.area) if defect.area else None,
            "severity": defect.severity.value if defect.severity else None,
        }

    def real_defect(self, request: EditRequest) -> RealPicture:
        """Return the real defect to move, as ``describe`` named it."""
        source, mask, source_sha256, mask_sha256 = (
            str(request.ask[name]) for name in ("source", "mask", "source_sha256", "mask_sha256")
        )
        return RealPicture(source, mask, "", source_sha256, mask_sha256)

    def warnings(self, defects: Sequence[str], today: date) -> list[str]:  # noqa: ARG002 - the base's
        """Name the pictures of real defects that cannot be used."""
        try:
            reasons = [why for _, why in self.sources.unusable]
        except SourceError:
            return []  # the plan says so
        more = len(reasons) - _MOST_NAMED
        told = [f"{_SETTING}: left out: {why}" for why in reasons[:_MOST_NAMED]]
        return [*told, f"{_SETTING}: {more} more pictures are left out"] if more > 0 else told

    def make(self, secrets: SecretSource | None = None) -> Editor:  # noqa: ARG002 - the base's
        """Return the editor."""
        from kizu.edit.transplant.editor import TransplantEditor  # noqa: PLC0415 - when needed

        return TransplantEditor(self)


def _source_of(defect: DefectRequest, sources: Sequence[RealPicture]) -> RealPicture:
    """Choose the real defect for an edit: variants of one photo take turns.

    More pictures change only the edits that come to use them.
    """

    def rank(source: RealPicture) -> str:
        return content_key(
            "transplant",
            normal=defect.normal_sha256,
            seed=defect.seed,
            picture=source.picture_sha256,
            mask=source.mask_sha256,
        )

    return sorted(sources, key=rank)[defect.variant % len(sources)]
