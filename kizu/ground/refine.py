"""What happens to a detector's boxes before they are segmented or published."""

import numpy as np

from kizu.ground.boxes import box_area, clip_boxes, nms
from kizu.ground.detections import Detections
from kizu.ground.settings import GroundSettings

LEAST_SIDE_PX = 1.0


def refine(detections: Detections, shape: tuple[int, int], settings: GroundSettings) -> Detections:
    """Clip, drop the impossible, keep one of each duplicate and the most confident rest.

    Boxes thinner than one pixel after clipping, not finite, or larger than
    `settings.max_area_share` of the image go; then non-maximum suppression across all phrases.

    Args:
        detections: Any boxes, with or without masks.
        shape: The image's (H, W) in pixels.
        settings: Uses nms_iou, max_boxes and max_area_share.

    Returns:
        At most max_boxes regions, most confident first.
    """
    clipped = Detections(
        clip_boxes(detections.xyxy, shape),
        detections.mask,
        detections.confidence,
        detections.phrase,
    )
    kept = clipped.select(_is_plausible(clipped, shape, settings.max_area_share))
    rows = nms(kept.xyxy, kept.confidence, settings.nms_iou)
    return kept.select(rows[: settings.max_boxes])


def _is_plausible(
    detections: Detections, shape: tuple[int, int], max_area_share: float
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    height, width = shape
    xyxy = detections.xyxy
    finite = np.isfinite(xyxy).all(axis=1) & np.isfinite(detections.confidence)
    sides = xyxy[:, 2:] - xyxy[:, :2]
    wide_enough = (sides >= LEAST_SIDE_PX).all(axis=1)
    plausible: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
        finite & wide_enough & (box_area(xyxy) <= max_area_share * height * width)
    )
    return plausible
