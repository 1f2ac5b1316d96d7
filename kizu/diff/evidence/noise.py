"""The pair's own noise floor: how much unchanged pixels differ, given how busy they are.

The median residual in classes of equal local activity (a robust form of the level-function of Liu
et al. 2006) calibrates each image and scale for itself; up to half of a class may have changed.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kizu.diff.filters import gaussian
from kizu.imaging.arrays import FloatMap, Mask

CHI3_MEDIAN: Final = 1.54  # median of a chi distribution of three; 1.538
CHI3_MEAN: Final = 1.6  # its mean; 1.596
CHI3_Q80: Final = 2.15  # its 80 % quantile; 2.154

_SPREAD_QUANTILES = (0.2, 0.5, 0.8)  # of residuals in a class: lower fifth, median, upper fifth
_CLASSES = 24  # of equal activity; x0.7 to x1.4 no effect
_MAX_SAMPLES = 60_000  # pixels; more do not change a median; for speed
_TAIL_CAP = 2.2  # 80 % quantile in medians; 1.4 if normal, more is changed; x0.7 to x1.4 no effect
_MEDIAN_CAP = 2.0  # median in lower fifths; 1.5 if normal, more is changed; x0.7 to x1.4 no effect
_QUIETER_TAIL_CAP = 1.8  # as the cap above, beside a large change; x0.7 to x1.4 no effect
_POOLED_FRACTION = 0.3  # of the floor that all classes share; x0.7 costs .003 IoU
_MIN_NOISE_DELTA_E = 0.03  # delta E, so that the floor is never zero; x0.7 to x1.4 no effect
_DETAIL_SIGMA = (3.0, 1.5)
"""In the scale's sigma, and px more: what is no detail; x0.7 to x1.4 no effect."""
_WINDOW_SIGMA = (2.0, 1.0)  # likewise, where activity is averaged; x1.4 costs .003 IoU
_EXTRA_ACTIVITY = 1.5
"""Times the edit's activity: softened detail still counts; x0.7 to x1.4 no effect."""


def _activity(lightness: FloatMap, sigma_px: float) -> FloatMap:
    """Local RMS of the detail at the given scale; (H, W) float32."""
    detail = lightness - gaussian(lightness, _DETAIL_SIGMA[0] * sigma_px + _DETAIL_SIGMA[1])
    window_px = _WINDOW_SIGMA[0] * sigma_px + _WINDOW_SIGMA[1]
    return np.asarray(np.sqrt(gaussian(detail * detail, window_px)), np.float32)


def common_activity(predicted: FloatMap, edited: FloatMap, sigma_px: float) -> FloatMap:
    """Activity both images have; what only one has is change, and must not excuse itself.

    Args:
        predicted: (H, W, 3) float32 Lab.
        edited: The same shape.
        sigma_px: Scale of the evidence.
    """
    lightness = np.ascontiguousarray(predicted[..., 0]), np.ascontiguousarray(edited[..., 0])
    ours, theirs = (_activity(one, sigma_px) for one in lightness)
    common = np.minimum(ours, _EXTRA_ACTIVITY * theirs)
    return np.asarray(common, np.float32)


def noise_level(
    residual: FloatMap, activity: FloatMap, valid: Mask, *, mixed: bool = False
) -> FloatMap:
    """Noise floor per pixel, from the residual's medians in classes of activity.

    Args:
        residual: (H, W) float32, length of the colour residual.
        activity: (H, W) float32 local activity.
        valid: (H, W) bool, pixels that may be compared.
        mixed: Whether changed pixels may be the majority of a class. Then its lower fifth, which
            unchanged classes exceed by a known factor only, holds the rest down.

    Returns:
        (H, W) float32 delta E, at least 0.03.
    """
    step = max(int(np.sqrt(residual.size / _MAX_SAMPLES)), 1)
    sample = valid[::step, ::step]
    if np.count_nonzero(sample) < _CLASSES:
        return np.full(residual.shape, 1.0, np.float32)
    curve = _noise_curve(
        activity[::step, ::step][sample], residual[::step, ::step][sample], mixed=mixed
    )
    level = (1 - _POOLED_FRACTION) * np.interp(activity, *curve) + _POOLED_FRACTION * np.median(
        curve[1]
    )
    return np.asarray(level + _MIN_NOISE_DELTA_E, np.float32)


def _noise_curve(
    activity: FloatMap, residual: FloatMap, *, mixed: bool
) -> tuple[FloatMap, FloatMap]:
    order = _rising(activity)[: len(activity) // _CLASSES * _CLASSES].reshape(_CLASSES, -1)
    centres = _quantiles(activity[order], (0.5,))[0].astype(np.float32)  # sorted by it
    levels = _spreads(_quantiles(np.sort(residual[order], axis=1), _SPREAD_QUANTILES), mixed=mixed)
    smooth = np.convolve(np.pad(levels, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    return centres, smooth.astype(np.float32)


def _rising(values: FloatMap) -> NDArray[np.int64]:
    """Places of values (N,), none of them negative, by rising value, and of equal ones by place.

    Floats that are not negative are in the order of their bits. With the place beside them all are
    unlike, so that the fastest sort gives one order on every machine.
    """
    bits = np.abs(values).view(np.uint32).astype(np.int64)
    return np.sort((bits << 32) | np.arange(len(values))) & 0xFFFFFFFF


def _quantiles(rising: FloatMap, fractions: tuple[float, ...]) -> NDArray[np.float64]:
    """Linearly interpolated quantiles (F, M) of sorted rows (M, N); numpy's own take longer."""
    last = rising.shape[1] - 1
    place = np.array(fractions) * last
    low = np.minimum(place.astype(np.int64), max(last - 1, 0))
    share = place - low
    below, above = (rising[:, np.minimum(at, last)].astype(np.float64) for at in (low, low + 1))
    return np.asarray((below + (above - below) * share).T)


def _spreads(quantiles: NDArray[np.float64], *, mixed: bool) -> NDArray[np.float64]:
    """Deviation per colour axis behind vector lengths; the tail counts, but only so far.

    Args:
        quantiles: (3, N), the lower fifth, the median and the upper fifth of every class.
        mixed: Whether the larger lengths of a class may be changes.
    """
    q20, median, q80 = quantiles
    tail_cap = _TAIL_CAP
    if mixed:
        median, tail_cap = np.minimum(median, _MEDIAN_CAP * q20), _QUIETER_TAIL_CAP
    spread = np.maximum(median / CHI3_MEDIAN, np.minimum(q80, tail_cap * median) / CHI3_Q80)
    return np.asarray(spread, np.float64)
