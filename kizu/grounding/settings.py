"""What a user may choose about text grounding."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from kizu.grounding.names import (
    DEFAULT_ANNOTATOR,
    NO_GROUNDING,
    parse_annotator_name,
    uses_demo_weights,
)
from kizu.grounding.registry import DEMO_NOTICE, DETECTORS
from kizu.settings import KeyedByContent, Operational, Settings

MOST_ANNOTATORS: Final = 6
"""Annotators of one build; the report has as many colours that can be told apart."""


class GroundingSettings(Settings):
    """Which system reads the phrases, and how strict it is."""

    annotator: str = Field(
        default=DEFAULT_ANNOTATOR,
        title="Annotator",
        description="System that finds the phrases: a detector, 'detector+segmenter', a system "
        "that does both (clipseg, sam3), or 'none' for no text grounding.",
    )
    detector_weights: Annotated[str | None, KeyedByContent()] = Field(
        default=None,
        title="Detector weights",
        description="Hub id or local folder of the detector, or of a system that does both; empty "
        "for the system's default.",
    )
    segmenter_weights: Annotated[str | None, KeyedByContent()] = Field(
        default=None,
        title="Segmenter weights",
        description="Hub id or local folder of the segmenter; empty for the system's default.",
    )
    box_threshold: float | None = Field(
        default=None,
        ge=0.0,
        le=1.0,
        title="Box threshold",
        description="Least confidence of a box; empty for the system's published default.",
    )
    phrase_threshold: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        title="Phrase threshold",
        description="Least mean score over all words of a phrase; keeps a box that matches one "
        "word ('long') from passing for the phrase ('long scratch').",
    )
    phrase_thresholds: dict[str, float] = Field(
        default_factory=dict,
        title="Thresholds by phrase",
        description="Box threshold of single phrases, where one defect needs another strictness.",
    )
    nms_iou: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        title="Overlap of duplicates",
        description="Of two boxes that overlap more than this (IoU), whatever their phrases, "
        "the more confident one stays.",
    )
    max_boxes: int = Field(
        default=20,
        ge=1,
        le=200,
        title="Most boxes",
        description="Most regions kept per image, the most confident first.",
    )
    max_area_fraction: float = Field(
        default=0.9,
        gt=0.0,
        le=1.0,
        title="Largest region",
        description="Boxes that cover more of the image than this are dropped: they name the "
        "product, not its defect.",
    )
    tile_px: int | None = Field(
        default=None,
        ge=64,
        title="Tile side (px)",
        description="Also search in overlapping square tiles of this side when the photo is "
        "larger; finds small defects in large photos at several times the cost.",
    )
    saliency: bool = Field(
        default=False,
        title="Judge by saliency",
        description="Lower the confidence of regions whose colours and textures are like much of "
        "the rest of the photo; helps on even surfaces, not on photos of many things.",
    )
    device: Annotated[Literal["auto", "cpu", "cuda"], Operational()] = Field(
        default="auto",
        title="Device",
        description="Where local models run; auto takes a GPU when there is one.",
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32",
        title="Precision",
        description="Arithmetic of local models' image encoders; the 16-bit ones are meant for "
        "GPUs. Boxes and masks are always computed in 32 bits.",
    )
    force_demo_weights: Annotated[bool, Operational()] = Field(
        default=False,
        title="Demonstration weights on paid edits",
        description="The demo-* systems know five words and synthetic defects only; with a paid "
        "editor they are refused unless this is set.",
    )
    endpoint: str | None = Field(
        default=None,
        title="Endpoint",
        description="URL of the Azure resource, for azure-vision and gpt-vision; of another host "
        "only if the worker allows it (KIZU_GROUNDING_ENDPOINTS).",
    )
    deployment: str | None = Field(
        default=None,
        title="Deployment",
        description="Name of the vision model's deployment, for gpt-vision.",
    )
    mmdet_python: Annotated[str | None, Operational()] = Field(
        default=None,
        title="MMDetection interpreter",
        description="Path of the python of an environment with MMDetection, for glip: one of those "
        "that the worker allows (KIZU_MMDET_PYTHON). Empty: the only one there.",
    )
    mmdet_config: Annotated[str | None, KeyedByContent()] = Field(
        default=None,
        title="MMDetection config",
        description="Path of the model's MMDetection config file, for glip, in a folder that the "
        "worker allows (KIZU_MMDET_MODELS).",
    )

    rivals: Annotated[bool | None, KeyedByContent()] = Field(
        default=None,
        title="Look for the other defects",
        description="Also look for the dataset's other defects in every edit: what is surer one of "
        "them is no sign of the asked one. One more call per edit; empty: on, but for services "
        "that bill.",
    )
    on_normal: Annotated[bool | None, KeyedByContent()] = Field(
        default=None,
        title="Look at the normal images",
        description="Also look for the phrases in the normal image: what is found there as well is "
        "no defect. One more call per normal image and defect; empty: on, but for services that "
        "bill.",
    )

    outlines: Annotated[bool, KeyedByContent()] = Field(
        default=False,
        title="Draw outlines anew",
        description="Have the annotator's segmenter draw the outline of the change anew, shown its "
        "box and points by the comparison with the normal image. It moves the published outline by "
        "a little and counts for nothing in the verdict, for it marks what it was shown.",
    )

    @property
    def asks_rivals(self) -> bool:
        """Whether the annotator looks for the dataset's other defects too."""
        return not _bills(self.annotator) if self.rivals is None else self.rivals

    @property
    def asks_on_normal(self) -> bool:
        """Whether the annotator looks at the normal image too."""
        return not _bills(self.annotator) if self.on_normal is None else self.on_normal

    @property
    def annotators(self) -> tuple[Self, ...]:
        """The annotators that these settings ask for; none for ``none``."""
        return () if self.annotator == NO_GROUNDING else (self,)

    @property
    def notice(self) -> str | None:
        """What a user should know of the annotator before trusting it."""
        return f"{self.annotator}: {DEMO_NOTICE}" if uses_demo_weights(self.annotator) else None

    @property
    def needs_forcing(self) -> bool:
        """Whether these settings are refused where edits cost money."""
        return uses_demo_weights(self.annotator) and not self.force_demo_weights

    @field_validator("annotator")
    @classmethod
    def _annotator_is_known(cls, name: str) -> str:
        parse_annotator_name(name)
        return name.replace(" ", "")

    @field_validator("phrase_thresholds")
    @classmethod
    def _thresholds_are_shares(cls, thresholds: dict[str, float]) -> dict[str, float]:
        for phrase, threshold in thresholds.items():
            if not 0.0 <= threshold <= 1.0:
                raise ValueError(f"{phrase!r} has {threshold}; give a value from 0 to 1")
        return thresholds

    @model_validator(mode="after")
    def _outlines_need_a_segmenter(self) -> Self:
        if self.outlines and parse_annotator_name(self.annotator).segmenter is None:
            raise ValueError(
                f"outlines: {self.annotator} has no segmenter; add one, as in grounding-dino+sam"
            )
        return self

    def threshold_of(self, phrase: str, default: float) -> float:
        """Return the least confidence of a box of this phrase.

        >>> GroundingSettings(phrase_thresholds={"a chip": 0.4}).threshold_of("a chip", 0.25)
        0.4
        """
        box_threshold = default if self.box_threshold is None else self.box_threshold
        return self.phrase_thresholds.get(phrase, box_threshold)


