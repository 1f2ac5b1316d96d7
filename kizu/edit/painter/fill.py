"""Closing a gap with texture from elsewhere in the picture."""

import cv2
import numpy as np

from kizu.arrays import FloatMap, Mask
from kizu.edit.painter.fields import FloatArray, fill_smoothly, resize

_SEARCH_SIDE_PX = 160


def filled(lab: FloatArray, gap: Mask, forbidden: Mask) -> FloatArray:
    """Replace a gap by the best fitting other place, its tone bent to meet the gap's border.

    The place is found by matching the ring around the gap; the tone difference along the ring is
    carried inside smoothly, as Poisson image editing does (Perez et al. 2003).

    Args:
        lab: (H, W, 3) float32.
        gap: (H, W) pixels to replace.
        forbidden: (H, W) pixels that must not serve as source.
    """
    known = (~gap).astype(np.float32)
    shift = _best_shift(lab, gap, forbidden | gap)
    if shift is None:
        return fill_smoothly(lab, known)
    donor = np.roll(lab, shift, (0, 1))
    difference = fill_smoothly(lab - donor, _ring(gap))
    return np.where(gap[..., None], donor + difference, lab).astype(np.float32)


def _ring(gap: Mask) -> FloatMap:
    """The few pixels around a gap."""
    width = int(max(3, 0.06 * np.sqrt(gap.sum()))) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    grown = cv2.dilate(gap.astype(np.uint8), kernel)
    return ((grown > 0) & ~gap).astype(np.float32)


def _best_shift(lab: FloatArray, gap: Mask, forbidden: Mask) -> tuple[int, int] | None:
    """(rows, columns) to move the picture so that a clean, similar place covers the gap."""
    step = max(1, int(np.ceil(max(gap.shape) / _SEARCH_SIDE_PX)))
    shape = (max(gap.shape[0] // step, 4), max(gap.shape[1] // step, 4))
    small = resize(lab, shape, cv2.INTER_AREA)
    small_gap = resize(gap.astype(np.float32), shape, cv2.INTER_AREA) > 0
    bad = (resize(forbidden.astype(np.float32), shape, cv2.INTER_AREA) > 0.3).astype(np.float32)  # noqa: PLR2004
    ring = _ring(small_gap)
    rows, columns = np.nonzero(ring + small_gap)
    top, left = rows.min(), columns.min()
    window = np.s_[top : rows.max() + 1, left : columns.max() + 1]
    mask = np.repeat(ring[window][..., None], 3, -1)
    cost = np.asarray(cv2.matchTemplate(small, small[window], cv2.TM_SQDIFF, mask=mask), np.float32)
    cost /= max(float(ring[window].sum()), 1.0)
    inside = small_gap[window].astype(np.float32)
    overlap = np.asarray(cv2.matchTemplate(bad, inside, cv2.TM_CCORR), np.float32)
    share = overlap / max(float(inside.sum()), 1.0)
    if float(share.min()) > 0.15:  # noqa: PLR2004 - share of the source that may be unclean
        return None
    cost = np.where(np.isfinite(cost), cost, np.inf) + 1e4 * np.maximum(share - 0.02, 0)
    row, column = np.unravel_index(int(np.argmin(cost)), cost.shape)
    return int(top - row) * step, int(left - column) * step
