"""Clean-up and outlines: specks out, thin lines to their true width, gaps closed, holes filled."""

import cv2
import numpy as np

from kizu.arrays import FloatMap, Mask
from kizu.diff.decision import label
from kizu.diff.filters import dilate, disc, gaussian, magnitude

_JOIN_PX = 6
_MIN_MASS = 40.0
_MASS_CAP = 4.0
_DOMINANCE = 0.25
_DOMINANCE_CAP = 12.0
_THIN_RADIUS_PX = 6.0
_THIN_SHARE = 0.33
_CLOSE_PER_RADIUS = 1.8
_MAX_CLOSE_PX = 28
_PAD_PX = 30
_SHARP_SIGMA_PX = 0.5
_GROW_PX = 2
_SPECKLE_PX = 5.0
_OUTLINE_SIGMAS_PX = (0.8, 1.6, 3.2, 6.4)
_CLEAR_OF_NOISE = 4.0
_HALF = 0.45
_LEAST_SHARE = 0.5
_HOLE_PER_RADIUS = 1.5


def drop_specks(mask: Mask, strength: FloatMap, min_area_px: int) -> Mask:
    """Keep regions whose summed evidence is large and not dwarfed by the strongest region's.

    Args:
        mask: (H, W) bool.
        strength: (H, W) float32, evidence in thresholds.
        min_area_px: Smallest region to keep.
    """
    count, labels = label(mask, _JOIN_PX)
    if count == 1:
        return mask
    inside = labels[mask]
    area = np.bincount(inside, minlength=count)
    mass = np.bincount(inside, np.minimum(strength[mask], _MASS_CAP), minlength=count)
    peak = np.zeros(count)
    np.maximum.at(peak, inside, gaussian(strength, 1.0)[mask])
    keep: Mask = (area >= min_area_px) & (mass >= _MIN_MASS)
    keep &= peak >= _DOMINANCE * min(peak.max(), _DOMINANCE_CAP)
    keep[0] = False
    return np.asarray(keep[labels])


def refine(mask: Mask, residual: FloatMap) -> Mask:
    """Give every region its true outline.

    Args:
        mask: (H, W) bool.
        residual: (H, W, 3) float32 Lab residual.
    """
    refined = np.zeros_like(mask)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        cv2.dilate(mask.view(np.uint8), disc(_JOIN_PX)), connectivity=8
    )
    for index in range(1, len(stats)):
        left, top, width, height = stats[index, :4]
        rows = slice(max(top - _PAD_PX, 0), top + height + _PAD_PX)
        columns = slice(max(left - _PAD_PX, 0), left + width + _PAD_PX)
        part = mask[rows, columns] & (labels[rows, columns] == index)
        refined[rows, columns] |= _refine_region(part, residual[rows, columns])
    return refined


def _refine_region(part: Mask, residual: FloatMap) -> Mask:
    solid = fill_holes(close(part, _SPECKLE_PX / _CLOSE_PER_RADIUS), _SPECKLE_PX)
    radius = _radius_px(solid)
    if radius < _THIN_RADIUS_PX:
        part = _thin_outline(part, residual)
    else:
        part = _half_level(solid, residual)
    radius = _radius_px(part)
    return fill_holes(close(part, radius), radius) if part.any() else part


def _radius_px(part: Mask) -> float:
    distance = cv2.distanceTransform(np.pad(part, 1).astype(np.uint8), cv2.DIST_L2, 3)
    inside = distance[distance > 0]
    return float(np.quantile(inside, 0.9)) if inside.size else 0.0


def _thin_outline(part: Mask, residual: FloatMap) -> Mask:
    """Where the change along the line's own direction in colour reaches a share of its peak."""
    sharp = gaussian(residual, _SHARP_SIGMA_PX)
    trend = gaussian(sharp * part[..., None], 2.0)
    trend /= np.maximum(magnitude(trend), 1e-6)[..., None]
    along = np.einsum("...c,...c->...", sharp, trend)
    peak = cv2.dilate(np.where(part, along, 0).astype(np.float32), disc(4))
    clear = _CLEAR_OF_NOISE * _surrounding_noise(magnitude(sharp), part)
    return np.asarray(dilate(part, _GROW_PX) & (along > np.maximum(_THIN_SHARE * peak, clear)))


def _surrounding_noise(size: FloatMap, part: Mask) -> float:
    """Deviation per colour axis in a ring around the region."""
    ring = dilate(part, 16) & ~dilate(part, 5)
    return float(np.median(size[ring])) / 1.54 if ring.any() else 0.0


def _half_level(part: Mask, residual: FloatMap) -> Mask:
    """Where the residual reaches half of the level nearby: a blurred step keeps its place there."""
    around = dilate(part, 3)
    ring = dilate(part, 24) & ~dilate(part, 10)
    size = magnitude(residual)
    for sigma in _OUTLINE_SIGMAS_PX:
        size = magnitude(gaussian(residual, sigma))
        noise = float(np.median(size[ring])) if ring.any() else 0.0
        if float(np.median(size[part])) > _CLEAR_OF_NOISE * noise:
            break
    level = _local_peak(np.where(part, size, 0).astype(np.float32))
    return np.asarray(around & (size > _HALF * level))


def _local_peak(size: FloatMap) -> FloatMap:
    """Largest value within the reach of blur, and nowhere less than half of what is usual there."""
    least = _LEAST_SHARE * float(np.median(size[size > 0])) if size.any() else 0.0
    return np.asarray(np.maximum(cv2.dilate(size, disc(4)), least / _HALF), np.float32)


def close(part: Mask, radius_px: float) -> Mask:
    """Morphological closing in proportion to the region's own thickness."""
    reach = int(np.clip(_CLOSE_PER_RADIUS * radius_px, 1, _MAX_CLOSE_PX))
    padded = np.pad(part, reach).astype(np.uint8)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc(reach))
    return np.asarray(closed[reach:-reach, reach:-reach] > 0)


def fill_holes(part: Mask, radius_px: float) -> Mask:
    """Fill enclosed holes no wider than the region is thick; loops of lines stay open."""
    outside = np.pad(~part, 1, constant_values=True).astype(np.uint8)
    count, labels = cv2.connectedComponents(outside, connectivity=4)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, 3)
    widest = np.zeros(count)
    np.maximum.at(widest, np.asarray(labels, np.int64).ravel(), distance.ravel())
    hole = widest <= _HOLE_PER_RADIUS * radius_px
    hole[0] = False
    hole[labels[0, 0]] = False
    return np.asarray(part | hole[labels[1:-1, 1:-1]])
