"""The regions of a mask: pieces that lie near each other are one."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np

from kizu.imaging.arrays import Mask
from kizu.imaging.crops import MaskCrop, connected_regions, crop_of

NEAR_FRACTION: Final = 12 / 768
"""Of the longer side: a change this near to a testimony is explained by it, and pieces this near to
each other are one region; 12 px were measured at 768 px."""


def regions_by_size(mask: Mask) -> list[MaskCrop]:
    """Return the regions of an (H, W) mask, the largest first."""
    found = regions_of(mask, near((mask.shape[0], mask.shape[1])))
    return sorted(found, key=lambda crop: (-crop.area_px, crop.xyxy))


def near(shape: tuple[int, int]) -> int:
    """Return how many px count as near in an (H, W) picture.

    Example:
        >>> near((768, 512)), near((96, 128))
        (12, 2)
    """
    return max(2, round(NEAR_FRACTION * max(shape)))


def within(mask: Mask, reach_px: float) -> Mask:
    """Return (H, W) bool, true up to so many pixels away from an (H, W) mask."""
    if not mask.any():
        return mask
    distance = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(distance <= reach_px)


def regions_of(mask: Mask, near_px: float) -> Iterator[MaskCrop]:
    """Yield the regions of an (H, W) mask; pieces that lie near each other are one region."""
    for group in connected_regions(within(mask, near_px / 2)):
        inside = group.inside & mask[group.window]
        tight = crop_of(inside)
        yield MaskCrop(group.x0 + tight.x0, group.y0 + tight.y0, tight.inside)
