"""Outlines of the working size, brought to the pixel at full size.

Within a few working pixels of the outline, and nowhere else, full size decides: a pixel belongs to
the change if it differs visibly, clear of the noise, and by more than a share of the local peak,
which is what blur leaves. Every answer depends on a bounded surrounding only, so tiles leave no
trace.
"""

import cv2
import numpy as np

from kizu.diff.evidence.scale_evidence import FINE
from kizu.diff.filters import gaussian, magnitude
from kizu.diff.full_size.evidence import FullSizeEvidence, noise_part
from kizu.diff.full_size.pair import FullSizePair
from kizu.diff.full_size.tiles import TILE_PX, Tile, each, tiles_of
from kizu.diff.segment.outline import VISIBLE_DELTA_E
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.morphology import dilate, disc, erode

_GROW_WORK_PX = 3.0  # working px that an outline may move outwards; x0.7 gains .005 IoU
_SHRINK_WORK_PX = 1.0  # working px that it may move inwards; x0.7 to x1.4 no effect
_PEAK_REACH_WORK_PX = 3.0  # working px in which the peak is looked for; x1.4 gains .007 IoU
_BLUR_REACH_PX = 6  # px beyond those, for blur; x0.7 to x1.4 no effect
_CLEAR_OF_NOISE = 3.0  # noise floors that a change must exceed; x0.7 to x1.4 no effect
_PEAK_FRACTION = 0.2  # of the peak nearby; less is blur; x0.7 costs .011, x1.4 gains .020 IoU
_RESOLVED = 2.0
"""Peak in least visible sizes; below, the working size decides; x0.7 to x1.4 no effect."""


def refine_outline(
    pair: FullSizePair, evidence: FullSizeEvidence, mask: Mask, pixel_px: float, threads: int
) -> Mask:
    """Move outlines to where the change ends at full size.

    Args:
        pair: The pictures.
        evidence: What is noise at full size.
        mask: (H, W) bool, enlarged from the working size.
        pixel_px: Full-size pixels per working pixel.
        threads: Tiles at a time.
    """
    margin_px = int(np.ceil((2 * _GROW_WORK_PX + _PEAK_REACH_WORK_PX) * pixel_px)) + _BLUR_REACH_PX
    sharp = np.zeros_like(mask)

    def work(tile: Tile) -> None:
        part = mask[tile.around]
        if part.any():
            predicted, edited = pair.part(tile.around)
            size = magnitude(gaussian(edited - predicted, FINE.sigma))
            noise = noise_part(evidence.noise, tile)
            found = _ends_of(part, size, noise, pixel_px)[tile.inner]
            sharp[tile.core] = np.where(pair.valid(tile.core), found, mask[tile.core])

    each(work, tiles_of(mask.shape, TILE_PX, margin_px + margin_px % 2), threads)
    return sharp


def _ends_of(mask: Mask, size: FloatMap, noise: FloatMap, pixel_px: float) -> Mask:
    """The mask grown and shrunk to where sizes (H, W) in delta E say that the change ends."""
    lengths = _GROW_WORK_PX, _SHRINK_WORK_PX, _PEAK_REACH_WORK_PX
    grow_px, shrink_px, reach_px = (max(round(length * pixel_px), 1) for length in lengths)
    peak = cv2.dilate(np.where(mask, size, 0).astype(np.float32), disc(reach_px))
    least = np.maximum(VISIBLE_DELTA_E, _CLEAR_OF_NOISE * noise)
    inside = np.where(
        peak > _RESOLVED * least, size > np.maximum(_PEAK_FRACTION * peak, least), mask
    )
    allowed = erode(mask, shrink_px) | (dilate(mask, grow_px) & inside)
    return _spread(mask & allowed, allowed, grow_px)


def _spread(mask: Mask, allowed: Mask, steps: int) -> Mask:
    """Geodesic dilation: step by step to neighbours that are allowed."""
    kernel = np.ones((3, 3), np.uint8)
    spread, limit = mask.view(np.uint8), allowed.view(np.uint8)
    for _ in range(steps):
        spread = np.asarray(cv2.min(cv2.dilate(spread, kernel), limit), np.uint8)
    return spread.view(np.bool_)
