"""The verdict on one edited image: accept, review or reject, with the reason and the metrics.

The diff is the strong witness, since it has the normal image. Text grounding corroborates: its
silence sends to review and never rejects.
"""

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
    Reason.REDRAWN: "The whole picture was redrawn, so the change cannot be told apart.",
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


class Agreement(Record):
    """The comparison of the two annotations of one image.

    Attributes:
        verdict: What becomes of the sample.
        reason: Why.
        area_fraction: Fraction of the image the diff mask covers.
        outside_fraction: Fraction of the diff mask outside the asked region; None without one.
        mask_iou: IoU of the diff mask and the grounded mask; None without detections.
        mask_containment: Fraction of the diff mask inside the grounded mask, or inside the box
            where there is no mask: their intersection over the area of the diff mask.
        box_area_ratio: Area of the grounded boxes over the area of the diff mask's box.
        confidence: The best confidence among detections that touch the change; it counts how well
            their size and place suit what was asked for.
        detections: How many detections there are that do not lie wholly outside the region.
        detections_elsewhere: How many of them do not touch the change.
    """

    verdict: Verdict
    reason: Reason
    area_fraction: float
    outside_fraction: float | None = None
    mask_iou: float | None = None
    mask_containment: float | None = None
    box_area_ratio: float | None = None
    confidence: float | None = None
    detections: int | None = None
    detections_elsewhere: int | None = None

    @property
    def explanation(self) -> str:
        """The reason as a sentence."""
        return EXPLANATION[self.reason]


def agree(
    mask: Mask,
    status: Status,
    detections: EncodedDetections | None,
    expected_area: AreaRange,
    settings: AgreementSettings,
    *,
    region: Mask | None = None,
) -> Agreement:
    """Compare what changed with what the annotator found.

    Args:
        mask: (H, W) bool, the diff mask.
        status: What the diff says of the picture as a whole.
        detections: What the annotator found on the same pixel grid; None if no annotator looked.
        expected_area: Fraction of the image a defect may cover.
        settings: Thresholds.
        region: (H, W) bool, where the defect was asked for.
    """
    metrics: dict[str, float | int | None] = {"area_fraction": round(float(mask.mean()), 6)}
    if region is not None:
        metrics["outside_fraction"] = round(mask_containment(mask, ~region), 4)
    if detections is not None:
        shape = (mask.shape[0], mask.shape[1])
        area = (expected_area.min_fraction, expected_area.max_fraction)
        plausible = with_priors(detections, shape, area_fraction=area, region=region)
        metrics |= _overlap(mask, plausible)
    reason = _diff_reason(metrics, status, expected_area, settings)
    reason = reason or _grounding_reason(metrics, settings)
    return Agreement(verdict=VERDICT_OF[reason], reason=reason, **metrics)


def _overlap(mask: Mask, detections: EncodedDetections) -> dict[str, float | int | None]:
    """Metrics of the detections that touch the change, against the change."""
    shape = (mask.shape[0], mask.shape[1])
    touching, union = list[int](), np.zeros(shape, np.bool_)
    for row, crop in enumerate(detections.crops(shape)):
        if np.any(crop.inside & mask[crop.window]):
            touching.append(row)
            union[crop.window] |= crop.inside
    counts = {
        "detections": len(detections),
        "detections_elsewhere": len(detections) - len(touching),
    }
    if not touching:
        return {**counts, "mask_iou": 0.0, "mask_containment": 0.0}
    boxes = box_mask(detections.xyxy[touching], shape)
    return {
        **counts,
        "mask_iou": round(mask_iou(mask, union), 4),
        "mask_containment": round(mask_containment(mask, union), 4),
        "box_area_ratio": round(float(boxes.sum() / box_area(box_of(mask))[0]), 4),
        "confidence": round(float(detections.confidence[touching].max()), 4),
    }


def _diff_reason(
    metrics: dict[str, float | int | None],
    status: Status,
    expected_area: AreaRange,
    settings: AgreementSettings,
) -> Reason | None:
    """What the diff alone has to say against the sample; None if nothing."""
    area = metrics["area_fraction"] or 0.0
    if status is Status.REDRAWN:
        return Reason.REDRAWN
    if status is Status.UNCHANGED or not area:
        return Reason.UNCHANGED
    if area < expected_area.min_fraction:
        return Reason.TOO_SMALL
    if area > expected_area.max_fraction:
        return Reason.TOO_LARGE
    if (metrics.get("outside_fraction") or 0.0) > settings.max_outside_fraction:
        return Reason.OUTSIDE_REGION
    return None


def _grounding_reason(
    metrics: dict[str, float | int | None], settings: AgreementSettings
) -> Reason:
    if metrics.get("detections") is None:
        accepts = settings.without_grounding == "accept"
        return Reason.DIFF_ONLY if accepts else Reason.UNGROUNDED
    if metrics["detections"] == metrics["detections_elsewhere"]:
        return Reason.NOT_GROUNDED
    tight = (metrics["box_area_ratio"] or 0.0) <= settings.max_box_area_ratio
    contained = (metrics["mask_containment"] or 0.0) >= settings.min_mask_containment
    overlaps = (metrics["mask_iou"] or 0.0) >= settings.min_mask_iou
    return Reason.AGREE if overlaps or (contained and tight) else Reason.DISAGREE
