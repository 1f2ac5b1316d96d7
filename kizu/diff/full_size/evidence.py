"""Evidence of the fine scale over a whole large picture, gathered tile by tile.

Its noise floor and its distribution of block maxima are learned over all tiles, so that the stated
false-alarm rate holds for the picture as a whole.
"""

from dataclasses import dataclass

import numpy as np

from kizu.diff.evidence.gumbel import fit_upper_maxima
from kizu.diff.evidence.noise import noise_level
from kizu.diff.evidence.scale_evidence import (
    FINE,
    USUAL_THRESHOLD,
    DetectionCriteria,
    fine_figures,
    region_weight,
)
from kizu.diff.filters import enlarge
from kizu.diff.full_size.pair import FullSizePair
from kizu.diff.full_size.tiles import TILE_PX, Tile, each, enlarge_part, tiles_of
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.slices import Slices

_MARGIN_PX = 48  # px; as far as any filter of the fine scale reaches
_NOISE_MARGIN_PX = 2  # px; one cell of the noise floor's grid


@dataclass(frozen=True, eq=False)
class FullSizeEvidence:
    """Evidence of the fine scale over a whole large picture.

    Attributes:
        z: (H, W) float32 evidence in noise-floor units.
        noise: (ceil(H / 2), ceil(W / 2)) float32 delta E, noise floor of every second pixel.
        threshold: Evidence that unchanged pictures reach with the false-alarm rate only.
    """

    z: FloatMap
    noise: FloatMap
    threshold: float

    @classmethod
    def of(
        cls,
        pair: FullSizePair,
        uncertainty: FloatMap,
        explained: Mask,
        criteria: DetectionCriteria,
        threads: int,
    ) -> "FullSizeEvidence":
        """Measure, find the noise floor, judge, and find the threshold.

        Args:
            pair: The pictures.
            uncertainty: (h, w) float32 delta E of uncertain colour correction.
            explained: (h, w) bool, what is known to have changed.
            criteria: What counts as evidence; its region at the working size.
            threads: Tiles at a time.
        """
        figures = _Figures.of(pair, threads)
        visible = np.float32(FINE.visible_factor * criteria.visible_delta_e)
        noise = figures.noise(uncertainty)
        np.maximum(noise, visible / np.float32(USUAL_THRESHOLD), out=noise)
        z, usable = figures.excess, figures.valid
        known = explained.astype(np.float32)
        tiles = tiles_of(z.shape, TILE_PX, _NOISE_MARGIN_PX)

        def judge(tile: Tile) -> None:
            z[tile.core] *= usable[tile.core] / noise_part(noise, tile)[tile.inner]
            usable[tile.core] &= enlarge_part(known, z.shape, tile.core) == 0

        each(judge, tiles, threads)
        fit = fit_upper_maxima(z, usable)
        threshold = fit.threshold(criteria.false_alarm_rate)
        weight = region_weight(criteria, fit, threshold, known.shape)

        def finish(tile: Tile) -> None:
            part = noise_part(noise, tile)[tile.inner]
            z[tile.core] *= part / np.maximum(part, visible / np.float32(threshold))
            z[tile.core] *= enlarge_part(weight, z.shape, tile.core)

        each(finish, tiles, threads)
        return cls(z, noise, threshold)


def noise_part(noise: FloatMap, tile: Tile) -> FloatMap:
    """The noise floor around a tile at full size, from that of every second pixel."""
    part = noise[_half(tile.around)]
    height, width = (side.stop - side.start for side in tile.around)
    return enlarge(part, (2 * part.shape[0], 2 * part.shape[1]))[:height, :width]


@dataclass(frozen=True, eq=False)
class _Figures:
    """What the fine scale is judged by: see `fine_figures`; and where it may be."""

    excess: FloatMap
    size: FloatMap
    activity: FloatMap
    valid: Mask

    @classmethod
    def of(cls, pair: FullSizePair, threads: int) -> "_Figures":
        shape = pair.edited.shape[:2]
        half = ((shape[0] + 1) // 2, (shape[1] + 1) // 2)
        floats = [np.empty(size, np.float32) for size in (shape, half, half)]
        figures = cls(floats[0], floats[1], floats[2], np.empty(shape, np.bool_))

        def measure(tile: Tile) -> None:
            excess, size, activity = _even_figures(pair, tile.around)
            figures.excess[tile.core] = excess[tile.inner]
            figures.size[_half(tile.core)] = size[_half(tile.inner)]
            figures.activity[_half(tile.core)] = activity[_half(tile.inner)]
            figures.valid[tile.core] = pair.valid(tile.core)

        each(measure, tiles_of(shape, TILE_PX, _MARGIN_PX), threads)
        return figures

    def noise(self, uncertainty: FloatMap) -> FloatMap:
        """Noise floor of every second pixel, in delta E."""
        level = noise_level(self.size, self.activity, self.valid[::2, ::2])
        level += np.float32(FINE.uncertainty_fraction) * enlarge(uncertainty, level.shape)
        return level


def _even_figures(pair: FullSizePair, slices: Slices) -> tuple[FloatMap, FloatMap, FloatMap]:
    """The fine scale's figures of a part; an odd side is made even by repeating its end."""
    odd = [(0, (side.stop - side.start) % 2) for side in slices]
    predicted, edited = (np.pad(image, [*odd, (0, 0)], mode="edge") for image in pair.part(slices))
    return fine_figures(predicted, edited)


def _half(slices: Slices) -> Slices:
    """The same part in the grid of every second pixel."""
    rows, columns = (slice(side.start // 2, (side.stop + 1) // 2) for side in slices)
    return rows, columns
