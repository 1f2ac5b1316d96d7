"""How much of every pixel a soft layer covers: stains, haze and discolouration have no edge.

A layer that lies over a surface changes its colours by one map, and covers each pixel by a share
(the compositing equation of Porter and Duff 1984). The map is fitted where the change is full, the
share follows everywhere, and the layer ends where it covers half: on dark ground as on light, which
the size of the change alone would not show.
"""

import numpy as np
from numpy.typing import NDArray

from kizu.diff.filters import dot, gaussian, magnitude
from kizu.imaging.arrays import FloatMap, Mask

_ROUNDS = 3  # of fitting the full change; x0.7 to x1.4 no effect
_FULL_FRACTION = 0.7  # of the upper level: full there; x1.4 costs .005 IoU
_UPPER_QUANTILE = 0.8  # of the change's size: the upper level; x0.7 to x1.4 no effect
_MIN_FULL_PX = 50  # px; fewer fit no affine map of colours (12 numbers); x0.7 to x1.4 no effect
_RIDGE_DELTA_E = 2.7  # delta E; surfaces that vary less give one offset; x0.7 to x1.4 no effect
_MIN_EXPLAINED = 0.95  # of the change's power; less is no layer; x1.4 costs .003 IoU
_MIN_POWER = 1.0  # delta E squared, so that nothing is no divisor; x0.7 to x1.4 no effect


def layer_coverage(
    part: Mask, residual: FloatMap, predicted: FloatMap, sigma_px: float
) -> FloatMap | None:
    """Share of each pixel that one layer covers, about 0 to 1; None if no single layer fits.

    A part that is missing, a dent with a light and a dark side or another texture is no layer.

    Args:
        part: (H, W) bool, where the change is.
        residual: (H, W, 3) float32 Lab, edited minus predicted.
        predicted: (H, W, 3) float32 Lab, the surface below.
        sigma_px: Blur that makes the change clear of the noise.
    """
    soft = gaussian(residual, sigma_px)
    size = magnitude(soft)
    full = part & (size > _FULL_FRACTION * np.quantile(size[part], _UPPER_QUANTILE))
    for _ in range(_ROUNDS):
        if np.count_nonzero(full) < _MIN_FULL_PX:
            return None
        change = _full_change(full, residual, predicted)
        coverage = _coverage_of(change, residual, sigma_px)
        usual = max(float(np.median(coverage[full])), 1e-3)
        full = part & (coverage > _FULL_FRACTION * usual)
    left = gaussian(residual - np.clip(coverage, 0, usual)[..., None] * change, sigma_px)
    unexplained = _power(left[part]) / max(_power(soft[part]), 1e-6)
    return None if unexplained > 1 - _MIN_EXPLAINED else np.asarray(coverage / usual, np.float32)


def _full_change(full: Mask, residual: FloatMap, predicted: FloatMap) -> FloatMap:
    """What the layer would do to every pixel: affine in its colour, fitted with a ridge."""
    surface, change = predicted[full].astype(np.float64), residual[full].astype(np.float64)
    mean = surface.mean(axis=0)
    centred = surface - mean
    ridge = len(centred) * _RIDGE_DELTA_E**2 * np.eye(3)
    slope = np.linalg.solve(centred.T @ centred + ridge, centred.T @ change)
    offset = change.mean(axis=0) - mean @ slope
    return np.asarray(predicted @ slope.astype(np.float32) + offset, np.float32)


def _coverage_of(change: FloatMap, residual: FloatMap, sigma_px: float) -> FloatMap:
    """Least-squares share of the full change, in a Gaussian window."""
    pull = gaussian(dot(residual, change), sigma_px)
    curvature = gaussian(dot(change, change), sigma_px)
    return np.asarray(pull / np.maximum(curvature, np.float32(_MIN_POWER)), np.float32)


def _power(vectors: NDArray[np.float32]) -> float:
    return float((vectors.astype(np.float64) ** 2).sum())
