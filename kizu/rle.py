"""COCO run-length encoding of masks, through pycocotools."""

from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from kizu.arrays import Mask


def encode_rle(mask: Mask) -> dict[str, Any]:
    """Encode a (H, W) bool mask as COCO's compressed RLE.

    Returns:
        ``{"size": [H, W], "counts": text}``; runs go down the columns and start with background.

    Example:
        >>> encode_rle(np.array([[False, True], [False, True]]))
        {'size': [2, 2], 'counts': '22'}
    """
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(rle["size"]), "counts": rle["counts"].decode("ascii")}


def decode_rle(rle: dict[str, Any]) -> Mask:
    """Decode what ``encode_rle`` wrote into a (H, W) bool mask."""
    return np.asarray(coco_mask.decode({**rle, "counts": rle["counts"].encode("ascii")}) > 0)
