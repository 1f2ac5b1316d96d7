"""Carries detections from one picture's frame into another's of the same size."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.grounding.encoded import EncodedDetections
from kizu.imaging.arrays import Boxes
from kizu.imaging.crops import MaskCrop, crop_of_box
from kizu.imaging.rle import decode_crop, encode_crop

_ROUNDING_PX: Final = np.array([-2, -2, 2, 2], np.float32)
"""By how much a moved box grows, so that no pixel of its region is rounded out of it."""
_NO_FRACTIONS: Final = np.empty(0, np.uint16)


def move_detections(found: EncodedDetections, affine: NDArray[np.float64]) -> EncodedDetections:
    """Carry detections into another frame of the same size.

    Args:
        found: Detections.
        affine: (2, 3) float64, maps (x, y, 1) px of their frame to the other one.
    """
    rle = found.rle and tuple(_move_masks(found.rle, affine))
    return replace(found, xyxy=_move_boxes(found.xyxy, affine), rle=rle)


def _move_boxes(boxes: Boxes, affine: NDArray[np.float64]) -> Boxes:
    x0, y0, x1, y1 = (boxes - 0.5).T  # edges to pixel-centre coordinates
    corners = np.stack([x0, y0, x1, y0, x1, y1, x0, y1], axis=1).reshape(-1, 4, 2)
    moved = corners @ affine[:, :2].T + affine[:, 2] + 0.5
    ordered = np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1)
    return np.asarray(ordered, dtype=np.float32)


def _move_masks(
    rles: Sequence[dict[str, Any]], affine: NDArray[np.float64]
) -> Iterator[dict[str, Any]]:
    shape = rles[0]["size"][0], rles[0]["size"][1]
    origins = _origins(affine, shape)
    for rle in rles:
        yield encode_crop(_move_crop(decode_crop(rle), affine, origins), shape)


def _origins(affine: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.int16]:
    """Return (H, W, 2): from which x and y px a moved picture's pixels come; -1 from outside it.

    OpenCV itself says so, by moving pictures of the places. Were a crop moved by an affine of its
    own, some pixels would be rounded to other places than in the whole picture; and in a picture
    of int16, OpenCV rounds otherwise than in one of uint8 or uint16.
    """
    height, width = shape
    places = np.arange(1, width + 1), np.arange(1, height + 1)[:, None]  # 0 is outside
    origins = np.empty((height, width, 2), np.int16)
    for axis, place in enumerate(places):
        picture = np.broadcast_to(place, shape).astype(np.uint16, order="C")
        origins[..., axis] = cv2.warpAffine(
            picture, affine, (width, height), flags=cv2.INTER_NEAREST
        )
    origins -= 1
    return origins


def _move_crop(crop: MaskCrop, affine: NDArray[np.float64], origins: NDArray[np.int16]) -> MaskCrop:
    place = crop_of_box(_reach(crop, affine), (origins.shape[0], origins.shape[1]))
    if not (crop.inside.size and place.inside.size):
        return MaskCrop(0, 0, np.zeros((0, 0), np.bool_))
    sources = origins[place.window] - np.array([crop.x0, crop.y0], np.int16)
    moved = cv2.remap(crop.inside.astype(np.uint8), sources, _NO_FRACTIONS, cv2.INTER_NEAREST)
    return replace(place, inside=moved > 0)


def _reach(crop: MaskCrop, affine: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return a box, (4,) px, that holds every pixel of a moved crop however it is turned."""
    [reach] = _move_boxes(np.array([crop.xyxy], np.float32), affine)
    return np.asarray(reach + _ROUNDING_PX)
