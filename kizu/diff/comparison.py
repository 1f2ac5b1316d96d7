"""The whole comparison at one size, one step after the other."""

from dataclasses import dataclass

import cv2
import numpy as np

from kizu.diff import grading
from kizu.diff.align.optical_flow import within
from kizu.diff.align.registration import Registration, register, unmoved, warp_normal
from kizu.diff.align.tone import Tone, correct_tone, untouched
from kizu.diff.evidence.scale_evidence import (
    COARSE,
    SCALES,
    DetectionCriteria,
    Measurement,
    ScaleEvidence,
    coarse_measurement,
    fine_measurement,
    judge,
)
from kizu.diff.filters import magnitude, to_lab
from kizu.diff.identical import CameBack, with_exact_changes
from kizu.diff.replaced import is_replaced, kept_part, with_kept_part
from kizu.diff.result import DiffResult, Drift, Region
from kizu.diff.segment.hysteresis import FAINT_SEED_FRACTION, decide, evidence_ratio_of
from kizu.diff.segment.outline import refine
from kizu.diff.segment.small_components import drop_specks, with_faint_pieces
from kizu.diff.settings import DiffSettings
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.crops import connected_regions
from kizu.imaging.morphology import erode

_FRAME_PX = 5
"""Px beside the border or what has no counterpart: as far as cubic sampling and blur see."""
_BEYOND_PX = 0.5
"""Px beyond the outermost centres at which a counterpart may lie: as far as these pixels reach."""
_CHANGE_MARGIN_FRACTION = 1 / 32
"""Of the short side, around marks nothing is learned from; x0.7 to x1.4 no effect."""
_LARGE_CHANGE_FRACTION = 0.12  # of the picture; less never learns anew; x0.7 to x1.4 no effect
_SPARSE = np.s_[::4, ::4]  # enough pixels for medians and averages of cells; for speed
_SMALL_REST_FRACTION = 0.1  # of the picture; a smaller rest teaches nothing; x0.7 to x1.4 no effect


@dataclass(frozen=True, eq=False)
class Alignment:
    """The normal brought to where and how the edit should show it.

    Attributes:
        registration: Where every edited pixel lies in the normal image.
        tone: How its colours were predicted.
        valid: (H, W) bool, where the pair can be compared.
        inner: (H, W) bool, valid away from the frame: what noise and tone are learned from.
        came_back: What of the normal the edit gave back; of one made in place nothing is undone.
        kept: (H, W) bool, the part that all is learned from; none where nobody knows of one.
    """

    registration: Registration
    tone: Tone
    valid: Mask
    inner: Mask
    came_back: CameBack
    kept: Mask | None = None

    @classmethod
    def of(cls, normal: RgbImage, edited: RgbImage) -> "Alignment":
        """Register and correct the colours, both (H, W, 3) uint8, unless edited in place."""
        came_back = CameBack.of(normal, edited)
        if came_back.in_place:
            return cls.in_place(normal, came_back)
        return cls.by(register(normal, edited), normal, edited, came_back)

    @classmethod
    def by(
        cls,
        registration: Registration,
        normal: RgbImage,
        edited: RgbImage,
        came_back: CameBack,
        kept: Mask | None = None,
    ) -> "Alignment":
        """Correct the colours of a registered pair, as all of it or a kept part (H, W) tells."""
        inner = erode(registration.valid, _FRAME_PX)
        learned = inner if kept is None else inner & kept
        tone = correct_tone(warp_normal(normal, registration), edited, learned)
        valid = within(registration.map_x, registration.map_y, -_BEYOND_PX)
        return cls(registration, tone, valid, inner, came_back, kept)

    @classmethod
    def in_place(cls, normal: RgbImage, came_back: CameBack) -> "Alignment":
        """Undo nothing of an edit made in place."""
        still = unmoved(normal.shape)
        return cls(still, untouched(to_lab(normal)), still.valid, still.valid, came_back)


