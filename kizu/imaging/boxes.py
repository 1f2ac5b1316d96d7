"""Arithmetic on (N, 4) float32 xyxy boxes in pixels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import Boxes, Mask
from kizu.imaging.crops import crop_of


def clip_boxes(xyxy: Boxes, shape: tuple[int, int], margin_px: float = 0.0) -> Boxes:
    """Return the boxes cut to an image of (H, W) pixels.

    Args:
        xyxy: (N, 4) float32 pixels.
        shape: (H, W) of the image.
        margin_px: How far inside the image's edge their sides have to stay.

    >>> clip_boxes(np.array([[-2, 1, 9, 9]], np.float32), (4, 6)).tolist()
    [[0.0, 1.0, 6.0, 4.0]]
    """
    height, width = shape
    end = np.array([width, height, width, height]) - margin_px
    return np.asarray(xyxy.clip(margin_px, np.maximum(end, margin_px)), np.float32)


def box_of(mask: Mask) -> Boxes:
    """Return the tight box of a mask, (1, 4) float32 xyxy; (0, 4) where it is empty.

    >>> box_of(np.array([[False, True], [False, True]]))
    array([[1., 0., 2., 2.]], dtype=float32)
    """
    crop = crop_of(mask)
    return np.array([crop.xyxy] if crop.inside.size else [], np.float32).reshape(-1, 4)


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


def nms(
    iou: NDArray[np.float32], confidence: NDArray[np.float32], iou_threshold: float
) -> NDArray[np.intp]:
    """Return the rows that stay, most confident first (greedy non-maximum suppression).

    Ties keep the order of the input, so equal input gives equal output.

    Args:
        iou: (N, N) overlap of every pair.
        confidence: (N,).
        iou_threshold: Of two rows that overlap more than this, the surer one stays.

    >>> overlap = np.array([[1, 0.8, 0], [0.8, 1, 0], [0, 0, 1]], np.float32)
    >>> nms(overlap, np.array([0.5, 0.9, 0.1], np.float32), 0.5).tolist()
    [1, 2]
    """
    order = np.argsort(-confidence, kind="stable")
    alive = np.ones(len(order), dtype=np.bool_)
    for rank, row in enumerate(order):
        if alive[rank]:
            alive[rank + 1 :] &= iou[row, order[rank + 1 :]] <= iou_threshold
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


def scale_boxes(xyxy: Boxes, shape: tuple[int, int], resized: Sequence[int]) -> Boxes:
    """Return the boxes in pixels of the resized image.

    Args:
        xyxy: (N, 4) float32 pixels of the original image.
        shape: Original (H, W).
        resized: Resized (H, W), before padding.

    >>> scale_boxes(np.array([[1, 1, 2, 2]], np.float32), (2, 4), (8, 16)).tolist()
    [[4.0, 4.0, 8.0, 8.0]]
    """
    down, right = resized[0] / shape[0], resized[1] / shape[1]
    return xyxy * np.array([right, down, right, down], np.float32)
