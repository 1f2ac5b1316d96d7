"""What a user may choose about the comparison; everything else is measured on the pair itself."""

from typing import Annotated

from pydantic import ConfigDict, Field

from kizu.settings import Operational, Settings


class DiffSettings(Settings):
    """How much evidence a change needs, how small it may be, how much work is done."""

    model_config = ConfigDict(title="Difference mask")

    false_alarm_rate: float = Field(
        default=0.01,
        gt=0.0,
        le=0.5,
        title="False-alarm rate",
        description=(
            "Fraction of pairs without any real change that may still be marked. "
            "Smaller values ask for stronger evidence; larger ones find fainter defects."
        ),
    )
    min_visible_delta_e: float = Field(
        default=2.0,
        ge=0.5,
        le=20.0,
        title="Smallest visible change (delta E)",
        description=(
            "Broad changes weaker than this CIE 1976 colour difference are not defects, "
            "however certain they are; thin ones must be 2.5 times as strong."
        ),
    )
    min_area_px: int = Field(
        default=4,
        ge=1,
        title="Smallest region (px)",
        description="Changed regions with fewer pixels than this are dropped.",
    )
    max_work_megapixels: float = Field(
        default=2.5,
        ge=0.25,
        le=25.0,
        title="Working size (megapixels)",
        description=(
            "Larger images are compared at this size first, then looked at once more at full size "
            "for thin changes and exact outlines. Takes about 0.5 s and 110 MB per megapixel of "
            "this size, and 0.3 s and 15 MB per megapixel of the image."
        ),
    )
    threads: Annotated[int, Operational()] = Field(
        default=1,
        ge=1,
        le=64,
        title="Threads",
        description=(
            "Threads for one pair: in OpenCV, and for the tiles of large images at full size. "
            "The result does not depend on it."
        ),
    )
