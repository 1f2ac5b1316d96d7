"""Which pieces of a mask stay: large and clear ones, and faint ones beside something certain."""

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.filters import gaussian
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.morphology import dilate
from kizu.imaging.slices import slices_around

JOIN_PX = 6  # px; pieces within twice as far are one; x1.4 gains .003 IoU
_MIN_MASS_PX = 40.0
"""Thresholds times pixels; less is a speck, unless its peak is clear; x0.7 to x1.4 no effect."""
_CLEAR_PEAK = 1.0
"""Thresholds that a slightly blurred peak reaches: of 2,314 pairs in which nothing changed the
specks of one did (1.04), of small defects on small pictures most do."""
_MASS_CAP = 4.0  # thresholds that one pixel can add; x0.7 to x1.4 no effect
_DOMINANCE = 0.25
"""Of the strongest peak; weaker ones are dropped; x0.7 gains .010, x1.4 gains .015 IoU."""
_DOMINANCE_CAP = 12.0  # thresholds of the strongest peak that count; x0.7 to x1.4 no effect
_FAINT_REACH_FRACTION = 0.08  # of the short side from something certain; x0.7 to x1.4 no effect
_SEEN_AROUND_PX = 8  # px around marks that joining and the blur of peaks see
_PEAK_SIGMA_PX = 1.0  # px; one pixel is no peak; x0.7 to x1.4 no effect


def drop_specks(mask: Mask, evidence_ratio: FloatMap, min_area_px: int) -> Mask:
    """Keep components whose evidence is large in sum or clear at its peak, and not dwarfed.

    Specks of noise are single pixels above the threshold: blurred, none reaches it. A defect of a
    small picture is as small, but does.

    Args:
        mask: (H, W) bool.
        evidence_ratio: (H, W) float32, evidence in thresholds.
        min_area_px: Smallest component to keep.
    """
    near = slices_around(mask, _SEEN_AROUND_PX)
    part, ratio = mask[near], evidence_ratio[near]
    if not part.any():
        return mask
    inside, count = _joined(part, JOIN_PX)
    area = np.bincount(inside, minlength=count)
    mass = np.bincount(inside, np.minimum(ratio[part], _MASS_CAP), minlength=count)
    peak = _peaks(part, ratio, inside, count)
    keep: Mask = (area >= min_area_px) & ((mass >= _MIN_MASS_PX) | (peak >= _CLEAR_PEAK))
    keep &= peak >= least_peak(peak.max())
    kept = np.zeros_like(mask)
    kept[near][part] = keep[inside]
    return kept


def with_faint_pieces(certain: Mask, faint: Mask, evidence_ratio: FloatMap) -> Mask:
    """Certain components and the faint pieces near them that the strongest does not dwarf.

    Args:
        certain: (H, W) bool, components that noise alone would not give.
        faint: (H, W) bool, what fainter seeds gave.
        evidence_ratio: (H, W) float32, evidence in thresholds.
    """
    if not (faint & ~certain).any():
        return certain
    near = slices_around(faint | certain, _SEEN_AROUND_PX)
    part, sure = faint[near], certain[near]
    inside, count = _joined(part, 0)
    peak, nearest = _peaks(part, evidence_ratio[near], inside, count), np.full(count, np.inf)
    away = cv2.distanceTransform((~sure).view(np.uint8), cv2.DIST_L2, 3)
    np.minimum.at(nearest, inside, away[part])
    keep = (peak >= least_peak(peak.max())) & (nearest <= _FAINT_REACH_FRACTION * min(faint.shape))
    keep[inside[sure[part]]] = True
    kept = certain.copy()
    kept[near][part] |= keep[inside]
    return kept


def least_peak(strongest: float) -> float:
    """Peak, in thresholds, that a component needs beside the strongest one's."""
    return _DOMINANCE * min(strongest, _DOMINANCE_CAP)


def peak_of(part: Mask, evidence_ratio: FloatMap) -> float:
    """Peak of a part (H, W) in thresholds, slightly blurred: one pixel is no peak; 0 if empty."""
    return float(gaussian(evidence_ratio, _PEAK_SIGMA_PX)[part].max(initial=0.0))


def _peaks(
    mask: Mask, evidence_ratio: FloatMap, labels: NDArray[np.int32], count: int
) -> NDArray[np.float64]:
    """As `peak_of`, of every label (count,); labels of the mask's pixels (N,)."""
    peak = np.zeros(count)
    np.maximum.at(peak, labels, gaussian(evidence_ratio, _PEAK_SIGMA_PX)[mask])
    return peak


def _joined(mask: Mask, gap_px: int) -> tuple[NDArray[np.int32], int]:
    """Components joined over small gaps: labels of the mask's pixels (N,), and how many with 0."""
    count, labels = cv2.connectedComponents(dilate(mask, gap_px).view(np.uint8), connectivity=8)
    return np.asarray(labels[mask], np.int32), int(count)
