"""Connected components of a mask, and which of them something touches."""

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from kizu.imaging.arrays import Mask
from kizu.imaging.morphology import dilate
from kizu.imaging.slices import Slices, slices_around, slices_of


def joined_components(mask: Mask, gap_px: int) -> tuple[NDArray[np.int32], list[Slices]]:
    """Components of a mask, joined where they lie within twice a gap.

    Args:
        mask: (H, W) bool.
        gap_px: How far the mask is grown before its components are told apart.

    Returns:
        Labels (H, W) of the grown mask, and where every label from 1 on lies.
    """
    near = slices_around(mask, gap_px)
    wide = dilate(mask[near], gap_px).view(np.uint8)
    _, found, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
    labels = np.zeros(mask.shape, np.int32)
    labels[near] = found
    top, left = near[0].start, near[1].start
    places = [slices_of(left + x, top + y, w, h) for x, y, w, h, _ in stats[1:].tolist()]
    return labels, places


def labels_within(labels: MatLike, count: int, where: Mask) -> Mask:
    """Which of the labels (H, W) occur where a mask (H, W) is set; (count,), never the ground's."""
    within = np.zeros(count, np.bool_)
    within[labels[where]] = True
    within[0] = False
    return within
