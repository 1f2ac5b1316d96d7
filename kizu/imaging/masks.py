"""How far two annotations of one image overlap."""

import numpy as np

from kizu.imaging.arrays import Boxes, Mask
from kizu.imaging.crops import crop_of_box, union_of


def mask_iou(a: Mask, b: Mask) -> float:
    """Return intersection over union of two (H, W) masks; 0 where both are empty.

    Example:
        >>> mask_iou(np.array([[True, True]]), np.array([[True, False]]))
        0.5
    """
    union = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / union) if union else 0.0


def mask_containment(a: Mask, b: Mask) -> float:
    """Return intersection over the area of ``a``, of two (H, W) masks; 0 where ``a`` is empty.

    Example:
        >>> mask_containment(np.array([[True, True]]), np.array([[True, False]]))
        0.5
    """
    area = np.count_nonzero(a)
    return float(np.count_nonzero(a & b) / area) if area else 0.0


def box_mask(boxes: Boxes, shape: tuple[int, int]) -> Mask:
    """Fill (N, 4) xyxy boxes into one (H, W) mask.

    Example:
        >>> box_mask(np.array([[1, 0, 2, 1]], dtype=np.float32), (1, 3)).tolist()
        [[False, True, False]]
    """
    return union_of((crop_of_box(box, shape) for box in boxes), shape)
