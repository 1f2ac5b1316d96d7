"""What is known of a defect beforehand - its size and place - as a judgement of regions.

After the prompt regularisation of Cao et al., "Segment Any Anomaly without Training via Hybrid
Prompt Regularization" (arXiv 2305.10724), which keeps regions of plausible area and place.
"""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kizu.grounding.detections import Detections
from kizu.grounding.encoded import EncodedDetections
from kizu.imaging.arrays import Mask

NO_AREA = 1e-12

Found = TypeVar("Found", Detections, EncodedDetections)


def with_priors(
    detections: Found,
    shape: tuple[int, int],
    *,
    area_fraction: tuple[float, float] | None = None,
    region: Mask | None = None,
) -> Found:
    """Return the detections with confidences that count their size and place, surest first.

    Annotations stay independent of such knowledge and can be cached; this comes after them.

    Args:
        detections: Regions of one image.
        shape: The image's (H, W) in pixels.
        area_fraction: Least and largest expected area, as fractions of the image. A region k times
            too small or too large keeps 1/k of its confidence.
        region: (H, W) bool where the defect was asked for. A region keeps the fraction of its
            confidence that it has of its area inside.

    Returns:
        The same regions without those that lie wholly outside `region`.

    Raises:
        ValueError: If `region` is not of the image's shape.
    """
    if region is not None and region.shape != shape:
        raise ValueError(f"region is {region.shape}, the image is {shape}; give one of its size")
    area_px, inside_px = _areas_px(detections, shape, region)
    weight = np.ones(len(detections), np.float32)
    if area_fraction is not None:
        weight *= area_fit(area_px / np.float32(shape[0] * shape[1]), area_fraction)
    if region is not None:
        weight *= inside_px / area_px.clip(min=1)
    weighted = replace(detections, confidence=detections.confidence * weight)
    order = np.argsort(-weighted.confidence, kind="stable")
    return weighted.select(order[weight[order] > 0])


def area_fit(
    area_fraction: NDArray[np.float32], expected: tuple[float, float]
) -> NDArray[np.float32]:
    """Return 1 for areas inside the expected range, and 1/k for those k times beyond it.

    >>> area_fit(np.array([0.01, 0.05, 0.4], np.float32), (0.02, 0.1)).round(3).tolist()
    [0.5, 1.0, 0.25]
    """
    least, most = expected
    too_small = area_fraction / np.float32(max(least, NO_AREA))
    too_large = np.float32(most) / area_fraction.clip(min=NO_AREA)
    fit: NDArray[np.float32] = np.minimum(too_small, too_large).clip(0, 1)
    return fit


def _areas_px(
    detections: Detections | EncodedDetections, shape: tuple[int, int], region: Mask | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return each region's area, (N,) px, and how much of it is inside `region`, (N,) px."""
    areas = [
        (crop.area_px, 0 if region is None else np.count_nonzero(crop.inside & region[crop.window]))
        for crop in detections.crops(shape)
    ]
    area_px, inside_px = np.array(areas, np.float32).reshape(-1, 2).T
    return area_px, inside_px
