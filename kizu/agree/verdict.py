"""The verdict on one edited image: accept, review or reject, with the reason and the metrics.

The diff is the strong witness, since it has the normal image. Text grounding corroborates: its
silence sends to review and never rejects. Of several annotators one that confirms is enough.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import numpy as np

from kizu.agree.settings import AgreementSettings, AreaRange
from kizu.diff import Status
from kizu.grounding.encoded import EncodedDetections
from kizu.grounding.postprocess.priors import with_priors
from kizu.imaging.arrays import Mask
from kizu.imaging.boxes import box_area, box_of
from kizu.imaging.masks import box_mask, mask_containment, mask_iou
from kizu.settings import Record


class Verdict(StrEnum):
    """What becomes of a sample."""

    ACCEPT = "accept"
    REVIEW = "review"
    REJECT = "reject"


class Reason(StrEnum):
    """Why; the first that applies, in this order."""

    NO_NORMAL = "no_normal"
    REDRAWN = "redrawn"
    UNCHANGED = "unchanged"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    OUTSIDE_REGION = "outside_region"
    UNGROUNDED = "no_annotator"
    DIFF_ONLY = "diff_only"
    NOT_GROUNDED = "not_grounded"
    DISAGREE = "disagree"
    AGREE = "agree"


VERDICT_OF: Final = {
    Reason.NO_NORMAL: Verdict.REVIEW,
    Reason.REDRAWN: Verdict.REVIEW,
    Reason.UNCHANGED: Verdict.REJECT,
    Reason.TOO_SMALL: Verdict.REVIEW,
    Reason.TOO_LARGE: Verdict.REVIEW,
    Reason.OUTSIDE_REGION: Verdict.REVIEW,
    Reason.UNGROUNDED: Verdict.REVIEW,
    Reason.DIFF_ONLY: Verdict.ACCEPT,
    Reason.NOT_GROUNDED: Verdict.REVIEW,
    Reason.DISAGREE: Verdict.REVIEW,
    Reason.AGREE: Verdict.ACCEPT,
}

EXPLANATION: Final = {
    Reason.NO_NORMAL: "There is no normal image to compare with; the mask is what the annotators "
    "found.",
    Reason.REDRAWN: "The whole picture was redrawn, so the change cannot be told apart; the mask "
    "is what the annotators found.",
    Reason.UNCHANGED: "The edit changed nothing that stands out from the picture's own noise.",
    Reason.TOO_SMALL: "The change is smaller than the expected area.",
    Reason.TOO_LARGE: "The change is larger than the expected area.",
    Reason.OUTSIDE_REGION: "Much of the change lies outside the asked region.",
    Reason.UNGROUNDED: "No annotator was at hand to confirm the change.",
    Reason.DIFF_ONLY: "The change is clear and of the expected size; nobody else looked at it.",
    Reason.NOT_GROUNDED: "The annotator did not find the phrase at the change.",
    Reason.DISAGREE: "The annotator marks another area than the change.",
    Reason.AGREE: "Diff and annotator mark the same area.",
}


WITHOUT_DIFF: Final = (Reason.NO_NORMAL, Reason.REDRAWN)
"""Where the diff cannot speak, and what the annotators found is the candidate for the label."""


class Witness(Record):
    """What one annotator says of the change.

    Attributes:
        annotator: Its version.
        agrees: Whether it marks the same area as the diff.
        mask_iou: IoU of the diff mask and the grounded mask; None, as are the next two and the last
            one, where there is no normal image, and so no diff.
        mask_containment: Fraction of the diff mask inside the grounded mask, or inside the box
            where there is no mask: their intersection over the area of the diff mask.
        box_area_ratio: Area of the grounded boxes over the area of the diff mask's box; None if
            none touches the change.
        confidence: The best confidence among detections that touch the change; it counts how well
            their size and place suit what was asked for. None if none touches it; without a diff,
            that of all detections.
        detections: How many detections there are that do not lie wholly outside the region.
        detections_elsewhere: How many of them do not touch the change.
    """

    annotator: str
    agrees: bool
    mask_iou: float | None = None
    mask_containment: float | None = None
    box_area_ratio: float | None = None
    confidence: float | None = None
    detections: int
    detections_elsewhere: int | None = None

    @property
    def reason(self) -> Reason:
        """What its testimony comes to."""
        if self.agrees:
            return Reason.AGREE
        touches = self.detections > (self.detections_elsewhere or 0)
        return Reason.DISAGREE if touches else Reason.NOT_GROUNDED

    @property
    def rank(self) -> tuple[float, ...]:
        """How much it confirms the change, the most the highest."""
        order = (Reason.NOT_GROUNDED, Reason.DISAGREE, Reason.AGREE)
        measured = (self.mask_iou, self.mask_containment, self.confidence)
        return order.index(self.reason), *(value or 0.0 for value in measured)


class Agreement(Record):
    """The comparison of the annotations of one image.

    Attributes:
        verdict: What becomes of the sample.
        reason: Why.
        area_fraction: Fraction of the image the diff mask covers; None without a diff.
        outside_fraction: Fraction of the diff mask outside the asked region; None without one.
        mask_iou: As all below, what the witness says that confirms the change most; None without
            one. See ``Witness``.
        mask_containment: Likewise.
        box_area_ratio: Likewise.
        confidence: Likewise.
        detections: Likewise.
        detections_elsewhere: Likewise.
        witnesses: What each annotator says, in the order of their versions.
    """

    verdict: Verdict
    reason: Reason
    area_fraction: float | None
    outside_fraction: float | None = None
    mask_iou: float | None = None
    mask_containment: float | None = None
    box_area_ratio: float | None = None
    confidence: float | None = None
    detections: int | None = None
    detections_elsewhere: int | None = None
    witnesses: tuple[Witness, ...] = ()

    @property
    def explanation(self) -> str:
        """The reason as a sentence."""
        return EXPLANATION[self.reason]


_OF_THE_BEST: Final = (
    "mask_iou",
    "mask_containment",
    "box_area_ratio",
    "confidence",
    "detections",
    "detections_elsewhere",
)
"""What an agreement takes over from the witness that confirms the change most."""


def agree(
    mask: Mask,
    status: Status,
    detections: Mapping[str, EncodedDetections],
    expected_area: AreaRange,
    settings: AgreementSettings,
    *,
    region: Mask | None = None,
) -> Agreement:
    """Compare what changed with what the annotators found.

    Args:
        mask: (H, W) bool, the diff mask.
        status: What the diff says of the picture as a whole.
        detections: What each annotator found on the same pixel grid, by its version; empty if none
            looked.
        expected_area: Fraction of the image a defect may cover.
        settings: Thresholds.
        region: (H, W) bool, where the defect was asked for.
    """
    compared = status is not Status.NO_NORMAL
    area_fraction = round(float(mask.mean()), 6) if compared else None
    outside = round(mask_containment(mask, ~region), 4) if compared and region is not None else None
    shape = (mask.shape[0], mask.shape[1])
    limits = (expected_area.min_fraction, expected_area.max_fraction)
    plausible = {
        annotator: with_priors(found, shape, area_fraction=limits, region=region)
        for annotator, found in sorted(detections.items())
    }
    witnesses = tuple(
        _witness(annotator, found, mask, settings) if compared else _lone_witness(annotator, found)
        for annotator, found in plausible.items()
    )
    best = max(witnesses, key=lambda witness: witness.rank, default=None)
    reason = _diff_reason(area_fraction, outside, status, expected_area, settings)
    if reason is None:
        reason = best.reason if best else _reason_without_witness(settings)
    return Agreement(
        verdict=VERDICT_OF[reason],
        reason=reason,
        area_fraction=area_fraction,
        outside_fraction=outside,
        **(best.model_dump(include=set(_OF_THE_BEST)) if best else {}),
        witnesses=witnesses,
    )


def _lone_witness(annotator: str, found: EncodedDetections) -> Witness:
    """Sum up the detections of one annotator where there is no diff to compare them with."""
    sure = round(float(found.confidence.max()), 4) if len(found) else None
    return Witness(annotator=annotator, agrees=False, confidence=sure, detections=len(found))


def _witness(
    annotator: str, plausible: EncodedDetections, mask: Mask, settings: AgreementSettings
) -> Witness:
    """Compare the detections of one annotator that touch the change with the change."""
    shape = (mask.shape[0], mask.shape[1])
    touching, union = list[int](), np.zeros(shape, np.bool_)
    for row, crop in enumerate(plausible.crops(shape)):
        if np.any(crop.inside & mask[crop.window]):
            touching.append(row)
            union[crop.window] |= crop.inside
    elsewhere = len(plausible) - len(touching)
    if not touching:
        return Witness(
            annotator=annotator,
            agrees=False,
            mask_iou=0.0,
            mask_containment=0.0,
            detections=len(plausible),
            detections_elsewhere=elsewhere,
        )
    boxes = box_mask(plausible.xyxy[touching], shape)
    iou = round(mask_iou(mask, union), 4)
    containment = round(mask_containment(mask, union), 4)
    box_area_ratio = round(float(boxes.sum() / box_area(box_of(mask))[0]), 4)
    tight = box_area_ratio <= settings.max_box_area_ratio
    contained = containment >= settings.min_mask_containment
    return Witness(
        annotator=annotator,
        agrees=iou >= settings.min_mask_iou or (contained and tight),
        mask_iou=iou,
        mask_containment=containment,
        box_area_ratio=box_area_ratio,
        confidence=round(float(plausible.confidence[touching].max()), 4),
        detections=len(plausible),
        detections_elsewhere=elsewhere,
    )


def _diff_reason(
    area_fraction: float | None,
    outside_fraction: float | None,
    status: Status,
    expected_area: AreaRange,
    settings: AgreementSettings,
) -> Reason | None:
    """What the diff alone has to say against the sample; None if nothing."""
    if status in (Status.NO_NORMAL, Status.REDRAWN):
        return Reason(status.value)
    if status is Status.UNCHANGED or not area_fraction:
        return Reason.UNCHANGED
    if area_fraction < expected_area.min_fraction:
        return Reason.TOO_SMALL
    if area_fraction > expected_area.max_fraction:
        return Reason.TOO_LARGE
    if (outside_fraction or 0.0) > settings.max_outside_fraction:
        return Reason.OUTSIDE_REGION
    return None


def _reason_without_witness(settings: AgreementSettings) -> Reason:
    accepts = settings.without_grounding == "accept"
    return Reason.DIFF_ONLY if accepts else Reason.UNGROUNDED
