"""Turns a map of probabilities into separate regions."""

from collections.abc import Sequence

import numpy as np

from kizu.grounding.detections import Detections
from kizu.imaging.arrays import FloatMap
from kizu.imaging.crops import connected_regions

LEAST_AREA_PX = 4


def regions_of_map(probability: FloatMap, threshold: float, phrase: str, most: int) -> Detections:
    """Return the connected regions where a map reaches a threshold.

    Args:
        probability: (H, W) float32.
        threshold: Least probability of a region's pixel.
        phrase: What the map is of.
        most: Number of regions to keep at most, the most confident first.

    Returns:
        Regions with their masks; the confidence is the mean probability inside.

    >>> spot = np.zeros((5, 8), np.float32)
    >>> spot[1:3, 4:7] = 0.9
    >>> regions_of_map(spot, 0.5, "a stain", 20).xyxy.tolist()
    [[4.0, 1.0, 7.0, 3.0]]
    """
    regions = connected_regions(np.asarray(probability >= threshold))
    large = [region for region in regions if region.area_px >= LEAST_AREA_PX]
    mean = np.array([region.mean_of(probability) for region in large], np.float32)
    order = np.argsort(-mean, kind="stable")[:most]
    xyxy = np.array([large[row].xyxy for row in order], np.float32).reshape(-1, 4)
    mask = np.zeros((len(order), *probability.shape), np.bool_)
    for instance, row in zip(mask, order, strict=True):
        instance[large[row].window] = large[row].inside
    return Detections(xyxy, mask, mean[order], (phrase,) * len(order))


def join(parts: Sequence[Detections], shape: tuple[int, int]) -> Detections:
    """Return the rows of all parts in order, with their masks of (H, W) pixels."""
    masks = [np.zeros((0, *shape), np.bool_)] + [p.mask for p in parts if p.mask is not None]
    return Detections(
        np.concatenate([np.zeros((0, 4), np.float32), *(part.xyxy for part in parts)]),
        np.concatenate(masks),
        np.concatenate([np.zeros(0, np.float32), *(part.confidence for part in parts)]),
        tuple(phrase for part in parts for phrase in part.phrase),
    )
