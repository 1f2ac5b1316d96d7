"""What happens to a detector's boxes before they are segmented or published."""

import numpy as np
from numpy.typing import NDArray

from kizu.grounding.detections import Detections
from kizu.grounding.settings import GroundingSettings
from kizu.imaging.boxes import box_area, box_iou, clip_boxes, nms
from kizu.imaging.masks import mask_iou

LEAST_SIDE_PX = 1.0


def refine(
    detections: Detections, shape: tuple[int, int], settings: GroundingSettings
) -> Detections:
    """Clip, drop the impossible, keep one of each duplicate and the most confident rest.

    Args:
        detections: Any boxes, with or without masks.
        shape: The image's (H, W) in pixels.
        settings: Uses nms_iou, max_boxes and max_area_fraction.

    Returns:
        At most max_boxes regions, most confident first.
    """
    clipped = _clip(detections, shape)
    return clipped.select(refined_rows(clipped, shape, settings))


def refined_rows(
    detections: Detections, shape: tuple[int, int], settings: GroundingSettings
) -> NDArray[np.intp]:
    """Return the rows that `refine` keeps, in its order.

    Boxes thinner than one pixel after clipping, not finite, or of regions larger than
    `settings.max_area_fraction` of the image go; then non-maximum suppression across all phrases.
    """
    clipped = _clip(detections, shape)
    plausible = np.flatnonzero(_is_plausible(clipped, shape, settings.max_area_fraction))
    overlap = region_iou(clipped.select(plausible), settings.nms_iou)
    kept = nms(overlap, clipped.confidence[plausible], settings.nms_iou)
    rows: NDArray[np.intp] = plausible[kept][: settings.max_boxes]
    return rows


def region_iou(detections: Detections, least_iou: float) -> NDArray[np.float32]:
    """Return the (N, N) overlap of every pair: of their masks if there are any, else boxes.

    Masks are compared only where boxes overlap more than `least_iou`; elsewhere the boxes'
    overlap stands for theirs.
    """
    iou = box_iou(detections.xyxy, detections.xyxy)
    if detections.mask is None:
        return iou
    for row, column in np.argwhere(np.triu(iou > least_iou, k=1)):
        overlap = mask_iou(detections.mask[row], detections.mask[column])
        iou[row, column] = iou[column, row] = overlap
    return iou


def _clip(detections: Detections, shape: tuple[int, int]) -> Detections:
    xyxy = clip_boxes(detections.xyxy, shape)
    return Detections(xyxy, detections.mask, detections.confidence, detections.phrase)


def _is_plausible(
    detections: Detections, shape: tuple[int, int], max_area_fraction: float
) -> NDArray[np.bool_]:
    height, width = shape
    xyxy = detections.xyxy
    finite = np.isfinite(xyxy).all(axis=1) & np.isfinite(detections.confidence)
    wide_enough = (xyxy[:, 2:] - xyxy[:, :2] >= LEAST_SIDE_PX).all(axis=1)
    small_enough = _area_px(detections) <= max_area_fraction * height * width
    plausible: NDArray[np.bool_] = finite & wide_enough & small_enough
    return plausible


def _area_px(detections: Detections) -> NDArray[np.float32]:
    if detections.mask is None:
        return box_area(detections.xyxy)
    area: NDArray[np.float32] = detections.mask.sum(axis=(1, 2), dtype=np.float32)
    return area
