"""Photos as files that web services accept."""

from io import BytesIO

import numpy as np
from PIL import Image

from kizu.imaging.arrays import RgbImage

JPEG_QUALITY = 95


def shrink(image: RgbImage, max_side_px: int) -> RgbImage:
    """Return the image no larger than `max_side_px`, its proportions kept.

    >>> shrink(np.zeros((10, 40, 3), np.uint8), 20).shape
    (5, 20, 3)
    """
    small = Image.fromarray(image)
    small.thumbnail((max_side_px, max_side_px))
    return np.asarray(small)


def encoded(image: RgbImage, max_bytes: int) -> tuple[bytes, str]:
    """Return the image as PNG, or as JPEG where that is too large, and its media type."""
    png = _file(image, "PNG")
    if len(png) <= max_bytes:
        return png, "image/png"
    return _file(image, "JPEG"), "image/jpeg"


def _file(image: RgbImage, file_format: str) -> bytes:
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, file_format, quality=JPEG_QUALITY)
    return buffer.getvalue()
