"""Robust weights and quantiles of what an account of the drift leaves."""

import numpy as np
from numpy.typing import NDArray

from kizu.diff.evidence.noise import CHI3_MEDIAN
from kizu.imaging.arrays import Mask

_CHI3_QUARTER = 1.10  # 25 % quantile of a chi distribution of three; 1.101


def biweight(
    size: NDArray[np.float64],
    prior: NDArray[np.float64] | Mask,
    reach: float,
    min_spread: float,
    *,
    quiet: bool = False,
) -> NDArray[np.float64]:
    """Prior weights times Tukey's, of residuals' lengths; all (N,); zero beyond `reach` deviations.

    The deviation is read from the median, or from the lower quarter if more than half may be wrong.
    """
    fraction, deviations = (0.25, _CHI3_QUARTER) if quiet else (0.5, CHI3_MEDIAN)
    spread = max(weighted_quantile(size, prior, fraction) / deviations, min_spread)
    weight = np.maximum(1 - (size / (reach * spread)) ** 2, 0) ** 2
    return np.asarray(weight * prior, np.float64)


def weighted_quantile(
    values: NDArray[np.float64], weights: NDArray[np.float64] | Mask, fraction: float
) -> float:
    """Value that a fraction of the weight lies below; of values and weights (N,)."""
    if weights.dtype == np.bool_:
        return float(np.quantile(values[weights], fraction)) if weights.any() else 0.0
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(total, fraction * total[-1])]])


def lengths(channels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean lengths (N,) of vectors by their channels (3, N)."""
    first, second, third = channels
    return np.asarray(np.sqrt(first * first + second * second + third * third), np.float64)
