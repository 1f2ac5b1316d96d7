"""Outlines: thin lines to their true width, thick parts to their edge, gaps and holes filled."""

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.evidence.noise import CHI3_MEAN, CHI3_MEDIAN
from kizu.diff.filters import dot, gaussian, magnitude
from kizu.diff.segment.components import joined_components, labels_within
from kizu.diff.segment.granulometry import close_by_thickness
from kizu.diff.segment.opacity import layer_coverage
from kizu.diff.segment.small_components import JOIN_PX
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.morphology import dilate, disc, erode
from kizu.imaging.slices import grown

_LEVEL_REACH_PX = 6
"""Px from an edge to its level inside, and to where its slopes end; x0.7 to x1.4 no effect."""
_PEAK_REACH_PX = 4  # px in which a peak is looked for; x0.7 costs .004, x1.4 costs .010 IoU
_AROUND_PX = 3
"""Px beyond the marks that an outline may reach; x1.4 gains .004 IoU."""
_RING_PX = (10, 24)  # px from the marks, first and last: the noise around; x0.7 costs .003 IoU
_RADIUS_QUANTILE = 0.9  # of depths: the half thickness; x0.7 costs .011, x1.4 costs .010 IoU
_THIN_RADIUS_PX = 6.0  # px of half thickness; below, a line; x0.7 costs .010 IoU
_THIN_FRACTION = 0.33  # of the peak nearby, a line's end; x1.4 costs .011 IoU
_PLAIN_DELTA_E = 12.0  # delta E that belong to a line whatever its peak; x0.7 costs .003 IoU
_THIN_ROUNDS = 10  # rounds of growth along a line; x0.7 to x1.4 no effect
_TREND_SIGMA_PX = 2.0
"""Px over which a line's colour is averaged; x1.4 costs .004 IoU."""
_NOISE_MARGIN_PX = 4  # px from a line to the noise beside it; x0.7 to x1.4 no effect
_NOISE_SIGMA_PX = 8.0  # px over which that is averaged; x0.7 to x1.4 no effect
_LEAST_OUTSIDE = 0.02
"""Of the average's weight; no division by next to nothing; x0.7 to x1.4 no effect."""
_CLOSE_PER_RADIUS = 1.8
"""Px of closing per px of half thickness; x1.4 costs .052 IoU."""
_MAX_CLOSE_PX = 28  # px of closing at most; x0.7 to x1.4 no effect
_NARROW_RADIUS_PX = 3.0
"""Px of half thickness; thinner never counts as vast; x0.7 to x1.4 no effect."""
_VAST_RADII = 40.0
"""Length in half thicknesses of what has no one thickness; x0.7 to x1.4 no effect."""
_CLOSE_PER_LOCAL_RADIUS = 1.2
"""Px of closing per px of local half thickness; x0.7 to x1.4 no effect."""
_ADDED_FRACTION = 0.5
"""Of a component, that closing adds where more is gap than mark; x0.7 to x1.4 no effect."""
_ONE_COLOUR = 0.9
"""Coherence of a change: of print at least 0.91, of dents and moved texture at most 0.81; x1.4
costs .040 IoU."""
_PAD_PX = 30  # px around a component; the largest closing, 28, fits in; x0.7 to x1.4 no effect
_SHARP_SIGMA_PX = 0.5
"""Px of blur that lines are seen through; x0.7 costs .005, x1.4 costs .005 IoU."""
_GROW_PX = 2  # px that a line may grow by in a round; x0.7 to x1.4 no effect
_SPECKLE_PX = 5.0  # px of gaps that are closed before thickness is judged; x1.4 costs .010 IoU
_OUTLINE_SIGMAS_PX = (0.8, 1.6, 3.2, 6.4)
"""Px of blur, each twice the last; the first clear of noise; x0.7 costs .007, x1.4 .009 IoU."""
_CLEAR_OF_NOISE = 4.0
"""Deviations of the noise that a change must exceed; x0.7 costs .004, x1.4 costs .006 IoU."""
VISIBLE_DELTA_E = 4.0  # delta E; what the benchmark counts as visibly changed; x1.4 costs .005 IoU
_HALF = 0.45
"""Of the level: a blurred step keeps its place at 0.5; x0.7 costs .020, x1.4 costs .051 IoU."""
_SHARP_WIDTH_PX = 5.4
"""Px from full to none: narrower edges are sharp; x0.7 costs .005 IoU."""
_LAYER_SIGMA_PX = 1.6  # px of blur that layers are fitted through; x0.7 to x1.4 no effect
_HALF_COVERED = 0.5  # of a layer; its edge by definition; x0.7 gains .008, x1.4 costs .012 IoU
_BLUR_REACH_PX = 2
"""Px in which a sharp edge's blur falls off; x0.7 costs .010, x1.4 costs .019 IoU."""
_SLOPE_FRACTION = 0.2
"""Of the level inside; weaker traces beside an edit are the redraw's own; x1.4 costs .003 IoU."""
_PLAIN_SLOPE_DELTA_E = 8.0
"""Delta E that belong to an edge whatever its level; twice visible; x0.7 to x1.4 no effect."""
_SLOPE_GAP_PX = 1.2  # px between edge and rim that are closed; x1.4 costs .040 IoU
_LEAST_FRACTION = 0.5
"""Of the usual level, anywhere in a component; x1.4 costs .007 IoU."""
_HOLE_PER_RADIUS = 1.5
"""Widest filled hole in half thicknesses; loops stay open; x1.4 costs .010 IoU."""


