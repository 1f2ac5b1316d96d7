"""Outlines that a segmenter draws where the diff points, and which of them may be a label's.

A segmenter that is shown the diff's own box and points draws what lies there, whether or not it is
a defect: its mask agrees with the diff because it was told to. So it is no second witness. It may
move the outline of a region that the diff found, by a little, and nothing that a verdict follows
from is measured on it.
"""

from collections.abc import Iterable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.agree.fusion import Fused
from kizu.agree.regions import near, within
from kizu.agree.testimony import SAME_PLACE_IOU, is_region
from kizu.imaging.arrays import Mask
from kizu.imaging.crops import MaskCrop, crop_iou, crop_of, union_of

MOST_POINTS: Final = 3
"""Points in one region: several leave SAM no doubt between a part and the whole of an object
(Kirillov et al., arXiv 2304.02643, section 3), and more were not tried."""
_LEAST_DEPTH: Final = 0.5
"""Of a region's deepest pixel, how deep every point lies, so that none stands on an outline."""


def points_in(region: MaskCrop) -> NDArray[np.float32]:
    """Return (N, 2) float32 pixels (x, y) of the image, deep inside a region and far apart.

    The first is the deepest; each other is the farthest from those before it.

    Args:
        region: Any region that is not empty.

    Example:
        >>> points_in(MaskCrop(10, 20, np.ones((1, 9), bool))).tolist()
        [[10.5, 20.5], [18.5, 20.5], [14.5, 20.5]]
    """
    framed = cv2.copyMakeBorder(
        region.inside.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0
    )
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    deep = np.argwhere(depth >= _LEAST_DEPTH * depth.max())
    at = [int(np.argmax(depth[deep[:, 0], deep[:, 1]]))]
    apart = np.full(len(deep), np.inf)
    while len(at) < min(MOST_POINTS, len(deep)):
        apart = np.minimum(apart, np.hypot(*(deep - deep[at[-1]]).T))
        at.append(int(apart.argmax()))
    places = deep[at][:, ::-1] + np.array([region.x0, region.y0]) + 0.5
    return np.asarray(places, np.float32)


def outline_of(region: MaskCrop, drawn: Iterable[Mask], shape: tuple[int, int]) -> MaskCrop | None:
    """Choose the outline of a region among what a segmenter drew there; None if nothing is it.

    It must lie mostly in the region's box and be no more than half of the picture, as a testimony
    must, and overlap the region as two names of one thing do. The one that overlaps it most is
    taken, and of that what lies near the region.

    Args:
        region: What the diff found.
        drawn: (H, W) bool each.
        shape: (H, W) of the picture.
    """
    box = np.array(region.xyxy, np.float32)
    crops = [crop for crop in map(crop_of, drawn) if is_region(crop, box, shape)]
    best = max(crops, key=lambda crop: crop_iou(region, crop), default=None)
    if best is None or crop_iou(region, best) < SAME_PLACE_IOU:
        return None
    reach = within(union_of([region], shape), near(shape))
    return crop_of(union_of([best], shape) & reach)


def with_outlines(fused: Fused, outlines: Iterable[MaskCrop | None]) -> Mask:
    """Return the mask of record with other outlines, (H, W) bool.

    Args:
        fused: The mask of record, and the regions it was chosen from.
        outlines: Of each region, in their order; None where it keeps its own.
    """
    kept = (
        outline or region.crop
        for region, outline in zip(fused.regions, outlines, strict=True)
        if region.is_kept
    )
    return union_of(kept, (fused.mask.shape[0], fused.mask.shape[1]))
