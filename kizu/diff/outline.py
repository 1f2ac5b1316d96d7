"""Clean-up and outlines: specks out, thin lines to their true width, gaps closed, holes filled."""

import cv2
import numpy as np

from kizu.arrays import FloatMap, Mask
from kizu.diff.decision import label
from kizu.diff.filters import disc, gaussian, magnitude

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
    area = np.bincount(labels.ravel(), minlength=count)
    mass = np.bincount(labels.ravel(), np.minimum(strength, _MASS_CAP).ravel(), minlength=count)
    peak = np.zeros(count)
    np.maximum.at(peak, labels[mask], gaussian(strength, 1.0)[mask])
    keep = (area >= min_area_px) & (mass >= _MIN_MASS)
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
    radius = _radius_px(part)
    if radius < _THIN_RADIUS_PX:
        part = part & _near_peak(part, residual)
    return fill_holes(close(part, radius), max_hole_px=int(0.5 * part.sum()))


def _radius_px(part: Mask) -> float:
    distance = cv2.distanceTransform(np.pad(part, 1).astype(np.uint8), cv2.DIST_L2, 3)
    inside = distance[distance > 0]
    return float(np.quantile(inside, 0.9)) if inside.size else 0.0


def _near_peak(part: Mask, residual: FloatMap) -> Mask:
    """Where the barely smoothed residual reaches a share of its peak nearby."""
    size = np.where(part, magnitude(gaussian(residual, 0.4)), 0).astype(np.float32)
    return np.asarray(size > _THIN_SHARE * cv2.dilate(size, disc(4)))


def close(part: Mask, radius_px: float) -> Mask:
    """Morphological closing in proportion to the region's own thickness."""
    reach = int(np.clip(_CLOSE_PER_RADIUS * radius_px, 1, _MAX_CLOSE_PX))
    padded = np.pad(part, reach).astype(np.uint8)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc(reach))
    return np.asarray(closed[reach:-reach, reach:-reach] > 0)


def fill_holes(part: Mask, max_hole_px: int) -> Mask:
    """Fill enclosed holes up to an area."""
    outside = np.pad(~part, 1, constant_values=True).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
    hole = stats[:, cv2.CC_STAT_AREA] <= max_hole_px
    hole[0] = False
    hole[labels[0, 0]] = False
    return np.asarray(part | hole[labels[1:-1, 1:-1]])
