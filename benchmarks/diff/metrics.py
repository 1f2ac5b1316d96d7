"""How well a mask and an anomaly map fit a truth; every figure is of one pair.

Anomaly maps are calibrated to their own pair, so a common threshold over all pairs would ask for
something they do not promise: average precision and AUPRO are computed per pair and averaged.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.morphology import dilate

BOUNDARY_PX: Final = 4
HIT_IOU: Final = 0.3
MAX_FALSE_POSITIVE_RATE: Final = 0.3
_INSTANCE_GAP_PX: Final = 4
_MIN_INSTANCE_PX: Final = 16


def intersection_over_union(mask: Mask, truth: Mask) -> float:
    """Shared pixels as a share of all marked pixels; 1 for two empty masks."""
    union = np.count_nonzero(mask | truth)
    return np.count_nonzero(mask & truth) / union if union else 1.0


def average_precision(anomaly_map: FloatMap, truth: Mask) -> float:
    """Area under the precision-recall curve over pixels, as a step function.

    Args:
        anomaly_map: (H, W) float32, more means more suspicious.
        truth: (H, W) bool with at least one pixel.
    """
    right, wrong = _cumulated(anomaly_map, truth / truth.sum(), ~truth)
    gained = np.diff(right, prepend=0.0)
    found = right * truth.sum()
    return float((gained * found / np.maximum(found + wrong, 1)).sum())


def aupro(anomaly_map: FloatMap, truth: Mask) -> float:
    """Area under the per-region overlap curve up to a false-positive rate of 0.3, from 0 to 1.

    Every connected truth region counts the same, however small (Bergmann et al. 2021, The MVTec
    Anomaly Detection Dataset).

    Args:
        anomaly_map: (H, W) float32, more means more suspicious.
        truth: (H, W) bool with at least one pixel.
    """
    count, regions = cv2.connectedComponents(truth.view(np.uint8), connectivity=8)
    area = np.bincount(regions.ravel(), minlength=count).astype(np.float64)
    weight = truth / (area[regions] * (count - 1))
    overlap, wrong = _cumulated(anomaly_map, weight, ~truth)
    rate = np.r_[0.0, wrong / max(np.count_nonzero(~truth), 1)]
    overlap = np.r_[0.0, overlap]
    last = float(np.interp(MAX_FALSE_POSITIVE_RATE, rate, overlap))
    within = rate < MAX_FALSE_POSITIVE_RATE
    area_under = np.trapezoid(
        np.r_[overlap[within], last], np.r_[rate[within], MAX_FALSE_POSITIVE_RATE]
    )
    return float(area_under / MAX_FALSE_POSITIVE_RATE)


def instance_recall(mask: Mask, truth: Mask) -> float:
    """Share of the truth's instances that are marked with an IoU of at least 0.3.

    Truth regions up to 8 pixels apart are one instance; ones of fewer than 16 pixels are not asked
    for, unless there are no others. A mask region counts for the instances that it touches, less
    what belongs to others.
    """
    joined = dilate(truth, _INSTANCE_GAP_PX).view(np.uint8)
    labels = np.where(truth, cv2.connectedComponents(joined, connectivity=8)[1], 0)
    area = np.bincount(labels.ravel())
    area[0] = 0
    asked = np.flatnonzero(area >= min(_MIN_INSTANCE_PX, int(area.max())))
    marked = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)[1]
    hits = [_iou_of_instance(labels, marked, number) >= HIT_IOU for number in asked]
    return float(np.mean(hits))


def _iou_of_instance(
    labels: NDArray[np.int32], marked: NDArray[np.int32], number: np.int64
) -> float:
    instance = labels == number
    touching = np.unique(marked[instance])
    found = np.isin(marked, touching[touching > 0]) & (instance | (labels == 0))
    return intersection_over_union(found, instance)


def _cumulated(
    anomaly_map: FloatMap, weight: NDArray[np.float64], wrong: Mask
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weight and wrong pixels at or above every distinct score, largest score first."""
    scores = anomaly_map.ravel()
    order = np.argsort(-scores)
    ends = np.r_[np.flatnonzero(np.diff(scores[order])), len(order) - 1]
    return np.cumsum(weight.ravel()[order])[ends], np.cumsum(wrong.ravel()[order])[ends] * 1.0
