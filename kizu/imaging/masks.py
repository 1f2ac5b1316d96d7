"""How far two annotations of one image overlap."""

import numpy as np

from kizu.imaging.arrays import Boxes, Mask


def mask_iou(a: Mask, b: Mask) -> float:
    """Return intersection over union of two (H, W) masks; 0 where both are empty.

    Example:
        >>> mask_iou(np.array([[True, True]]), np.array([[True, False]]))
        0.5
    """
    union = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / union) if union else 0.0


def coverage(a: Mask, b: Mask) -> float:
    """Return the share of mask ``a`` that lies inside mask ``b``; 0 where ``a`` is empty.

    Example:
        >>> coverage(np.array([[True, True]]), np.array([[True, False]]))
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
    mask = np.zeros(shape, dtype=bool)
    for x0, y0, x1, y1 in np.rint(boxes).astype(int):
        mask[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = True
    return mask
