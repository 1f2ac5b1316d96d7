"""The verdict on one edited image: accept, review or reject, with the reason and the metrics.

The diff is the strong witness, since it has the normal image. Text grounding corroborates: its
silence sends to review and never rejects. Of several annotators one that confirms is enough.

An edit is accepted on three conditions that were found to carry, on pairs with a known truth
(``benchmarks/agreement``): an annotator marks the place that changed, next to nothing changed
besides, and the outline is sure, because the change stands out clearly or because the annotator
drew the same.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from kizu.agree.change import Change
from kizu.agree.figures import (
    Figures,
    RegionFigures,
    contradictions,
    overlap,
    region_figures,
)
from kizu.agree.fusion import Fused
from kizu.agree.score import score
from kizu.agree.settings import AgreementSettings, AreaRange
from kizu.diff import Status
from kizu.grounding.encoded import EncodedDetections
from kizu.grounding.postprocess.priors import with_priors
from kizu.imaging.arrays import Mask
from kizu.imaging.boxes import box_area, box_of
from kizu.imaging.crops import crop_of
from kizu.imaging.masks import box_mask, mask_containment
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
    NO_VISIBLE_CHANGE = "no_visible_change"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    OUTSIDE_REGION = "outside_region"
    ANNOTATOR_UNAVAILABLE = "annotator_unavailable"
    DIFF_ONLY = "diff_only"
    WRONG_KIND = "wrong_kind"
    NOT_GROUNDED = "not_grounded"
    DISAGREE = "disagree"
    SIDE_EFFECT = "side_effect"
    UNSHARP = "unsharp"
    AGREE = "agree"
    DIFF_ONLY_TRUSTED = "diff_only_trusted"


VERDICT_OF: Final = dict.fromkeys(Reason, Verdict.REVIEW) | {
    Reason.NO_VISIBLE_CHANGE: Verdict.REJECT,
    Reason.DIFF_ONLY: Verdict.ACCEPT,
    Reason.AGREE: Verdict.ACCEPT,
    Reason.DIFF_ONLY_TRUSTED: Verdict.ACCEPT,
}

EXPLANATION: Final = {
    Reason.NO_NORMAL: "There is no normal image to compare with; the mask is what the annotators "
    "found.",
    Reason.REDRAWN: "The whole picture was redrawn, so the change cannot be told apart; the mask "
    "is what the annotators found.",
    Reason.NO_VISIBLE_CHANGE: "The edit changed nothing that stands out from the picture's own "
    "noise.",
    Reason.TOO_SMALL: "The change is smaller than the expected area.",
    Reason.TOO_LARGE: "The change is larger than the expected area.",
    Reason.OUTSIDE_REGION: "Much of the change lies outside the asked region.",
    Reason.ANNOTATOR_UNAVAILABLE: "No annotator was at hand to confirm the change.",
    Reason.DIFF_ONLY: "The change is clear and of the expected size; nobody else looked at it.",
    Reason.WRONG_KIND: "The annotator finds another defect of this dataset at the change.",
    Reason.NOT_GROUNDED: "The annotator did not find the phrase at the change.",
    Reason.DISAGREE: "The annotator marks another area than the change.",
    Reason.SIDE_EFFECT: "Something else changed besides what the annotator marks; the mask leaves "
    "it out.",
    Reason.UNSHARP: "The change hardly stands out from the picture's own noise, and the annotator "
    "drew another outline, so that it is not sure.",
    Reason.AGREE: "Diff and annotator mark the same area.",
    Reason.DIFF_ONLY_TRUSTED: "The change is clear, and reviews have shown that this prompt draws "
    "what it is asked for.",
}


WITHOUT_DIFF: Final = (Reason.NO_NORMAL, Reason.REDRAWN)
"""Where the diff cannot speak, and what the annotators found is the candidate for the label."""

_MOST: Final = 0.5
"""Of the mask, how much must lie in regions that each overlap with a detection of their own, or in
detections whose boxes alone overlap. Of 17 labels accepted by their boxes with less, on three seeds
of the agreement pairs and three simulated annotators, 12 were wrong."""

UNSUPPORTED: Final = (Reason.ANNOTATOR_UNAVAILABLE, Reason.NOT_GROUNDED)
"""Where no annotator speaks for a change, nor against it."""


class Witness(Record):
    """What one annotator says of the change.

    Attributes:
        annotator: Its version.
        agrees: Whether it marks the same area as the diff.
        is_rival: Whether it is surer of another defect of the spec at the change.
        figures: What is measured of it; see ``Figures``.
    """

    annotator: str
    agrees: bool
    is_rival: bool = False
    figures: Figures

    @property
    def reason(self) -> Reason:
        """What its testimony comes to."""
        if self.is_rival:
            return Reason.WRONG_KIND
        if self.agrees:
            return Reason.AGREE
        touches = (self.figures.detections or 0) > (self.figures.detections_elsewhere or 0)
        return Reason.DISAGREE if touches else Reason.NOT_GROUNDED

    @property
    def rank(self) -> tuple[float, ...]:
        """How much it confirms the change, the most the highest."""
        order = (Reason.NOT_GROUNDED, Reason.WRONG_KIND, Reason.DISAGREE, Reason.AGREE)
        figures = self.figures
        measured = (figures.mask_iou, figures.mask_containment, figures.confidence)
        return order.index(self.reason), *(value or 0.0 for value in measured)


class Agreement(Record):
    """The comparison of the annotations of one image.

    Attributes:
        verdict: What becomes of the sample.
        reason: Why.
        figures: What it follows from.
        score: How sure the sample is among those that would be accepted, 0 to 1; None where the
            diff cannot speak.
        regions: The regions of the change, the largest first.
        witnesses: What each annotator says, in the order of their versions.
    """

    verdict: Verdict
    reason: Reason
    figures: Figures
    score: float | None = None
    regions: tuple[RegionFigures, ...] = ()
    witnesses: tuple[Witness, ...] = ()

    @property
    def explanation(self) -> str:
        """The reason as a sentence."""
        return EXPLANATION[self.reason]


def agree(
    change: Change,
    fused: Fused,
    testimony: Mapping[str, EncodedDetections],
    expected_area: AreaRange,
    settings: AgreementSettings,
    *,
    region: Mask | None = None,
    rivals: Mapping[str, float] | None = None,
) -> Agreement:
    """Compare what changed with what the annotators found.

    Args:
        change: What the diff saw.
        fused: The mask of record.
        testimony: What each annotator found on the same pixel grid, by its version; empty if none
            looked.
        expected_area: Fraction of the image a defect may cover.
        settings: Thresholds.
        region: (H, W) bool, where the defect was asked for, on the same grid.
        rivals: By annotator, its best confidence that the change is another defect of the spec.
    """
    limits = (expected_area.min_fraction, expected_area.max_fraction)
    plausible = {
        annotator: with_priors(found, change.shape, area_fraction=limits, region=region)
        for annotator, found in sorted(testimony.items())
    }
    regions = region_figures(change, fused, plausible)
    witnesses = tuple(
        _with_rival(
            _witness(annotator, found, change, fused, regions, settings),
            (rivals or {}).get(annotator),
        )
        for annotator, found in plausible.items()
    )
    best = max(witnesses, key=lambda witness: witness.rank, default=None)
    figures = _figures(change, fused, plausible, region, best)
    reason = (
        _reason_against(figures, change.status, expected_area, settings)
        or _reason_of_witness(best, settings)
        or _reason_to_doubt(figures, settings)
        or (Reason.AGREE if best else Reason.DIFF_ONLY)
    )
    return Agreement(
        verdict=VERDICT_OF[reason],
        reason=reason,
        figures=figures,
        score=None if reason in (*WITHOUT_DIFF, Reason.NO_VISIBLE_CHANGE) else score(figures),
        regions=regions,
        witnesses=witnesses,
    )


def _figures(
    change: Change,
    fused: Fused,
    plausible: Mapping[str, EncodedDetections],
    region: Mask | None,
    best: Witness | None,
) -> Figures:
    """Measure the whole, and take over what was measured of the best witness."""
    measured = best.figures.model_dump() if best else {}
    if not change.is_compared:
        return Figures(**measured)
    mask = crop_of(fused.mask)
    outside = None if region is None else round(mask_containment(fused.mask, ~region), 4)
    whole = {
        "area_fraction": round(float(fused.mask.mean()), 6),
        "outside_fraction": outside,
        "sharp_fraction": change.sharp_fraction(mask),
        "strength": change.strength(mask),
    }
    if len(plausible) > 1:  # of a single one the same is measured already
        whole |= contradictions(change, fused, plausible)
    return Figures(**(measured | whole))


def _witness(
    annotator: str,
    plausible: EncodedDetections,
    change: Change,
    fused: Fused,
    regions: Sequence[RegionFigures],
    settings: AgreementSettings,
) -> Witness:
    """Compare the detections of one annotator that touch the change with the change."""
    if not change.is_compared:
        sure = round(float(plausible.confidence.max()), 4) if len(plausible) else None
        alone = Figures(confidence=sure, detections=len(plausible))
        return Witness(annotator=annotator, agrees=False, figures=alone)
    crops = enumerate(plausible.crops(change.shape))
    found = plausible.select([row for row, crop in crops if crop.touches(fused.mask)])
    counted = {
        "detections": len(plausible),
        "detections_elsewhere": len(plausible) - len(found),
        **contradictions(change, fused, {annotator: plausible}),
    }
    if not len(found):
        none = Figures(mask_iou=0.0, mask_containment=0.0, **counted)
        return Witness(annotator=annotator, agrees=False, figures=none)
    mask, union = crop_of(fused.mask), crop_of(found.union_mask(change.shape))
    boxes = float(box_mask(found.xyxy, change.shape).sum())
    figures = Figures(
        **overlap(mask, union, change.shape),
        box_area_ratio=round(boxes / float(box_area(box_of(fused.mask))[0]), 4),
        confidence=round(float(found.confidence.max()), 4),
        **counted,
    )
    own = [each for each in regions if each.is_kept and each.annotator == annotator]
    matched = sum(r.area_px for r in own if (r.mask_iou or 0.0) >= settings.min_mask_iou)
    agrees = is_one_area(figures, settings) or matched >= _MOST * mask.area_px
    return Witness(annotator=annotator, agrees=agrees, figures=figures)


def is_one_area(figures: Figures, settings: AgreementSettings) -> bool:
    """Tell whether mask and detections mark the same place: they overlap, or their boxes do.

    A mask that lies in larger detections is no proof: a comparison that found a third of a crack
    lies in the mask of all of it. Nor are boxes, where most of the mask lies beside the detections:
    a few marks all over a label have the box of the label.
    """
    if (figures.mask_iou or 0.0) >= settings.min_mask_iou:
        return True
    is_inside = (figures.mask_containment or 0.0) >= _MOST
    return is_inside and (figures.box_iou or 0.0) >= settings.min_box_iou


def _with_rival(witness: Witness, rival: float | None) -> Witness:
    """Hold a testimony against the same annotator's for another defect of the spec."""
    if rival is None:
        return witness
    told = round(rival, 4)  # as the confidence is, else equal ones would differ
    surer = told > (witness.figures.confidence or 0.0)
    figures = witness.figures.model_copy(update={"rival_confidence": told})
    return witness.model_copy(update={"is_rival": surer, "figures": figures})


