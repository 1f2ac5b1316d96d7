"""When two annotations count as agreeing, and how large a defect may be."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kizu.settings import Operational, Settings


class AreaRange(Settings):
    """How much of the image a defect covers."""

    min_fraction: float = Field(
        0.0001,
        ge=0,
        le=1,
        title="Smallest",
        description="Fraction of the image's area: 0.0001 is 0.01 %.",
    )
    max_fraction: float = Field(
        0.25, gt=0, le=1, title="Largest", description="Fraction of the image's area: 0.25 is 25 %."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_fraction >= self.max_fraction:
            raise ValueError(
                f"min_fraction {self.min_fraction} is not below max_fraction {self.max_fraction}"
            )
        return self


class AgreementSettings(Settings):
    """Thresholds of the comparison between the diff mask and the text-grounded one."""

    min_mask_iou: float = Field(
        0.4,
        ge=0,
        le=1,
        title="Smallest mask IoU",
        description="Diff mask and grounded mask mark the same place if they overlap this much.",
    )
    min_box_iou: float = Field(
        0.5,
        ge=0,
        le=1,
        title="Smallest box IoU",
        description="They also do if the boxes around them overlap this much and most of the diff "
        "mask lies in the grounded one. Thin defects pass here, whose mask IoU is always low.",
    )
    min_outline_iou: float = Field(
        0.5,
        ge=0,
        le=1,
        title="Smallest mask IoU of a sure outline",
        description="Two masks that overlap this much confirm each other's outline, so that the "
        "change need not be sharp.",
    )
    max_outside_fraction: float = Field(
        0.2,
        ge=0,
        le=1,
        title="Largest fraction outside the region",
        description="More of the change than this outside the asked region goes to review.",
    )
    max_unexplained_fraction: float = Field(
        0.02,
        ge=0,
        le=1,
        title="Largest unexplained fraction",
        description="More of the change than this in places that no annotator marks goes to "
        "review: something else changed besides the defect.",
    )
    min_sharp_fraction: float = Field(
        0.5,
        ge=0,
        le=1,
        title="Smallest sharp fraction",
        description="This much of the mask must stand out at twice the threshold, or an annotator "
        "must confirm its outline; else the sample goes to review.",
    )
    max_wrong: Annotated[float, Operational()] = Field(
        0.02,
        gt=0,
        lt=0.5,
        title="Most wrong labels",
        description="What reviews are to prove: at most this fraction of the accepted labels is "
        "wrong.",
    )
    confidence: Annotated[float, Operational()] = Field(
        0.9,
        gt=0.5,
        lt=1,
        title="Confidence",
        description="How sure that proof is to be: 0.9 is right in 9 of 10 datasets at least.",
    )
    max_bad_edits: Annotated[float, Operational()] = Field(
        0.05,
        gt=0,
        lt=0.5,
        title="Most bad edits for trust in the diff alone",
        description="Where reviews of a defect's prompt and model prove that at most this fraction "
        "of its clear changes is something else, clear changes are accepted without an annotator.",
    )
    without_grounding: Literal["review", "accept"] = Field(
        "review",
        title="Without grounding",
        description="What happens to a clear change when no annotator is at hand to confirm it.",
    )
