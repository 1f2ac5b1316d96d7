"""What a user may choose about text grounding."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from kizu.grounding.names import parse_annotator_name, uses_demo_weights
from kizu.grounding.registry import DEMO_NOTICE
from kizu.settings import KeyedByContent, Operational, Settings


class GroundingSettings(Settings):
    """Which system reads the phrases, and how strict it is."""

    annotator: str = Field(
        default="grounding-dino+sam",
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
        description="URL of the Azure resource, for azure-vision and gpt-vision.",
    )
    deployment: str | None = Field(
        default=None,
        title="Deployment",
        description="Name of the vision model's deployment, for gpt-vision.",
    )
    mmdet_python: Annotated[str | None, Operational()] = Field(
        default=None,
        title="MMDetection interpreter",
        description="Path of the python of an environment with MMDetection, for glip.",
    )
    mmdet_config: Annotated[str | None, KeyedByContent()] = Field(
        default=None,
        title="MMDetection config",
        description="Path of the model's MMDetection config file, for glip.",
    )

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

    def threshold_of(self, phrase: str, default: float) -> float:
        """Return the least confidence of a box of this phrase.

        >>> GroundingSettings(phrase_thresholds={"a chip": 0.4}).threshold_of("a chip", 0.25)
        0.4
        """
        box_threshold = default if self.box_threshold is None else self.box_threshold
        return self.phrase_thresholds.get(phrase, box_threshold)
