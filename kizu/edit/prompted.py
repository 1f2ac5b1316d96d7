"""What editors that take a prompt share: its words, what of a photo is sent, words to avoid."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from pydantic import Field, JsonValue

from kizu.edit.content_filter import flag_words
from kizu.edit.cropping import Framing, crop_target, plan_crop
from kizu.edit.digital_source import DigitalSource
from kizu.edit.prompts import PROMPT_VERSION, Language, RegionForm, compose_prompt
from kizu.edit.regions import region_guide
from kizu.edit.request import DefectRequest, EditRequest
from kizu.edit.settings import EditorSettings
from kizu.imaging.arrays import Mask
from kizu.imaging.geometry import Geometry, SizeChoice
from kizu.store.keys import content_key, fraction_of


class PromptedSettings(EditorSettings):
    """Base of the settings of editors that are told in words what to do.

    Attributes:
        version: Changes when the same settings come to send another picture; then edits are
            bought anew.
    """

    digital_source: ClassVar[DigitalSource | None] = DigitalSource.MODEL

    version: ClassVar[str]

    framing: Framing = Field(
        "auto",
        title="Framing",
        description="'auto' sends a sharp window around the region of a large photo, 'whole' "
        "always the whole photo, scaled down.",
    )
    language: Language = Field(
        "en", title="Prompt language", description="Language of the words around your prompt."
    )

    @property
    @abstractmethod
    def sizes(self) -> SizeChoice:
        """Chooses among the picture sizes that may be sent."""

    @property
    def region_form(self) -> RegionForm:
        """How a region is sent beside its words."""
        return "mask"

    def identity(self, *, emulated: bool) -> dict[str, JsonValue]:
        """Return the settings that shape the picture, the editor's version and the prompts'."""
        return {
            **self.shaping(),
            "version": self.version,
            "prompts": PROMPT_VERSION,
            **({"emulated": True} if emulated else {}),
        }

    def describe(self, defect: DefectRequest) -> dict[str, JsonValue]:
        """Return the final prompt, the region, the area, and where a small defect goes."""
        guide, seed = region_guide(defect.region, None), placement_seed(defect)
        most = defect.area[1] if defect.area else None
        geometry = self._crop(defect.source, guide, most, seed)
        prompt = compose_prompt(
            defect, geometry, guide, language=self.language, region_form=self.region_form
        )
        return {
            "prompt": prompt,
            "region": defect.region.model_dump(mode="json") if defect.region else None,
            "area": list(defect.area) if defect.area else None,
            "draw": seed,
        }

    def sent_prompt(self, request: EditRequest) -> str:
        """Return the prompt as it will be sent."""
        return str(request.ask["prompt"])

    def plan_crop(
        self, request: EditRequest, source: tuple[int, int], guide: Mask | None
    ) -> Geometry:
        """Plan what of a photo is sent, as its prompt was written for.

        Args:
            request: What is asked for.
            source: (width, height) of the photo in pixels.
            guide: The region on a grid over the photo; None for anywhere.
        """
        area, seed = request.asked_area, request.ask.get("draw")
        most = area[1] if area else None
        return self._crop(source, guide, most, float(seed or 0.0))  # type: ignore[arg-type] # a number

    def warnings(self, defects: Sequence[str], today: date) -> list[str]:  # noqa: ARG002 - the base's
        """Name the words of the prompts that content filters may refuse."""
        return [
            f"defects.{index}: content filters may refuse {found.word!r}; say {found.instead!r} "
            "instead"
            for index, words in enumerate(defects)
            for found in flag_words(words)
        ]

    def _crop(
        self, source: tuple[int, int], guide: Mask | None, most: float | None, seed: float
    ) -> Geometry:
        return plan_crop(source, self.sizes, crop_target(source, guide, most, seed), self.framing)


def placement_seed(defect: DefectRequest) -> float:
    """Return where in its region a small defect goes, in [0, 1).

    Each variant has another place, and the same one for ever.
    """
    key = content_key(
        "place",
        normal=defect.normal_sha256,
        defect=defect.defect_type,
        variant=defect.variant,
        seed=defect.seed,
    )
    return round(fraction_of(key), 6)


def goes_onto_object(request: EditRequest) -> bool:
    """Tell whether a small defect was asked for: without a region it goes onto the object."""
    return "draw" in request.ask and request.asked_area is not None
