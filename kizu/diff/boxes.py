"""Boxes and regions: parts of a picture that are worked on alone."""

from typing import TypeAlias

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from kizu.diff.filters import dilate
from kizu.imaging.arrays import Mask

Box: TypeAlias = tuple[slice, slice]
"""Rows and columns of a picture, both with start and stop."""


def box_of(x: int, y: int, width: int, height: int) -> Box:
    """The box with a left upper corner (x, y), all in pixels."""
    return slice(y, y + height), slice(x, x + width)


def grown(box: Box, margin_px: int, shape: tuple[int, ...]) -> Box:
    """A box with a margin, within the picture (H, W)."""
    rows, columns = (
        slice(max(part.start - margin_px, 0), min(part.stop + margin_px, length))
        for part, length in zip(box, shape, strict=False)
    )
    return rows, columns


def around(mask: Mask, margin_px: int) -> Box:
    """The box that holds a mask (H, W) and a margin."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return grown(box_of(x, y, width, height), margin_px, mask.shape)


def joined_regions(mask: Mask, gap_px: int) -> tuple[NDArray[np.int32], list[Box]]:
    """Regions of a mask, joined where they lie within twice a gap.

    Args:
        mask: (H, W) bool.
        gap_px: How far the mask is grown before its regions are told apart.

    Returns:
        Labels (H, W) of the grown mask, and the box of every label from 1 on.
    """
    grown_mask = dilate(mask, gap_px).view(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(grown_mask, connectivity=8)
    boxes = [box_of(*(int(n) for n in row[:4])) for row in stats[1:]]
    return np.asarray(labels, np.int32), boxes


def labels_within(labels: MatLike, count: int, where: Mask) -> Mask:
    """Which of the labels (H, W) occur where a mask (H, W) is set; (count,), never the ground's."""
    within = np.zeros(count, np.bool_)
    within[labels[where]] = True
    within[0] = False
    return within