def _bills(annotator: str) -> bool:
    """Tell whether an annotator is a service that bills each call."""
    detector = DETECTORS.get(parse_annotator_name(annotator).detector or "")
    return detector is not None and bool(detector.key_variable)


def _by_name(item: object) -> object:
    """Return an annotator's settings; its name alone stands for its defaults."""
    return {"annotator": item} if isinstance(item, str) else item


class SeveralAnnotators(Settings):
    """Several systems, each looking on its own and each with settings of its own."""

    annotators: tuple[Annotated[GroundingSettings, BeforeValidator(_by_name)], ...] = Field(
        max_length=MOST_ANNOTATORS,
        title="Annotators",
        description="Systems that find the phrases, each by its name or with its own settings. A "
        "change is confirmed if one of them marks it; what each says is published.",
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_beside(cls, fields: Any) -> Any:  # noqa: ANN401 - unchecked input
        """Refuse settings beside the list: they are one annotator's."""
        given = fields if isinstance(fields, Mapping) else {}
        if "annotator" in given:
            raise ValueError("has both annotator and annotators; keep one of them")
        if odd := sorted(GroundingSettings.model_fields.keys() & given.keys()):
            raise ValueError(
                f"{', '.join(odd)} stands beside annotators; each annotator has settings of its "
                f"own, as in annotators: [{{annotator: clipseg, {odd[0]}: ...}}]"
            )
        return fields

    @field_validator("annotators")
    @classmethod
    def _distinct(cls, several: tuple[GroundingSettings, ...]) -> tuple[GroundingSettings, ...]:
        """Put annotators into one order, for the order in which they are written means nothing."""
        names = [each.annotator for each in several]
        if not names:
            raise ValueError("is empty; name an annotator, or write 'annotator: none' for none")
        if NO_GROUNDING in names and len(names) > 1:
            raise ValueError("'none' stands for no annotator at all; remove it, or the others")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)} appears twice; name each annotator once")
        return tuple(sorted(several, key=lambda each: each.annotator))


def _chosen(given: object) -> object:
    """Return the settings of one annotator or of several, by what is given.

    A name alone stands for that one with its defaults. A list of one is that one, so that it names
    the same dataset version.
    """
    given = _by_name(given)
    if isinstance(given, Mapping) and "annotators" in given:
        given = SeveralAnnotators.model_validate(given)
    elif not isinstance(given, Settings):
        given = GroundingSettings.model_validate(given)
    if isinstance(given, SeveralAnnotators) and len(given.annotators) == 1:
        return given.annotators[0]
    return given


GroundingChoice = Annotated[GroundingSettings | SeveralAnnotators, BeforeValidator(_chosen)]
"""Who looks for the phrases; both kinds list their ``annotators``."""
