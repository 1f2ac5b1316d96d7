"""Parts of a picture as the two slices that index them: rows, then columns."""

from typing import TypeAlias

import cv2
import numpy as np

from kizu.imaging.arrays import Mask
from kizu.imaging.crops import crop_of

Slices: TypeAlias = tuple[slice, slice]
"""Rows and columns of a picture, both with start and stop."""


def slices_of(x: int, y: int, width: int, height: int) -> Slices:
    """Return the slices of a box with a left upper corner (x, y), all in pixels.

    >>> slices_of(4, 1, 10, 2)
    (slice(1, 3, None), slice(4, 14, None))
    """
    return slice(y, y + height), slice(x, x + width)


def grown(slices: Slices, margin_px: int, shape: tuple[int, ...]) -> Slices:
    """Return the slices with a margin, within a picture of (H, W) pixels.

    >>> grown((slice(1, 3), slice(4, 14)), 2, (9, 15))
    (slice(0, 5, None), slice(2, 15, None))
    """
    rows, columns = (
        slice(max(part.start - margin_px, 0), min(part.stop + margin_px, length))
        for part, length in zip(slices, shape, strict=False)
    )
    return rows, columns


def slices_around(mask: Mask, margin_px: int) -> Slices:
    """Return the slices that hold an (H, W) mask and a margin.

    >>> slices_around(np.array([[False, False, True]]), 1)
    (slice(0, 1, None), slice(1, 3, None))
    """
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return grown(slices_of(x, y, width, height), margin_px, mask.shape)


def square_around(mask: Mask, context: float, least_px: int) -> Slices:
    """Return the slices of a square around an (H, W) mask, moved inside the picture and cut there.

    Args:
        mask: The mask; all of the picture is returned where it is empty.
        context: The square's side over the mask's longer one.
        least_px: The least side.

    >>> square_around(np.eye(9, dtype=bool)[:, :5] & (np.arange(9)[:, None] == 1), 2.0, 3)
    (slice(0, 3, None), slice(0, 3, None))
    """
    crop, (height, width) = crop_of(mask), mask.shape
    if not crop.inside.size:
        return slice(0, height), slice(0, width)
    side_px = max(context * max(crop.inside.shape), least_px)
    x0, y0, x1, y1 = crop.xyxy
    return _stretch((y0 + y1) / 2, side_px, height), _stretch((x0 + x1) / 2, side_px, width)


def _stretch(centre_px: float, side_px: float, length_px: int) -> slice:
    side = min(round(side_px), length_px)
    start = min(max(round(centre_px - side / 2), 0), length_px - side)
    return slice(start, start + side)
