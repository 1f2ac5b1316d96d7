"""CVAT's masks: the attributes of a ``<mask>`` in the format "CVAT for images 1.1".

They are a box, and run lengths in it, along the rows, that start with background.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from kizu.imaging.arrays import Mask
from kizu.imaging.crops import MaskCrop, crop_of

_BOX: Final = ("left", "top", "width", "height")


def encode_cvat(mask: Mask) -> dict[str, str]:
    """Encode a (H, W) bool mask.

    Example:
        >>> encode_cvat(np.array([[False, False, False], [False, True, False]]))
        {'rle': '0, 1', 'left': '1', 'top': '1', 'width': '1', 'height': '1'}
    """
    return encode_cvat_crop(crop_of(mask))


def encode_cvat_crop(crop: MaskCrop) -> dict[str, str]:
    """Encode a region as ``encode_cvat`` encodes its mask, without making that mask."""
    flat = crop.inside.ravel()
    changes = np.flatnonzero(np.diff(flat, prepend=False))
    runs = np.diff(changes, prepend=0, append=flat.size)
    height, width = crop.inside.shape
    return {
        "rle": ", ".join(str(run) for run in runs),
        "left": str(crop.x0),
        "top": str(crop.y0),
        "width": str(width),
        "height": str(height),
    }


def paint_cvat(drawn: Mapping[str, str], mask: Mask) -> None:
    """Add a ``<mask>`` to a (H, W) bool mask.

    Args:
        drawn: Its attributes; see ``encode_cvat``.
        mask: Is changed.

    Raises:
        ValueError: It is no mask in an image of that size.
    """
    left, top, width, height = (whole_number(drawn, side) for side in _BOX)
    runs = _numbers(drawn.get("rle"))
    rows, columns = mask.shape
    inside = 0 <= left <= columns - width and 0 <= top <= rows - height
    if not inside or min(width, height, *runs) < 0:
        raise ValueError("it has a mask beyond the edge of its image")
    if sum(runs) != width * height:
        raise ValueError("it has a mask whose run lengths do not fill its box")
    values = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
    mask[top : top + height, left : left + width] |= values


def whole_number(attributes: Mapping[str, str], name: str) -> int:
    """Return an attribute that is a whole number.

    Raises:
        ValueError: It is none.
    """
    return _numbers(attributes.get(name))[0]


def _numbers(text: str | None) -> list[int]:
    try:
        return [int(part) for part in (text or "").split(",")]
    except ValueError as error:
        cut = f"{text!r:.40}"
        raise ValueError(f"{cut} is no whole number where one is due") from error
