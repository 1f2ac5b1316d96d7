"""A region as a drawing over the photo: its outline, in a colour that products do not have."""

import io
from typing import Final

import cv2
import numpy as np
from PIL import Image

from kizu.imaging.arrays import Mask

MARKUP_VERSION: Final = "1"
"""Changes when the same region comes to be drawn in another way; then edits are bought anew."""

_INK: Final = (255, 0, 255, 255)
"""Opaque magenta: the prompt names it, and bare metal, wood and most plastics do not have it."""
_LINE_SHARE: Final = 0.004
"""Width of the line over the picture's longer edge: 4 px at 1024, seen after scaling to 512."""
_THINNEST_PX: Final = 3


def encode_markup(region: Mask) -> bytes:
    """Encode the outline of a (H, W) bool region as a PNG that is transparent elsewhere.

    The line runs outside of the region, which stays visible; along the picture's border where
    everything is allowed.
    """
    pixels = np.zeros((*region.shape, 4), np.uint8)
    pixels[_outline(region)] = _INK
    file = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(file, "PNG")
    return file.getvalue()


def _outline(region: Mask) -> Mask:
    width = max(round(_LINE_SHARE * max(region.shape)), _THINNEST_PX)
    if region.all():
        inner = np.zeros_like(region)
        inner[width:-width, width:-width] = True
        return ~inner
    brush = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    return np.asarray((cv2.dilate(region.astype(np.uint8), brush) > 0) & ~region)