def refine(mask: Mask, residual: FloatMap, predicted: FloatMap) -> Mask:
    """Give every component its true outline.

    Args:
        mask: (H, W) bool.
        residual: (H, W, 3) float32 Lab residual.
        predicted: (H, W, 3) float32 Lab, the normal as the edit should show it.
    """
    refined = np.zeros_like(mask)
    labels, places = joined_components(mask, JOIN_PX)
    for index, slices in enumerate(places, start=1):
        here = grown(slices, _PAD_PX, mask.shape)
        part = mask[here] & (labels[here] == index)
        refined[here] |= _refine_component(part, residual[here], predicted[here])
    return refined


def _refine_component(part: Mask, residual: FloatMap, predicted: FloatMap) -> Mask:
    solid = fill_holes(close(part, _SPECKLE_PX / _CLOSE_PER_RADIUS), _SPECKLE_PX)
    radius = _radius_px(solid)
    if radius < _THIN_RADIUS_PX:
        part = _thin_outline(part, residual)
    else:
        part = _thick_outline(solid, residual, predicted)
    if not part.any():
        return part
    radius = _radius_px(part)
    return fill_holes(_close_gaps(part, radius, residual), radius)


def _close_gaps(part: Mask, radius_px: float, residual: FloatMap) -> Mask:
    """Close in proportion to thickness: of the whole component, or of every place if it is vast.

    The two sides of a dent belong together; the lines of a printed page do not, even where a panel
    hangs on them. Where light and dark interleave, a gap is where one turns into the other; between
    marks of one colour it is ground that did not change, unless it is narrow.
    """
    *_, width, height = cv2.boundingRect(part.view(np.uint8))
    if radius_px >= _NARROW_RADIUS_PX and max(width, height) > _VAST_RADII * radius_px:
        return close_by_thickness(part, _CLOSE_PER_LOCAL_RADIUS, _MAX_CLOSE_PX)
    closed = close(part, radius_px)
    added = np.count_nonzero(closed) / np.count_nonzero(part) - 1
    apart = added > _ADDED_FRACTION and _coherence(residual[part]) > _ONE_COLOUR
    return part if apart else closed


def _coherence(changes: NDArray[np.float32]) -> float:
    """How alike colour changes (N, 3) are: the length of their mean over their mean length."""
    length = float(magnitude(changes).mean())
    return float(np.linalg.norm(changes.mean(axis=0)) / max(length, 1e-6))


def _radius_px(part: Mask) -> float:
    distance = cv2.distanceTransform(np.pad(part, 1).astype(np.uint8), cv2.DIST_L2, 3)
    inside = distance[distance > 0]
    return float(np.quantile(inside, _RADIUS_QUANTILE)) if inside.size else 0.0


def _thin_outline(part: Mask, residual: FloatMap) -> Mask:
    """Where the change along the line's own direction in colour reaches a share of its peak.

    Repeated from its own result, so that the faint ends of a line are followed.
    """
    sharp = gaussian(residual, _SHARP_SIGMA_PX)
    clear = _CLEAR_OF_NOISE * _local_noise(magnitude(sharp), part)
    for _ in range(_THIN_ROUNDS):
        along = _along(sharp, part)
        near = dilate(part, _GROW_PX)
        peak = cv2.dilate(np.where(near, along, 0).astype(np.float32), disc(_PEAK_REACH_PX))
        fraction = np.minimum(_THIN_FRACTION * peak, _PLAIN_DELTA_E)
        part = np.asarray(near & (along > np.maximum(fraction, clear)))
    return part


def _along(residual: FloatMap, part: Mask) -> FloatMap:
    """The residual (H, W, 3) along its own mean direction in the part nearby; (H, W)."""
    trend = gaussian(residual * part[..., None], _TREND_SIGMA_PX)
    trend /= np.maximum(magnitude(trend), 1e-6)[..., None]
    return dot(residual, trend)


def _local_noise(size: FloatMap, part: Mask) -> FloatMap:
    """Deviation per colour axis, averaged over what lies around the component; (H, W)."""
    outside = (~dilate(part, _NOISE_MARGIN_PX)).astype(np.float32)
    fraction = np.maximum(gaussian(outside, _NOISE_SIGMA_PX), _LEAST_OUTSIDE)
    return np.asarray(gaussian(size * outside, _NOISE_SIGMA_PX) / fraction / CHI3_MEAN, np.float32)