@dataclass(frozen=True, eq=False)
class Comparison:
    """A comparison's answer and what it rests on, for whoever looks at the pair again.

    Attributes:
        result: The answer.
        aligned: The normal as the edit should show it.
        evidence_ratio: (H, W) float32, evidence in thresholds.
    """

    result: DiffResult
    aligned: Alignment
    evidence_ratio: FloatMap


def compare(
    normal: RgbImage, edited: RgbImage, settings: DiffSettings, region: Mask | None
) -> Comparison:
    """Registration, colour correction, evidence at four scales, decision, outlines, grade.

    Args:
        normal: (H, W, 3) uint8 RGB, at least 32 pixels a side.
        edited: The same shape.
        settings: What counts as a change.
        region: (H, W) bool, where the edit was asked for.
    """
    found = _compare_aligned(Alignment.of(normal, edited), normal, edited, settings, region)
    came_back = found.aligned.came_back
    if came_back.exact:
        return found
    if came_back.contradicts(found.result.mask):
        aligned = Alignment.in_place(normal, came_back.as_exact())
        return _compare_aligned(aligned, normal, edited, settings, region)
    if found.result.drift is Drift.REDRAWN:
        return _by_kept_part(found, normal, edited, settings, region) or found
    return found


def _by_kept_part(
    found: Comparison,
    normal: RgbImage,
    edited: RgbImage,
    settings: DiffSettings,
    region: Mask | None,
) -> Comparison | None:
    """Compare by the part that looks as it did; None if there is none, or the rest is no part."""
    kept = kept_part(found.aligned.tone.difference, edited.shape)
    if kept is None:
        return None
    learned = erode(kept, _FRAME_PX)
    if (learned & found.aligned.inner).mean() < _SMALL_REST_FRACTION:
        return None
    before = found.aligned.registration
    after = register(normal, with_kept_part(normal, edited, kept, before.affine))
    aligned = Alignment.by(after, normal, edited, found.aligned.came_back, learned)
    again = _compare_aligned(aligned, normal, edited, settings, region)
    return again if is_replaced(again.result, kept, before, after) else None


def _compare_aligned(
    aligned: Alignment,
    normal: RgbImage,
    edited: RgbImage,
    settings: DiffSettings,
    region: Mask | None,
) -> Comparison:
    rate = settings.false_alarm_rate / len(SCALES)
    criteria = DetectionCriteria(rate, settings.min_visible_delta_e, region)
    measured = _all_scales(aligned, to_lab(edited))
    fine, mask, evidence_ratio = _judged(measured, aligned, criteria, settings.min_area_px)
    mask = refine(mask, fine.residual, aligned.tone.predicted) & aligned.valid
    if aligned.came_back.exact:
        mask = with_exact_changes(mask, normal, edited, settings)
    return Comparison(_answer(aligned, fine, mask, evidence_ratio), aligned, evidence_ratio)


def _all_scales(aligned: Alignment, edited_lab: FloatMap) -> list[Measurement]:
    """What differs at every scale, finest first; the edit is (H, W, 3) float32 Lab."""
    sides = aligned.tone.predicted, edited_lab, aligned.tone.uncertainty
    where = aligned.valid, aligned.inner
    return [
        fine_measurement(*sides, *where),
        *(coarse_measurement(scale, *sides, *where) for scale in COARSE),
    ]


def _judged(
    measured: list[Measurement], aligned: Alignment, criteria: DetectionCriteria, min_area_px: int
) -> tuple[ScaleEvidence, Mask, FloatMap]:
    """Judge all scales, and once more by noise learned anew if a large change stood in its way.

    Of an exact edit the noise is known from the start, that of what it gave back, and of a large
    replaced part that of what was kept.

    Returns:
        The evidence of the finest scale, the marks (H, W) and their evidence in thresholds (H, W).
    """
    came_back = aligned.came_back
    known = came_back.rest() if came_back.exact else aligned.kept
    scales = [judge(scale, criteria, known) for scale in measured]
    mask, evidence_ratio = _marked(scales, min_area_px)
    rest = _rest_of(mask, aligned.valid) if known is None else None
    if rest is None:
        return scales[0], mask, evidence_ratio
    left = _sparse_size(scales[0].residual)
    if aligned.registration.match_rate(mask, left) >= grading.POOR_MATCH_RATE:
        scales = [judge(scale, criteria, rest) for scale in measured]
        mask, evidence_ratio = _marked(scales, min_area_px)
    return scales[0], mask, evidence_ratio


