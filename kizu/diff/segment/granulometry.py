"""Local thickness of a mask: what is thick is closed widely, what is thin narrowly.

A granulometry (Matheron 1975): what survives an opening is at least that thick there. One figure
for a whole component will not do where lines of print, leaders and panels hang together.
"""

import cv2
import numpy as np

from kizu.imaging.arrays import FloatMap, Mask

_RADIUS_GROWTH = 1.5
"""From one thickness to the next; finer steps take longer; x0.7 to x1.4 no effect."""


def close_by_thickness(part: Mask, reach_per_radius: float, max_reach_px: int) -> Mask:
    """Close gaps in proportion to how thick the mask is beside them.

    Args:
        part: (H, W) bool.
        reach_per_radius: Radius of the closing per half thickness.
        max_reach_px: Largest radius of the closing.
    """
    padded = np.pad(part, max_reach_px + 1)
    depth = _distance(padded)
    closed, radius = padded.copy(), 1.0
    while radius <= depth.max():
        reach = min(int(reach_per_radius * radius), max_reach_px)
        closed |= _closed(_distance(depth < radius) < radius, reach)
        if reach == max_reach_px:
            break
        radius *= _RADIUS_GROWTH
    inner = slice(max_reach_px + 1, -max_reach_px - 1)
    return np.asarray(closed[inner, inner])


def _closed(mask: Mask, reach_px: int) -> Mask:
    return np.asarray(_distance(_distance(~mask) <= reach_px) > reach_px) | mask


def _distance(mask: Mask) -> FloatMap:
    """Distance to the nearest pixel outside the mask."""
    distance = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(distance, np.float32)
