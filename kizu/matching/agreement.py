"""How well a picture agrees with a normal image once it lies on it: by registration, on pixels."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.align.registration import MIN_SIDE_PX, register
from kizu.imaging.arrays import RgbImage
from kizu.imaging.geometry import Geometry
from kizu.matching.features import contrast_of

_SIDE_PX: Final = 192
"""Px of the long side: coarse detail, which models that redraw a picture keep; 256 told right from
foreign pictures no better and took half as long again."""
_MIN_CELLS: Final = 12  # textured cells of 8 px; the median of fewer is chance


def agreement(normal: RgbImage, picture: RgbImage, geometry: Geometry) -> float:
    """Return how well a picture agrees with its normal, 0 to 1.

    It is the median correlation of textured cells after registration, so that a change of less than
    half of the picture's texture does not count.

    Args:
        normal: (H, W, 3) uint8 RGB.
        picture: The picture as it came.
        geometry: The way from the normal to the picture.
    """
    pair = framed_pair(normal, picture, geometry, _SIDE_PX)
    if pair is None:
        return 0.0
    found = register(*pair).agreement
    judged = found[~np.isnan(found)]
    return float(np.clip(np.median(judged), 0, 1)) if judged.size >= _MIN_CELLS else 0.0


def framed_pair(
    normal: RgbImage, picture: RgbImage, geometry: Geometry, side_px: int
) -> tuple[RgbImage, RgbImage] | None:
    """Return what both show of the same part, grey and of one size and contrast.

    Args:
        normal: (H, W, 3) uint8 RGB.
        picture: The picture as it came.
        geometry: The way from the normal to the picture.
        side_px: Long side of the result in px, at most; neither is enlarged much for it.

    Returns:
        Two (h, w, 3) uint8 pictures with three equal channels; None if the part is too small.
    """
    x, y, width, height = geometry.crop
    scale = min(side_px / max(width, height), 1.0)
    size = round(width * scale), round(height * scale)
    if min(size) < MIN_SIDE_PX:
        return None
    parts = (normal[y : y + height, x : x + width], geometry.sent_part(picture))
    greys = [grey_at(part, size) for part in parts]
    contrast = contrast_of(greys[0])
    here, there = (grey_to_rgb(contrast.stretch(grey)) for grey in greys)
    return here, there


def grey_at(image: RgbImage, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a picture as grey levels, (h, w) uint8, brought to (width, height)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def grey_to_rgb(grey: NDArray[np.uint8]) -> RgbImage:
    """Return grey levels (H, W) as a picture of three equal channels, as registration takes it."""
    return np.repeat(grey[..., None], 3, axis=2)