def _answer(
    aligned: Alignment, fine: ScaleEvidence, mask: Mask, evidence_ratio: FloatMap
) -> DiffResult:
    """Grade the drift beside the mask (H, W) and put everything together."""
    registration = aligned.registration
    measured = grading.drift_metrics(
        registration,
        aligned.tone,
        mask,
        noise_delta_e=_noise_figure(fine, mask),
        identical_fraction=aligned.came_back.identical_fraction,
        unjudged_fraction=1 - float(aligned.valid.mean()),
    )
    match_rate = registration.match_rate(mask, _sparse_size(fine.residual))
    residual_px = registration.residual_px
    drift = grading.grade(
        measured,
        match_rate,
        residual_px,
        aligned.tone.cast_delta_e,
        in_place=aligned.came_back.in_place,
    )
    anomaly_map = anomaly_map_of(evidence_ratio, mask, fine.threshold)
    return DiffResult(
        anomaly_map=anomaly_map,
        mask=mask,
        judged=aligned.valid,
        threshold=fine.threshold,
        status=grading.status_of(drift, any_change=bool(mask.any())),
        drift=drift,
        normal_from_edited=registration.affine,
        registration_residual_px=residual_px,
        match_rate=match_rate,
        regions=regions_of(mask, anomaly_map),
        tone=measured,
    )


def _marked(scales: list[ScaleEvidence], min_area_px: int) -> tuple[Mask, FloatMap]:
    """What the evidence marks, and the evidence in thresholds, both (H, W)."""
    evidence_ratio = evidence_ratio_of(scales)
    mask = drop_specks(decide(scales), evidence_ratio, min_area_px)
    if mask.any():
        faint = drop_specks(decide(scales, FAINT_SEED_FRACTION), evidence_ratio, min_area_px)
        mask = with_faint_pieces(mask, faint, evidence_ratio)
    return mask, evidence_ratio


def _rest_of(mask: Mask, valid: Mask) -> Mask | None:
    """Where to learn the noise anew, because a large change stood in its way; None if it did not.

    Too small a rest has nothing to teach.
    """
    away = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 3)
    near = (away <= _CHANGE_MARGIN_FRACTION * min(mask.shape)) & valid
    changed, known = np.count_nonzero(near), np.count_nonzero(valid)
    if not _LARGE_CHANGE_FRACTION * known <= changed <= (1 - _SMALL_REST_FRACTION) * known:
        return None
    return np.asarray(valid & ~near)


def _noise_figure(fine: ScaleEvidence, mask: Mask) -> float:
    """Median residual outside a mask (H, W), in delta E, of every fourth pixel a side."""
    sample = _sparse_size(fine.residual)[(fine.valid & ~mask)[_SPARSE]]
    return float(np.median(sample)) if sample.size else 0.0


def _sparse_size(residual: FloatMap) -> FloatMap:
    """Length of the residual (H, W, 3) in delta E, of every fourth pixel a side."""
    return magnitude(residual[_SPARSE])


def anomaly_map_of(evidence_ratio: FloatMap, mask: Mask, threshold: float) -> FloatMap:
    """Noise-floor units, at or above the threshold exactly inside the mask."""
    below = evidence_ratio / (1 + evidence_ratio)
    return np.asarray(threshold * np.where(mask, 1 + evidence_ratio, below), np.float32)


def regions_of(mask: Mask, anomaly_map: FloatMap) -> tuple[Region, ...]:
    """Connected regions, largest first."""
    found = [
        Region(region.xyxy, region.area_px, strength=region.mean_of(anomaly_map))
        for region in connected_regions(mask)
    ]
    return tuple(sorted(found, key=lambda r: r.area_px, reverse=True))
