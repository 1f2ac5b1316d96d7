"""The whole comparison at one size, one step after the other."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from kizu.arrays import FloatMap, Mask, RgbImage
from kizu.diff import grading
from kizu.diff.decision import FAINT_SEED_SHARE, decide, strength_of
from kizu.diff.evidence import (
    COARSE,
    SCALES,
    Measurement,
    ScaleEvidence,
    Suspicion,
    coarse_measurement,
    fine_measurement,
    judge,
)
from kizu.diff.filters import erode, magnitude, to_lab
from kizu.diff.outline import refine
from kizu.diff.registration import Registration, register, unmoved, warp_normal
from kizu.diff.result import DiffResult, Region
from kizu.diff.settings import DiffSettings
from kizu.diff.specks import drop_specks, with_faint_pieces
from kizu.diff.tone import Tone, correct_tone, untouched

DIFF_VERSION: Final = "5"
"""Changes whenever results do; part of every cache key."""

_IN_PLACE_SHARE = 0.6
_SAME_LEVELS = 1
_ACTIVE_LEVELS = 4.0
_VALID_MARGIN_PX = 5
_MARGIN_SHARE = 1 / 32
_LARGE_CHANGE = 0.12
_SMALL_REST = 0.1


@dataclass(frozen=True, eq=False)
class Comparison:
    """A comparison's answer and what it rests on, for whoever looks at the pair again.

    Attributes:
        result: The answer.
        registration: Where every edited pixel lies in the normal image.
        tone: How its colours were predicted.
        valid: (H, W) bool, where the pair could be compared.
        strength: (H, W) float32, evidence in thresholds.
    """

    result: DiffResult
    registration: Registration
    tone: Tone
    valid: Mask
    strength: FloatMap


def compare(
    normal: RgbImage, edited: RgbImage, settings: DiffSettings, region: Mask | None
) -> Comparison:
    """Registration, colour correction, evidence at four scales, decision, outlines, grade.

    Args:
        normal: (H, W, 3) uint8 RGB, at least 32 pixels a side.
        edited: The same shape.
        settings: How suspicious to be.
        region: (H, W) bool, where the edit was asked for.
    """
    identical_share, in_place = _edited_in_place(normal, edited)
    registration = unmoved(edited.shape) if in_place else register(normal, edited)
    warped = normal if in_place else warp_normal(normal, registration)
    edited_lab = to_lab(edited)
    valid = registration.valid if in_place else erode(registration.valid, _VALID_MARGIN_PX)
    tone = untouched(to_lab(warped)) if in_place else correct_tone(warped, edited, valid)
    rate = settings.false_alarm_rate / len(SCALES)
    suspicion = Suspicion(rate, settings.min_visible_delta_e, region)
    measured_scales = _all_scales(tone.predicted, edited_lab, valid, tone.doubt)
    scales = [judge(scale, suspicion) for scale in measured_scales]
    mask, strength = _marked(scales, settings.min_area_px)
    rest = _rest_of(mask, valid)
    if rest is not None and registration.match_rate(mask) >= grading.POOR_MATCH_RATE:
        scales = [judge(scale, suspicion, rest) for scale in measured_scales]
        mask, strength = _marked(scales, settings.min_area_px)
    mask = refine(mask, scales[0].residual, tone.predicted) & valid
    measured = grading.figures(
        registration,
        tone,
        mask,
        noise_delta_e=_noise_figure(scales[0], mask),
        identical_share=identical_share,
    )
    match_rate = registration.match_rate(mask)
    drift = grading.grade(measured, match_rate, registration.residual_px, in_place=in_place)
    anomaly_map = anomaly_map_of(strength, mask, scales[0].threshold)
    result = DiffResult(
        anomaly_map=anomaly_map,
        mask=mask,
        threshold=scales[0].threshold,
        status=grading.status_of(drift, any_change=bool(mask.any())),
        drift=drift,
        normal_from_edited=registration.affine,
        registration_residual_px=registration.residual_px,
        match_rate=match_rate,
        regions=regions_of(mask, anomaly_map),
        tone=measured,
    )
    return Comparison(result, registration, tone, valid, strength)


def _all_scales(
    predicted: FloatMap, edited_lab: FloatMap, valid: Mask, doubt: FloatMap
) -> list[Measurement]:
    fine = fine_measurement(predicted, edited_lab, valid, doubt)
    coarse = [coarse_measurement(s, predicted, edited_lab, valid, doubt) for s in COARSE]
    return [fine, *coarse]


def _marked(scales: list[ScaleEvidence], min_area_px: int) -> tuple[Mask, FloatMap]:
    """What the evidence marks, and its strength in thresholds, both (H, W)."""
    strength = strength_of(scales)
    mask = drop_specks(decide(scales), strength, min_area_px)
    if mask.any():
        faint = drop_specks(decide(scales, FAINT_SEED_SHARE), strength, min_area_px)
        mask = with_faint_pieces(mask, faint, strength)
    return mask, strength


def _rest_of(mask: Mask, valid: Mask) -> Mask | None:
    """Where to learn the noise anew, because a large change stood in its way; None if it did not.

    Too small a rest has nothing to teach.
    """
    away = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 3)
    near = (away <= _MARGIN_SHARE * min(mask.shape)) & valid
    changed, known = np.count_nonzero(near), np.count_nonzero(valid)
    if not _LARGE_CHANGE * known <= changed <= (1 - _SMALL_REST) * known:
        return None
    return np.asarray(valid & ~near)


def _edited_in_place(normal: RgbImage, edited: RgbImage) -> tuple[float, bool]:
    """Share of pixels that came back, and whether the detail did; flat ground always agrees."""
    red, green, blue = cv2.split(cv2.absdiff(normal, edited))
    same = cv2.max(cv2.max(red, green), blue) <= _SAME_LEVELS
    grey = cv2.cvtColor(normal, cv2.COLOR_RGB2GRAY)
    detail = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    active = detail >= _ACTIVE_LEVELS
    share = float(same.mean())
    judged = float(same[active].mean()) if active.any() else share
    return share, min(share, judged) > _IN_PLACE_SHARE


def _noise_figure(fine: ScaleEvidence, mask: Mask) -> float:
    quiet = fine.valid & ~mask
    step = 4
    sample = magnitude(fine.residual[::step, ::step])[quiet[::step, ::step]]
    return float(np.median(sample)) if sample.size else 0.0


def anomaly_map_of(strength: FloatMap, mask: Mask, threshold: float) -> FloatMap:
    """Noise-floor units, at or above the threshold exactly inside the mask."""
    below = strength / (1 + strength)
    return np.asarray(threshold * np.where(mask, 1 + strength, below), np.float32)


def regions_of(mask: Mask, anomaly_map: FloatMap) -> tuple[Region, ...]:
    """Connected regions, largest first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    total = np.bincount(labels[mask], anomaly_map[mask], minlength=count)
    found = [
        Region(
            xyxy=(int(left), int(top), int(left + width), int(top + height)),
            area_px=int(area),
            strength=float(total[index] / area),
        )
        for index, (left, top, width, height, area) in enumerate(stats)
        if index > 0
    ]
    return tuple(sorted(found, key=lambda r: r.area_px, reverse=True))
