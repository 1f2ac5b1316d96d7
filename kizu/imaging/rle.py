"""COCO run-length encoding of masks, through pycocotools."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from kizu.imaging.arrays import Mask
from kizu.imaging.crops import MaskCrop

_BITS: Final = 5
"""How many bits of a number one character of the counts holds, the lowest first."""


def encode_rle(mask: Mask) -> dict[str, Any]:
    """Encode a (H, W) bool mask as COCO's compressed RLE.

    Returns:
        ``{"size": [H, W], "counts": text}``; runs go down the columns and start with background.

    Example:
        >>> encode_rle(np.array([[False, True], [False, True]]))
        {'size': [2, 2], 'counts': '22'}
    """
    return _as_text(coco_mask.encode(np.asfortranarray(mask.astype(np.uint8))))


def decode_rle(rle: dict[str, Any]) -> Mask:
    """Decode what ``encode_rle`` wrote into a (H, W) bool mask."""
    return np.asarray(coco_mask.decode(_as_bytes(rle)) > 0)


def encode_crop(crop: MaskCrop, shape: tuple[int, int]) -> dict[str, Any]:
    """Encode a region as ``encode_rle`` encodes its (H, W) mask, without making that mask.

    Args:
        crop: The region.
        shape: (H, W) of the image, in pixels.

    Example:
        >>> encode_crop(MaskCrop(1, 0, np.array([[True], [True]])), (2, 2))
        {'size': [2, 2], 'counts': '22'}
    """
    height, width = shape
    columns = np.pad(crop.inside.T, ((0, 0), (1, 1)))
    column, row = np.nonzero(columns[:, 1:] != columns[:, :-1])
    changes, times = np.unique((crop.x0 + column) * height + crop.y0 + row, return_counts=True)
    changes = changes[(times == 1) & (changes < height * width)]  # twice: on into the next column
    runs = np.diff(changes, prepend=0, append=height * width)
    return _as_text(coco_mask.frPyObjects({"size": [height, width], "counts": runs}, *shape))


def decode_crop(rle: dict[str, Any]) -> MaskCrop:
    """Decode what ``encode_rle`` wrote into the region in its tight box.

    Example:
        >>> decode_crop({"size": [2, 2], "counts": "22"}).xyxy
        (1, 0, 2, 2)
    """
    height, image_width = rle["size"]
    x0, y0, width, box_height = (int(side) for side in coco_mask.toBbox(_as_bytes(rle)))
    runs = _runs(rle["counts"])
    runs[0] -= height * x0
    runs[-1] -= height * (image_width - x0 - width)
    columns = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height)
    return MaskCrop(x0, y0, columns[:, y0 : y0 + box_height].T)


def _runs(counts: str) -> NDArray[np.int64]:
    """Return the lengths in pixels of background and region in turn.

    Each number is spread over characters of five bits; from the fourth on, it is the difference
    to the number before the last.
    """
    codes = np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - ord("0")
    lasts = np.flatnonzero(codes < 1 << _BITS)  # all others say that their number goes on
    firsts = np.concatenate([[0], lasts[:-1] + 1])
    places = np.arange(len(codes)) - np.repeat(firsts, lasts - firsts + 1)
    numbers = np.add.reduceat((codes & 31) << _BITS * places, firsts)
    negative = codes[lasts] & 16 > 0
    numbers[negative] -= 1 << _BITS * (places[lasts[negative]] + 1)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def _as_text(rle: dict[str, Any]) -> dict[str, Any]:
    return {"size": list(rle["size"]), "counts": rle["counts"].decode("ascii")}


def _as_bytes(rle: dict[str, Any]) -> dict[str, Any]:
    return {**rle, "counts": rle["counts"].encode("ascii")}
