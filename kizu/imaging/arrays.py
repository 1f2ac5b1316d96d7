"""Names for the arrays that travel through kizu: rows first, colour as RGB, boxes in pixels."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

RgbImage: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) uint8, sRGB."""

Mask: TypeAlias = NDArray[np.bool_]
"""(H, W) bool, true where a pixel belongs."""

FloatMap: TypeAlias = NDArray[np.float32]
"""(H, W) float32."""

Boxes: TypeAlias = NDArray[np.float32]
"""(N, 4) float32 xyxy in pixels; x1 and y1 are exclusive."""


def checked_rgb(image: NDArray[np.generic], what: str) -> RgbImage:
    """Return an array that a caller gave, if it is a picture.

    Args:
        image: The array.
        what: What it is, for the error.

    Raises:
        ValueError: It is not (H, W, 3) uint8.

    >>> checked_rgb(np.zeros((2, 3)), "the photo")
    Traceback (most recent call last):
    ValueError: the photo is float64 (2, 3); give (H, W, 3) uint8 RGB, or a file
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:  # RGB
        raise ValueError(
            f"{what} is {image.dtype} {image.shape}; give (H, W, 3) uint8 RGB, or a file"
        )
    return np.ascontiguousarray(image, np.uint8)
