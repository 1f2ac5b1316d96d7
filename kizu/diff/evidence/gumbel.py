"""Seed thresholds from a stated false-alarm rate, by the extreme values of the pair itself.

Maxima of the evidence over blocks of an unchanged picture follow a Gumbel distribution (Fisher and
Tippett 1928). Location and scale are read from the lower blocks, which stay unchanged as long as
the edit touches less than about a third of them, and extrapolated to the whole picture (Gumbel
1958). A fit wider than those of unchanged pictures tells that more changed: then quieter blocks
still are asked.
Where a large change is known already, the question is no longer whether anything changed but which
share of the marks is wrong: a false-discovery rate (Benjamini and Hochberg 1995).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import FloatMap, Mask

_BLOCKS_PER_SIDE = 24  # blocks on a side, 576 in all; x0.7 gains .012 IoU
_MIN_BLOCK_PX = 4  # px a side of a block, so that it has a maximum; x0.7 to x1.4 no effect
_QUANTILES = (0.2, 0.6)
"""Of block maxima, low, as a third may have changed; x0.7 to x1.4 no effect."""
_QUIETER_QUANTILES = (0.1, 0.35)  # likewise if more changed; x0.7 to x1.4 no effect
_MAX_RELATIVE_SCALE = 1.2  # scale in locations; beyond any seen on unchanged pictures
_USUAL_RELATIVE_SCALE = 0.6  # scale in locations, assumed then; x0.7 to x1.4 no effect
_EVEN_RELATIVE_SCALE = 0.3
"""Scale in locations, the widest beside a large change; x0.7 to x1.4 no effect."""
_MOST = 0.5  # of a block; a majority
_MIN_FRAME_FRACTION = 0.02  # of a block; a frame of 5 px has .1 of blocks of 40
_MIN_BLOCKS = 8  # blocks; fewer give no quantiles; x0.7 to x1.4 no effect
_TAIL_FACTOR = 1.3  # tails of real pictures are heavier; measured on pairs with drift alone
_TAIL_BLOCK_PX = 64  # px a side of a large picture's blocks; x0.7 to x1.4 no effect
_TAIL_QUANTILES = (0.8, 0.98)
"""Of block maxima, close to the level that is asked for; x0.7 to x1.4 no effect."""
_SAFER_TAIL_QUANTILES = (0.5, 0.9)
"""Likewise, if the upper ones have changed; x0.7 to x1.4 no effect."""
_MAX_TAIL_GROWTH = 2.0  # scale of the upper in that of the middle maxima; x0.7 to x1.4 no effect
_SEEN_TAIL_FACTOR = 1.15  # over the fit; 60 unchanged pairs had 1.05 at most
_MIN_THRESHOLD = 5.0  # noise-floor units, at least; x0.7 to x1.4 no effect
_MAX_THRESHOLD = 40.0  # noise-floor units, at most; x0.7 to x1.4 no effect


@dataclass(frozen=True)
class GumbelFit:
    """Gumbel distribution of block maxima, and how many blocks the picture has.

    The tail factor says how far real maxima outgrow what was read from the blocks.
    """

    location: float
    scale: float
    blocks: int
    tail_factor: float

    def threshold(self, false_alarm_rate: float, fraction: float = 1.0) -> float:
        """Level that unchanged evidence passes anywhere with the given probability.

        Args:
            false_alarm_rate: Probability for the whole area looked at.
            fraction: Share of the picture that is looked at.

        Example:
            >>> round(GumbelFit(3.0, 1.0, 100, 1.3).threshold(0.01), 1)
            15.9
        """
        return self._level(fraction * self.blocks / false_alarm_rate)

    def discovery_threshold(self, false_discovery_rate: float, unchanged_fraction: float) -> float:
        """Level above which at most a given share of the marked blocks is unchanged.

        Args:
            false_discovery_rate: Share of the marked blocks.
            unchanged_fraction: Share of the picture where no change was found.

        Example:
            >>> round(GumbelFit(3.0, 1.0, 100, 1.3).discovery_threshold(0.01, 0.8), 1)
            11.7
        """
        odds = unchanged_fraction / max(1 - unchanged_fraction, 1 / self.blocks)
        return self._level(odds / false_discovery_rate)

    def _level(self, return_period: float) -> float:
        """Level that one block in so many passes, widened for heavy tails."""
        level = self.location + self.scale * float(np.log(max(return_period, 1.0)))
        return min(max(self.tail_factor * level, _MIN_THRESHOLD), _MAX_THRESHOLD)


def fit_block_maxima(z: FloatMap, valid: Mask) -> GumbelFit:
    """Fit to the block maxima of a picture of which a minority may have changed.

    Args:
        z: (H, W) float32 evidence in noise-floor units.
        valid: (H, W) bool.
    """
    maxima = _block_maxima(z, valid)
    if len(maxima) < _MIN_BLOCKS:
        return _fit_of_few(len(maxima))
    fit = _fit_through_quantiles(maxima, _QUANTILES)
    if fit.scale <= _MAX_RELATIVE_SCALE * fit.location:
        return fit
    fit = _fit_through_quantiles(maxima, _QUIETER_QUANTILES)
    return replace(fit, scale=min(fit.scale, _USUAL_RELATIVE_SCALE * fit.location))


def fit_frame_maxima(z: FloatMap, frame: Mask) -> GumbelFit:
    """Fit to the maxima of the picture's frame, of which a minority may have changed.

    Args:
        z: (H, W) float32 evidence in noise-floor units.
        frame: (H, W) bool, thin parts of the blocks along the border.
    """
    maxima = _block_maxima(np.asarray(z * frame, np.float32), frame, _MIN_FRAME_FRACTION)
    if len(maxima) < _MIN_BLOCKS:
        return _fit_of_few(len(maxima))
    fit = _fit_through_quantiles(maxima, _QUANTILES)
    return replace(fit, scale=min(fit.scale, _USUAL_RELATIVE_SCALE * fit.location))


def fit_remaining_maxima(z: FloatMap, rest: Mask) -> GumbelFit:
    """Fit to what a large change left over, of which more may turn out to be changed.

    What still makes the fit wider than those of unchanged photographs is change that was missed, or
    flat ground beside busy ground; neither belongs into the tail.

    Args:
        z: (H, W) float32 evidence in noise-floor units.
        rest: (H, W) bool, where no change was found.
    """
    maxima = _block_maxima(np.asarray(z * rest, np.float32), rest)
    if len(maxima) < _MIN_BLOCKS:
        return _fit_of_few(len(maxima))
    fit = _fit_through_quantiles(maxima, _QUANTILES)
    if fit.scale <= _EVEN_RELATIVE_SCALE * fit.location:
        return fit
    location = float(np.quantile(maxima, _QUIETER_QUANTILES[1]))
    return replace(fit, location=location, scale=_EVEN_RELATIVE_SCALE * location)


def fit_upper_maxima(z: FloatMap, unchanged: Mask) -> GumbelFit:
    """Fit to the block maxima of a large picture whose broad changes are known already.

    What is left can only be small, so the fit is made to the upper blocks, close to the level
    that is asked for. Should they grow much faster than the middle ones, they have changed.

    Args:
        z: (H, W) float32 evidence in noise-floor units.
        unchanged: (H, W) bool, false where the picture cannot be compared or is known to differ;
            blocks that touch it are left out.
    """
    side = _TAIL_BLOCK_PX
    height, width = (n // side * side for n in z.shape)
    grid = (height // side, side, width // side, side)
    whole = unchanged[:height, :width].reshape(grid).all(axis=(1, 3))
    maxima = z[:height, :width].reshape(grid).max(axis=(1, 3), initial=0)[whole]
    if len(maxima) < _MIN_BLOCKS:
        return fit_block_maxima(z, unchanged)
    fit, safer = (
        _fit_through_quantiles(maxima, q) for q in (_TAIL_QUANTILES, _SAFER_TAIL_QUANTILES)
    )
    usual = fit.scale <= _MAX_TAIL_GROWTH * safer.scale
    return replace(fit if usual else safer, tail_factor=_SEEN_TAIL_FACTOR)


def _fit_of_few(blocks: int) -> GumbelFit:
    """What is assumed where there are too few blocks to learn from."""
    return GumbelFit(_MIN_THRESHOLD, 1.0, max(blocks, 1), _TAIL_FACTOR)


def _fit_through_quantiles(
    maxima: NDArray[np.float32], quantiles: tuple[float, float]
) -> GumbelFit:
    """The distribution that has two given quantiles of the sample (N,)."""
    low, high = np.quantile(maxima, quantiles)
    reduced = -np.log(-np.log(np.array(quantiles)))
    scale = (high - low) / (reduced[1] - reduced[0])
    return GumbelFit(float(low - scale * reduced[0]), float(scale), len(maxima), _TAIL_FACTOR)


def _block_maxima(z: FloatMap, valid: Mask, least_fraction: float = _MOST) -> NDArray[np.float32]:
    """Maxima of the blocks of which more than a share is valid, (N,)."""
    rows, columns = (max(side // _BLOCKS_PER_SIDE, _MIN_BLOCK_PX) for side in z.shape)
    height, width = z.shape[0] // rows * rows, z.shape[1] // columns * columns
    if height == 0 or width == 0:
        return np.zeros(0, np.float32)
    grid = (height // rows, rows, width // columns, columns)
    known = valid[:height, :width].reshape(grid).mean(axis=(1, 3)) > least_fraction
    return np.asarray(z[:height, :width].reshape(grid).max(axis=(1, 3))[known], np.float32)
