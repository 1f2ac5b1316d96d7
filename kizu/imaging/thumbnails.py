"""Small grey pictures, by which photographs are compared with all others."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import RgbImage

SIDE_PX: Final = 128
"""Px of the long side: what JPEG and a sensor add is averaged away in a photo of some megapixels,
and what a part has alone is still to be seen."""
_LEAST_SIDE_PX: Final = 8  # px; a picture of one line has no grain to compare


def thumbnail(image: RgbImage) -> NDArray[np.uint8]:
    """Return a picture (H, W, 3) as (h, w) grey levels, 128 px at its long side at most."""
    height, width = image.shape[:2]
    scale = min(SIDE_PX / max(height, width), 1.0)
    size = tuple(max(_LEAST_SIDE_PX, round(side * scale)) for side in (width, height))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
