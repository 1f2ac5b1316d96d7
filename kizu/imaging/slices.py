"""Parts of a picture as the two slices that index them: rows, then columns."""

from typing import TypeAlias

import cv2
import numpy as np

from kizu.imaging.arrays import Mask

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