def _reason_against(
    figures: Figures, status: Status, expected_area: AreaRange, settings: AgreementSettings
) -> Reason | None:
    """What the diff alone has to say against the sample; None if nothing."""
    if status in (Status.NO_NORMAL, Status.REDRAWN):
        return Reason(status.value)
    if status is Status.UNCHANGED or not figures.area_fraction:
        return Reason.NO_VISIBLE_CHANGE
    if figures.area_fraction < expected_area.min_fraction:
        return Reason.TOO_SMALL
    if figures.area_fraction > expected_area.max_fraction:
        return Reason.TOO_LARGE
    if (figures.outside_fraction or 0.0) > settings.max_outside_fraction:
        return Reason.OUTSIDE_REGION
    return None


def _reason_of_witness(best: Witness | None, settings: AgreementSettings) -> Reason | None:
    """What the annotators have to say against the sample; None if one of them confirms it."""
    if best is None:
        accepts = settings.without_grounding == "accept"
        return None if accepts else Reason.ANNOTATOR_UNAVAILABLE
    return None if best.reason is Reason.AGREE else best.reason


def _reason_to_doubt(figures: Figures, settings: AgreementSettings) -> Reason | None:
    """What speaks against a change that is confirmed; None if nothing."""
    if (figures.unexplained_fraction or 0.0) > settings.max_unexplained_fraction:
        return Reason.SIDE_EFFECT
    is_sure = (figures.mask_iou or 0.0) >= settings.min_outline_iou
    return None if is_sure or is_sharp(figures, settings) else Reason.UNSHARP


def is_sharp(figures: Figures, settings: AgreementSettings) -> bool:
    """Tell whether a change stands out so clearly that its outline is sure."""
    return (figures.sharp_fraction or 0.0) >= settings.min_sharp_fraction
