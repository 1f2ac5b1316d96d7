"""From evidence to mask: seeds that noise alone would not give, grown to where the change ends.

Scales are asked from fine to coarse, and each sees only what finer ones did not explain, so that a
thin line does not come back as a wide halo. Hysteresis (Canny 1986) keeps faint ends of strong
changes; a cut at a share of the local peak puts the outline on the edge instead of its blur.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.evidence.scale_evidence import Scale, ScaleEvidence
from kizu.diff.filters import cell_averages, enlarge, gaussian, magnitude, shrink
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.morphology import dilate, disc
from kizu.imaging.slices import Slices, slices_around

GROW_FRACTION = 0.33  # of the threshold, for growth; a half to a third (Canny 1986)
FAINT_SEED_FRACTION = 0.6  # of the threshold; fainter seeds lose more by specks than they find
_PEAK_FRACTION = 0.4
"""Of the local peak; below half for a blurred step; x0.7 gains .011, x1.4 costs .017 IoU."""
PEAK_REACH_PX = 4  # cells in which the peak is looked for: the widest blur; x1.4 costs .010 IoU
EXPLAINED_MARGIN_PX = 2
"""Px around marks that are explained by them: their blur; x0.7 to x1.4 no effect."""
MIN_SEED_AREA = 4  # cells of a component; fewer are specks; x0.7 to x1.4 no effect
_BLUR_REACH_SIGMAS = 4.0  # sigmas; where cv2 ends a float Gaussian
_MIN_KEPT_WEIGHT = 0.25
"""Of a blur's weight: less unmarked ground is no average; x0.7 to x1.4 no effect."""
_KNOWN_CELL_FRACTION = 0.3  # of a cell that is marked, to connect others; x0.7 to x1.4 no effect
_UPPER_FRACTION = 0.1  # of a component above its upper level; x0.7 to x1.4 no effect


def evidence_ratio_of(scales: list[ScaleEvidence]) -> FloatMap:
    """Largest evidence of all scales in their thresholds, (H, W); finest scale first."""
    full = scales[0]
    evidence_ratio = np.zeros(full.z.shape, np.float32)
    for evidence in scales:
        fractions = enlarge(evidence.z / np.float32(evidence.threshold), evidence_ratio.shape)
        evidence_ratio = np.maximum(evidence_ratio, fractions)
    return np.asarray(evidence_ratio * full.valid, np.float32)


def decide(scales: list[ScaleEvidence], seed_fraction: float = 1.0) -> Mask:
    """Grow a mask (H, W) through all scales.

    Args:
        scales: Evidence, finest first; the finest is at full size.
        seed_fraction: Share of the thresholds that a seed must pass.
    """
    full = scales[0]
    mask = np.zeros(full.z.shape, np.bool_)
    for evidence in scales:
        threshold = evidence.threshold
        z = evidence.z if not mask.any() else _unexplained(evidence, full, mask)
        known = _at_scale(mask, evidence)
        found = _grow(z, evidence.z, known, threshold, evidence.scale.level_fraction, seed_fraction)
        if found.any():
            mask |= enlarge(found.astype(np.float32), mask.shape) > 0.5  # nearest
    return np.asarray(mask & full.valid)


def _grow(
    z: FloatMap,
    z_all: FloatMap,
    known: Mask,
    threshold: float,
    level_fraction: float,
    seed_fraction: float,
) -> Mask:
    """Hysteresis, then a cut at a share of the local peak.

    Args:
        z: (h, w) evidence that is still to be explained, in noise-floor units.
        z_all: (h, w) all evidence at this scale.
        known: (h, w) bool, what finer scales already explained.
        threshold: Of this scale.
        level_fraction: Share of a component's upper level that every pixel must reach.
        seed_fraction: Share of the threshold that seeds must pass.
    """
    found = np.zeros_like(known)
    candidates = z > GROW_FRACTION * threshold
    both = candidates | known
    count, labels = cv2.connectedComponents(both.view(np.uint8), connectivity=8)
    of, strength = labels[candidates], z[candidates]
    seeded = np.bincount(of, minlength=count) >= MIN_SEED_AREA
    seeded &= np.bincount(of[strength > seed_fraction * threshold], minlength=count) > 0
    if not seeded.any():
        return found
    found[candidates] = seeded[of]
    grown_from = found.copy()
    grown_from[known] |= seeded[labels[known]]
    near = slices_around(grown_from, PEAK_REACH_PX)
    z_near = z_all[near]
    level = upper_level(z_near, np.where(both[near], labels[near], 0), count)
    found[near] &= near_peak(z_near, both[near], level_fraction * level[labels[near]])
    return found


def near_peak(z: FloatMap, part: Mask, least: FloatMap) -> Mask:
    """Where evidence reaches a share of the local peak and a least value; all (H, W)."""
    peak = cv2.dilate(np.where(part, z, 0), disc(PEAK_REACH_PX))
    return np.asarray(z > np.maximum(_PEAK_FRACTION * peak, least))


def upper_level(z: FloatMap, labels: NDArray[np.int32], count: int) -> FloatMap:
    """90 % quantile of every labelled component, (count,); label 0 is none.

    Args:
        z: Evidence, of any shape.
        labels: The same shape.
        count: Labels with the background.
    """
    inside = labels > 0
    order = np.lexsort((z[inside], labels[inside]))
    sizes = np.bincount(labels[inside], minlength=count)
    last = np.cumsum(sizes) - 1
    position = np.maximum(last - (_UPPER_FRACTION * sizes).astype(int), 0)
    values = z[inside][order]
    level = np.where(sizes > 0, values[np.minimum(position, len(values) - 1)], 0)
    return level.astype(np.float32)


def _unexplained(evidence: ScaleEvidence, full: ScaleEvidence, mask: Mask) -> FloatMap:
    """Evidence from the pixels outside the mask alone, by normalised averaging around the mask."""
    scale = evidence.scale
    cells, pixels = _window(mask, scale, evidence.z.shape)
    grid = evidence.z[cells].shape
    keep = (~dilate(mask[pixels], EXPLAINED_MARGIN_PX)).astype(np.float32)
    kept = cell_averages(keep, grid)
    total = cell_averages(full.residual[pixels] * keep[..., None], grid)
    fraction = np.maximum(gaussian(kept, scale.sigma), _MIN_KEPT_WEIGHT)
    average = gaussian(total, scale.sigma)
    average /= fraction[..., None]
    open_cells = evidence.valid[cells] & (kept > 0.5)  # most of the cell
    z = evidence.z.copy()
    z[cells] = magnitude(average) / evidence.noise[cells] * open_cells
    return z


def _window(mask: Mask, scale: Scale, grid: tuple[int, ...]) -> tuple[Slices, Slices]:
    """Where a mask lies, as far as the scale's blur reaches, in its cells and in pixels."""
    reach_px = scale.reduction * int(np.ceil(_BLUR_REACH_SIGMAS * scale.sigma))
    place = slices_around(mask, reach_px)
    sizes = [whole / count for whole, count in zip(mask.shape, grid, strict=True)]
    cells = [
        slice(int(side.start / size), int(np.ceil(side.stop / size)))
        for side, size in zip(place, sizes, strict=True)
    ]
    pixels = [
        slice(round(side.start * size), round(side.stop * size))
        for side, size in zip(cells, sizes, strict=True)
    ]
    return (cells[0], cells[1]), (pixels[0], pixels[1])


def _at_scale(mask: Mask, evidence: ScaleEvidence) -> Mask:
    return np.asarray(
        shrink(mask.astype(np.float32), evidence.scale.reduction) > _KNOWN_CELL_FRACTION
    )
