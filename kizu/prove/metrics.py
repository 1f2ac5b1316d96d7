"""Pixel AP, AUPRO and AUROC from counts of scores, for many weightings of the parts at once."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]
"""(D, bins): one row per weighting, scores ascending."""

AUPRO_LIMIT: Final = 0.3
"""False-positive rate up to which AUPRO is integrated, as MVTec AD does."""


def average_precision(positive: Counts, negative: Counts) -> NDArray[np.float64]:
    """Return the average precision of each weighting, (D,); nan where nothing is positive.

    Equal scores are one threshold, as in scikit-learn.

    Example:
        >>> average_precision(np.array([[0.0, 1, 1]]), np.array([[1.0, 1, 0]])).round(4).tolist()
        [0.8333]
    """
    found, wrong = _from_the_top(positive), _from_the_top(negative)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.nan_to_num(found / (found + wrong))
        total = found[:, -1]
        return np.asarray((precision * positive[:, ::-1]).sum(axis=1) / total)


def auroc(positive: Counts, negative: Counts) -> NDArray[np.float64]:
    """Return the area under the ROC curve of each weighting, (D,); ties count half.

    Example:
        >>> auroc(np.array([[0.0, 1, 1]]), np.array([[1.0, 1, 0]])).tolist()
        [0.875]
    """
    below = np.cumsum(negative, axis=1) - negative / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(
            (positive * below).sum(axis=1) / positive.sum(axis=1) / negative.sum(axis=1)
        )


def aupro(regions: Counts, negative: Counts) -> NDArray[np.float64]:
    """Return the area under the per-region overlap curve up to ``AUPRO_LIMIT``, scaled to 0..1.

    Args:
        regions: Scores of the defects' pixels, each region's summing to 1 times its weight.
        negative: Scores of pixels without a defect.

    Returns:
        (D,); nan where there is no region.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        overlap = _from_the_top(regions) / regions.sum(axis=1, keepdims=True)
        rate = _from_the_top(negative) / negative.sum(axis=1, keepdims=True)
    start = np.zeros((len(rate), 1))
    rate, overlap = np.hstack([start, rate]), np.hstack([start, overlap])
    left, right = rate[:, :-1], rate[:, 1:]
    low, high = overlap[:, :-1], overlap[:, 1:]
    width = right - left
    inside = np.clip(AUPRO_LIMIT - left, 0, width)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.nan_to_num(inside / width)
    at_end = low + (high - low) * share
    return np.asarray(((low + at_end) / 2 * inside).sum(axis=1) / AUPRO_LIMIT)


def _from_the_top(counts: Counts) -> Counts:
    return np.cumsum(counts[:, ::-1], axis=1)
