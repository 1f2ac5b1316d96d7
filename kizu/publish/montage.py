"""A small picture of some samples of one defect: the images with their labels, and close by."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.slices import square_around
from kizu.viz.overlays import (
    CHANGED_COLOUR,
    FINE_PEN,
    fit_image,
    fit_mask,
    fitted_size,
    outline_mask,
)

_CELL_PX: Final = 192
_GAP_PX: Final = 4
_PAPER: Final = 250
CONTEXT: Final = 2.0
"""Side of what is shown close by over the defect's longer one."""
LEAST_CLOSE_PX: Final = 48
"""A smaller window shows pixels and no defect."""


def montage(samples: Sequence[tuple[RgbImage, Mask]]) -> RgbImage:
    """Set samples side by side: above the image with the label's outline, below the defect.

    Args:
        samples: (H, W, 3) uint8 image and (H, W) bool label of each; one at least.

    Returns:
        (h, w, 3) uint8.
    """
    width = len(samples) * (_CELL_PX + _GAP_PX) - _GAP_PX
    sheet = np.full((2 * _CELL_PX + _GAP_PX, width, 3), _PAPER, np.uint8)
    for place, (image, label) in enumerate(samples):
        left = place * (_CELL_PX + _GAP_PX)
        outlined = outline_mask(*_fitted(image, label), CHANGED_COLOUR, FINE_PEN)
        _paste(sheet, outlined, 0, left)
        close = square_around(label, CONTEXT, LEAST_CLOSE_PX)
        _paste(sheet, _fitted(image[close], label[close])[0], 1, left)
    return sheet


def _fitted(image: RgbImage, label: Mask) -> tuple[RgbImage, Mask]:
    """Scale both into a cell, in their own shape."""
    size = fitted_size(label.shape, _CELL_PX)
    return fit_image(image, *size), fit_mask(label, *size)


def _paste(sheet: RgbImage, picture: RgbImage, row: int, left: int) -> None:
    top = row * (_CELL_PX + _GAP_PX)
    height, width = picture.shape[:2]
    down, right = (_CELL_PX - height) // 2, (_CELL_PX - width) // 2
    sheet[top + down : top + down + height, left + right : left + right + width] = picture
