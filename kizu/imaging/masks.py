"""How far two annotations of one image overlap."""

import cv2
import numpy as np

from kizu.imaging.arrays import Boxes, Mask
from kizu.imaging.crops import crop_of_box, union_of
from kizu.imaging.morphology import dilate


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


def boundary_f(a: Mask, b: Mask, reach_px: int) -> float:
    """Return the harmonic mean of the shares of either outline that lie near the other.

    After Martin, Fowlkes and Malik, "Learning to Detect Natural Image Boundaries" (PAMI 2004), as
    Perazzi et al. use it for segmentation (CVPR 2016). It is 0 where either (H, W) mask is empty.

    Args:
        a: (H, W) bool.
        b: (H, W) bool.
        reach_px: How far apart two outlines may lie.

    Example:
        >>> block = np.zeros((9, 9), bool); block[2:6, 2:6] = True
        >>> boundary_f(block, np.roll(block, 1, axis=1), 1)
        1.0
    """
    outlines = [
        cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        for mask in (a, b)
    ]
    if not all(outline.any() for outline in outlines):
        return 0.0
    near = [dilate(outline, reach_px) for outline in outlines]
    precision, recall = near[1][outlines[0]].mean(), near[0][outlines[1]].mean()
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0
