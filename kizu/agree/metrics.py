"""How far two annotations of one image overlap."""

import numpy as np

from kizu.arrays import Boxes, Mask


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


def box_of(mask: Mask) -> Boxes:
    """Return the tight box of a mask, (1, 4) float32 xyxy; (0, 4) where it is empty.

    Example:
        >>> box_of(np.array([[False, True], [False, True]]))
        array([[1., 0., 2., 2.]], dtype=float32)
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return np.zeros((0, 4), dtype=np.float32)
    x0, x1, y0, y1 = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
    return np.array([[x0, y0, x1, y1]], dtype=np.float32)


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
