"""Arithmetic on (N, 4) float32 xyxy boxes in pixels."""

import numpy as np
from numpy.typing import NDArray

from kizu.arrays import Boxes


def clip_boxes(xyxy: Boxes, shape: tuple[int, int]) -> Boxes:
    """Return the boxes cut to an image of (H, W) pixels.

    >>> clip_boxes(np.array([[-2, 1, 9, 9]], np.float32), (4, 6)).tolist()
    [[0.0, 1.0, 6.0, 4.0]]
    """
    height, width = shape
    return xyxy.clip(0, np.array([width, height, width, height], np.float32))


def box_area(xyxy: Boxes) -> NDArray[np.float32]:
    """Return (N,) areas in square pixels; a box turned inside out has none.

    >>> box_area(np.array([[0, 0, 2, 3], [4, 4, 1, 1]], np.float32)).tolist()
    [6.0, 0.0]
    """
    sides = (xyxy[:, 2:] - xyxy[:, :2]).clip(min=0)
    area: NDArray[np.float32] = sides[:, 0] * sides[:, 1]
    return area


def box_iou(left: Boxes, right: Boxes) -> NDArray[np.float32]:
    """Return (N, M) intersection over union of every pair; 0 where both are empty.

    >>> box_iou(np.array([[0, 0, 2, 1]], np.float32), np.array([[1, 0, 3, 1]], np.float32))
    array([[0.33333334]], dtype=float32)
    """
    low = np.maximum(left[:, None, :2], right[None, :, :2])
    high = np.minimum(left[:, None, 2:], right[None, :, 2:])
    overlap = (high - low).clip(min=0).prod(axis=2)
    union = box_area(left)[:, None] + box_area(right)[None, :] - overlap
    iou = np.zeros(overlap.shape, np.float32)
    np.divide(overlap, union, out=iou, where=union > 0)
    return iou


def nms(xyxy: Boxes, confidence: NDArray[np.float32], iou_threshold: float) -> NDArray[np.intp]:
    """Return the rows that stay, most confident first (greedy non-maximum suppression).

    Ties keep the order of the input, so equal input gives equal output.

    >>> boxes = np.array([[0, 0, 4, 4], [0, 0, 4, 5], [8, 8, 9, 9]], np.float32)
    >>> nms(boxes, np.array([0.5, 0.9, 0.1], np.float32), 0.5).tolist()
    [1, 2]
    """
    order = np.argsort(-confidence, kind="stable")
    iou = box_iou(xyxy[order], xyxy[order])
    alive = np.ones(len(order), dtype=np.bool_)
    for rank in range(len(order)):
        if alive[rank]:
            alive[rank + 1 :] &= iou[rank, rank + 1 :] <= iou_threshold
    return order[alive]


def cxcywh_to_xyxy(cxcywh: NDArray[np.float32], shape: tuple[int, int]) -> Boxes:
    """Return pixel boxes of (N, 4) centre-size boxes given as shares of an (H, W) image.

    >>> cxcywh_to_xyxy(np.array([[0.5, 0.5, 0.5, 1.0]], np.float32), (10, 40)).tolist()
    [[10.0, 0.0, 30.0, 10.0]]
    """
    height, width = shape
    centre, half = cxcywh[:, :2], cxcywh[:, 2:] / 2
    scale = np.array([width, height, width, height], np.float32)
    xyxy: Boxes = np.concatenate([centre - half, centre + half], axis=1) * scale
    return xyxy
