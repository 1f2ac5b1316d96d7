"""What repeats itself every few pixels, such as a weave, a mesh or a screen.

Reduced to cells as large as half of its period it vanishes, or comes back as another pattern that
moves otherwise; so it is registered at a size at which it still shows.
"""

import numpy as np

from kizu.imaging.arrays import FloatMap

_LEAST_SIDE_PX = 320  # px; smaller pictures are not reduced at all, and blocks see most of them
_TILE_PX = 128  # px a side of a tile whose spectrum is taken; six periods of the longest
_TILES_PER_SIDE = 4  # tiles along each side, evenly; for speed
_LONGEST_PX = 20.0  # px; what repeats itself less often survives any reduction that is used
_BROAD_PX = 64.0  # px; broader structure is no detail
_PEAK_BINS = 16  # of a spectrum, some two peaks and their skirts, as the window makes them
_PEAKS_FRACTION = 0.5
"""Of the fine detail's power in its peaks: cloth 0.55 to 0.78, most of 40 other scenes below 0.42;
a brick wall and a cell have that much, but hardly any fine detail."""
_FINE_RATIO = 1.0  # fine to broader detail, in power: cloth 2.7 at least, those two 0.3 at most
_CELLS_PER_PERIOD = 5  # cells that show a period and which way it moved; two are the limit


def period_of(grey: FloatMap) -> float:
    """Shortest distance at which a picture that is full of repetition repeats itself.

    The mean spectrum of windowed tiles (Welch 1967) is asked: most of the power of the fine detail
    lies in a few peaks, and there is more of it than of broader detail.

    Args:
        grey: (H, W) float32.

    Returns:
        Pixels; infinite where nothing of the kind is seen, or nothing shorter than 20 pixels.
    """
    if min(grey.shape) < _LEAST_SIDE_PX:
        return np.inf
    power = _mean_power(grey)
    frequency = np.hypot(np.fft.fftfreq(_TILE_PX)[:, None], np.fft.rfftfreq(_TILE_PX))
    fine = np.where(frequency > 1 / _LONGEST_PX, power, 0.0)
    broad = power[(frequency > 1 / _BROAD_PX) & (frequency <= 1 / _LONGEST_PX)].sum()
    peaks = np.partition(fine.ravel(), -_PEAK_BINS)[-_PEAK_BINS:].sum()
    if peaks <= _PEAKS_FRACTION * fine.sum() or fine.sum() <= _FINE_RATIO * broad:
        return np.inf
    return float(1 / frequency.ravel()[np.argmax(fine)])


def reduced_less(factor: int, period_px: float) -> int:
    """Return how much a picture may be reduced that repeats itself; 1 is not at all.

    >>> reduced_less(4, np.inf), reduced_less(4, 9.0), reduced_less(4, 3.0)
    (4, 1, 1)
    """
    return int(max(min(factor, period_px // _CELLS_PER_PERIOD), 1))


def _mean_power(grey: FloatMap) -> FloatMap:
    """Power spectrum (128, 65) of tiles all over the picture."""
    window = np.outer(np.hanning(_TILE_PX), np.hanning(_TILE_PX))
    power = np.zeros((_TILE_PX, _TILE_PX // 2 + 1), np.float32)
    tops, lefts = (
        np.linspace(0, side - _TILE_PX, _TILES_PER_SIDE).astype(int) for side in grey.shape
    )
    for top in tops:
        for left in lefts:
            tile = grey[top : top + _TILE_PX, left : left + _TILE_PX]
            power += np.abs(np.fft.rfft2((tile - tile.mean()) * window)) ** 2
    return power
