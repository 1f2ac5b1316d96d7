"""Inpainting: closes a gap with texture from elsewhere in the picture."""

from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.noise_fields import MAD_TO_STD, FloatArray, Rng, blur, pull_push_fill, resize
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.morphology import dilate

_SEARCH_SIDE_PX: Final = 160  # longest of the reduced crop that is searched: for time
_UNCLEAN_FRACTION: Final = 0.3  # of a reduced pixel that may be forbidden; by eye
_MAX_UNCLEAN: Final = 0.15  # of the best source; beyond, it would bring a part of another object
_FREE_UNCLEAN: Final = 0.02  # of a source, that costs nothing: one pixel of the outline
_UNCLEAN_COST: Final = 1e4  # squared Lab distance of a source all unclean: black to white
_RING: Final = (3, 0.06)  # px, and of the root of the gap's area: enough border to match, not more
_GRAIN_BANDS_PX: Final = ((0.0, 1.0), (1.0, 2.0), (2.0, 4.0))  # octaves of texture; coarser is tone
_MIN_SIDE_PX: Final = 4  # of the reduced crop: smaller has no border to match


def inpaint(lab: FloatArray, gap: Mask, forbidden: Mask, rng: Rng) -> FloatArray:
    """Replace a gap by the best fitting other place, its tone bent to meet the gap's border.

    The place is found by matching the ring around the gap; the tone difference along the ring is
    carried inside smoothly, as Poisson image editing does (Perez et al. 2003).

    Args:
        lab: (H, W, 3) float32.
        gap: (H, W) pixels to replace.
        forbidden: (H, W) pixels that must not serve as source, nor as border.
        rng: Source of the grain where no other place fits.
    """
    border = _ring(gap) * ~forbidden
    if not border.any():
        border = _ring(gap)
    shift = _best_shift(lab, gap, forbidden)
    if shift is None:
        plain = pull_push_fill(lab, border)
        return np.where(gap[..., None], plain + _grain_like(lab, border, rng), lab).astype(
            np.float32
        )
    donor = np.roll(lab, shift, (0, 1))
    difference = pull_push_fill(lab - donor, border)
    return np.where(gap[..., None], donor + difference, lab).astype(np.float32)


def _grain_like(lab: FloatArray, border: FloatMap, rng: Rng) -> FloatArray:
    """(H, W, 3) lightness noise with the band strengths found along a border."""
    grain = np.zeros_like(lab)
    noise = rng.standard_normal(border.shape, np.float32)
    for fine, coarse in _GRAIN_BANDS_PX:
        own = (blur(lab[..., 0], fine) - blur(lab[..., 0], coarse))[border > 0]
        band = blur(noise, fine) - blur(noise, coarse)
        strength = MAD_TO_STD * float(np.median(np.abs(own))) / max(float(band.std()), 1e-6)
        grain[..., 0] += np.float32(strength) * band
    return grain


def _ring(gap: Mask) -> FloatMap:
    """The few pixels around a gap."""
    width = int(max(_RING[0], _RING[1] * np.sqrt(gap.sum()))) | 1
    return (dilate(gap, width) & ~gap).astype(np.float32)


def _best_shift(lab: FloatArray, gap: Mask, forbidden: Mask) -> tuple[int, int] | None:
    """(rows, columns) to move the picture so that a clean, similar place covers the gap."""
    step = max(1, int(np.ceil(max(gap.shape) / _SEARCH_SIDE_PX)))
    shape = (max(gap.shape[0] // step, _MIN_SIDE_PX), max(gap.shape[1] // step, _MIN_SIDE_PX))
    small = resize(lab, shape, cv2.INTER_AREA)
    small_gap = resize(gap.astype(np.float32), shape, cv2.INTER_AREA) > 0
    unclean = resize((forbidden | gap).astype(np.float32), shape, cv2.INTER_AREA)
    bad = (unclean > _UNCLEAN_FRACTION).astype(np.float32)
    ring = _ring(small_gap)
    clean = ring * (bad == 0)
    clean = clean if clean.any() else ring
    rows, columns = np.nonzero(ring + small_gap)
    top, left = rows.min(), columns.min()
    window = np.s_[top : rows.max() + 1, left : columns.max() + 1]
    mask = np.repeat(clean[window][..., None], 3, -1)
    cost = np.asarray(cv2.matchTemplate(small, small[window], cv2.TM_SQDIFF, mask=mask), np.float32)
    cost /= max(float(clean[window].sum()), 1.0)
    inside = small_gap[window].astype(np.float32)
    overlap = np.asarray(cv2.matchTemplate(bad, inside, cv2.TM_CCORR), np.float32)
    source_unclean = overlap / max(float(inside.sum()), 1.0)
    if float(source_unclean.min()) > _MAX_UNCLEAN:
        return None
    cost = np.where(np.isfinite(cost), cost, np.inf) + _UNCLEAN_COST * np.maximum(
        source_unclean - _FREE_UNCLEAN, 0
    )
    row, column = np.unravel_index(int(np.argmin(cost)), cost.shape)
    return int(top - row) * step, int(left - column) * step