def _thick_outline(part: Mask, residual: FloatMap, predicted: FloatMap) -> Mask:
    """Half of the level nearby, where a blurred step keeps its place, and what shows beside it.

    A change that falls off slower than blur belongs to the defect: the rim of a hole, the shadow of
    a chip, the slopes of a dent. A soft layer has no such slopes: it ends where it covers half.
    """
    around = dilate(part, _AROUND_PX)
    ring = dilate(part, _RING_PX[1]) & ~dilate(part, _RING_PX[0])
    size, noise, sigma = _clear_size(part, ring, residual)
    level = _local_peak(np.where(part, size, 0).astype(np.float32))
    core = around & (size > _HALF * level)
    near = cv2.dilate(np.where(core, size, 0).astype(np.float32), disc(_LEVEL_REACH_PX))
    inside = np.asarray(near, np.float32)
    if _edge_width_px(core, size, inside) * _OUTLINE_SIGMAS_PX[0] / sigma > _SHARP_WIDTH_PX:
        coverage = layer_coverage(part, residual, predicted, max(sigma, _LAYER_SIGMA_PX))
        if coverage is not None:
            return np.asarray(around & (coverage > _HALF_COVERED))
    return _with_slopes(core, around, size, inside, max(VISIBLE_DELTA_E, _CLEAR_OF_NOISE * noise))


def _clear_size(part: Mask, ring: Mask, residual: FloatMap) -> tuple[FloatMap, float, float]:
    """Length of the residual, blurred no more than it takes to be clear of the noise around."""
    size, noise, sigma = magnitude(residual), 0.0, 0.0
    for sigma in _OUTLINE_SIGMAS_PX:
        size = magnitude(gaussian(residual, sigma))
        noise = float(np.median(size[ring])) if ring.any() else 0.0
        if float(np.median(size[part])) > _CLEAR_OF_NOISE * noise:
            break
    return size, noise / CHI3_MEDIAN, sigma


def _edge_width_px(core: Mask, size: FloatMap, level: FloatMap) -> float:
    """Pixels that the outline's slope would need to fall from the level inside to nothing."""
    edge = core & ~erode(core, 1)
    if not edge.any():
        return 0.0
    slope_x = cv2.Sobel(size, cv2.CV_32F, 1, 0, scale=1 / 8)
    slope_y = cv2.Sobel(size, cv2.CV_32F, 0, 1, scale=1 / 8)
    slope = np.maximum(np.hypot(slope_x[edge], slope_y[edge]), 1e-3)
    return float(np.median(level[edge] / slope))


def _with_slopes(core: Mask, around: Mask, size: FloatMap, level: FloatMap, visible: float) -> Mask:
    """The core and all that is visible beside it, falls off slower than blur and is no trace."""
    slow = size > _HALF * cv2.dilate(size, disc(_BLUR_REACH_PX))
    plain = np.maximum(np.minimum(_SLOPE_FRACTION * level, _PLAIN_SLOPE_DELTA_E), visible)
    slopes = around & slow & (level > 0) & (size > plain)
    both = close(core | slopes, _SLOPE_GAP_PX) & around
    count, labels = cv2.connectedComponents(both.view(np.uint8), connectivity=4)
    return np.asarray(core | labels_within(labels, count, core)[labels])


def _local_peak(size: FloatMap) -> FloatMap:
    """Largest value within the reach of blur, and nowhere less than half of what is usual there."""
    least = _LEAST_FRACTION * float(np.median(size[size > 0])) if size.any() else 0.0
    return np.asarray(np.maximum(cv2.dilate(size, disc(_PEAK_REACH_PX)), least / _HALF), np.float32)


def close(part: Mask, radius_px: float) -> Mask:
    """Morphological closing in proportion to the component's own thickness."""
    reach = int(np.clip(_CLOSE_PER_RADIUS * radius_px, 1, _MAX_CLOSE_PX))
    padded = np.pad(part, reach).astype(np.uint8)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc(reach))
    return np.asarray(closed[reach:-reach, reach:-reach] > 0)


def fill_holes(part: Mask, radius_px: float) -> Mask:
    """Fill enclosed holes no wider than the component is thick; loops of lines stay open."""
    outside = np.pad(~part, 1, constant_values=True).astype(np.uint8)
    count, labels = cv2.connectedComponents(outside, connectivity=4)
    enclosed = (labels > 0) & (labels != labels[0, 0])
    if not enclosed.any():
        return part
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, 3)
    widest = np.full(count, np.inf)
    widest[labels[enclosed]] = 0
    np.maximum.at(widest, labels[enclosed], distance[enclosed])
    hole = widest <= _HOLE_PER_RADIUS * radius_px
    return np.asarray(part | hole[labels[1:-1, 1:-1]])
