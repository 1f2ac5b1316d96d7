"""Growing and shrinking masks by a disc, and filling their pinholes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import Mask


def disc(radius_px: int) -> NDArray[np.uint8]:
    """Return a round structuring element of (2 * radius + 1) pixels a side.

    >>> disc(1).tolist()
    [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    """
    side = 2 * radius_px + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def dilate(mask: Mask, radius_px: int) -> Mask:
    """Return an (H, W) mask grown by a disc."""
    return np.asarray(cv2.dilate(mask.view(np.uint8), disc(radius_px)), np.uint8).view(np.bool_)


def erode(mask: Mask, radius_px: int) -> Mask:
    """Return an (H, W) mask shrunk by a disc; outside the picture counts as not set."""
    eroded = cv2.erode(
        mask.view(np.uint8), disc(radius_px), borderType=cv2.BORDER_CONSTANT, borderValue=0.0
    )
    return np.asarray(eroded, np.uint8).view(np.bool_)


def without_pinholes(mask: Mask, limit_px: float) -> Mask:
    """Return an (H, W) mask with the specks of its ground filled that have fewer pixels than so.

    >>> holed = np.ones((5, 5), np.bool_); holed[2, 2] = False
    >>> bool(without_pinholes(holed, 2).all())
    True
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).view(np.uint8), connectivity=4)
    small = np.asarray(stats)[:, cv2.CC_STAT_AREA] < limit_px
    small[0] = False  # the mask itself
    return np.asarray(mask | small[labels])
