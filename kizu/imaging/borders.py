"""How a picture goes on beyond its border where it is resampled."""

from typing import Any

import cv2
from numpy.typing import NDArray


def mirrored_border(picture: NDArray[Any]) -> int:
    """Return OpenCV's border mode that mirrors a picture at its outermost pixels.

    ``BORDER_REFLECT_101``, but for pictures with a side of one pixel, in which OpenCV 5.0's cubic
    remap looks for the mirrored pixel for ever; there the border repeats that pixel first.

    Args:
        picture: (H, W) or (H, W, channels).
    """
    return cv2.BORDER_REFLECT if 1 in picture.shape[:2] else cv2.BORDER_REFLECT_101
