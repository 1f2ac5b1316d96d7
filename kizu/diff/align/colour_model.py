"""The colour model: what the model did to every colour, fitted past the edit.

An additive model (Hastie and Tibshirani 1990) of the colour difference over a grid of cells: a
cubic in the normal's RGB, and what single colours need beyond. Iteratively re-weighted least
squares with Tukey's biweight (1977) leaves out cells whose content changed.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kizu.diff.align.cells import COLOUR_BINS, Cells, coarse_bin
from kizu.diff.align.light import CENSORED, MIN_SPREAD, RIDGE
from kizu.diff.align.robust import biweight, lengths
from kizu.diff.evidence.noise import CHI3_MEDIAN
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

_COLOUR_TERMS = 13  # one, 3 linear, 6 quadratic, 3 cubic; follows from the basis
_LINEAR_TERMS = 4  # of the first stage: one, r, g, b
_RIDGES = (0.0, 0.5, 0.5, 0.5, *[3.0] * 9)
"""Relative ridge of every term: none for one, more for what bends; x0.7 to x1.4 no effect."""
_STAGES = ((4, 8.0), (6, 4.0))
"""Rounds, reach in deviations (Tukey: 4.7); linear, then all; x1.4 costs .003 IoU."""
_CELLS_PER_COLOUR = 30  # no colour counts for more; x0.7 to x1.4 no effect
_COMMON_CELLS = 60.0  # cells that make a colour half known; x0.7 to x1.4 no effect
_OFFSET_ROUNDS = 3  # rounds of re-weighting; x1.4 costs .003 IoU
_CAUCHY_DEVIATIONS = 2.0
"""Where a cell counts half; 2.4 is usual (Holland and Welsch 1977); x1.4 costs .003 IoU."""
_OFFSET_CAP = 0.06
"""Of the range, 15 levels: more fades out, it is a change; x0.7 to x1.4 no effect."""
_OFFSET_PRIOR_CELLS = 4.0  # cells without offset, added to every colour; x0.7 costs .003 IoU
_TABLE_BINS = 64  # levels a channel of the final table
COLOURS: Final = _TABLE_BINS**3
"""Colours of the final table, 262144."""
_BINOMIAL = sum(share * np.eye(COLOUR_BINS, k=k) for k, share in ((-1, 0.25), (0, 0.5), (1, 0.25)))
"""The blur of one colour axis, as a matrix."""
_BIN_SHIFT = 2  # bits; 256 levels in 64 bins
_BIN_LEVELS = 1 << _BIN_SHIFT  # levels of a bin; follows from the shift


def fit_colours(
    cells: Cells, lit: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Coefficients (13, 3) of the colour terms, first of the linear ones alone, then of all.

    A channel that came back at the end of its range only says that it should be at least there:
    such values are left out (censored regression).

    Args:
        cells: What is to be explained.
        lit: (N, 3) their colours in a light that is known.
        weights: (N,) how much each counts.
    """
    design, coefficients = colour_terms(cells.rgb), np.zeros((3, _COLOUR_TERMS))
    target, start = (np.ascontiguousarray(each.T) for each in (cells.edited, lit))
    free, change = (target > CENSORED) & (target < 1 - CENSORED), target - start
    whole = free.all(axis=0)  # most cells, so what they say is summed for all channels at once
    partly = np.flatnonzero(free.any(axis=0) & ~whole)
    x_partly = design[:, partly]
    for used, (rounds, reach) in zip((_LINEAR_TERMS, _COLOUR_TERMS), _STAGES, strict=True):
        x = design[:used]
        ridge = np.diag(design.shape[1] * RIDGE * np.array(_RIDGES[:used]) + 1e-6)
        for _ in range(rounds):
            left = target - np.clip(start + coefficients @ design, 0, 1)
            weight = biweight(lengths(left), weights, reach, MIN_SPREAD)
            weighted = x * (weight * whole)
            common, pulls = weighted @ x.T + ridge, change @ weighted.T
            for channel, own in enumerate(free[:, partly]):
                weighted = x_partly[:used] * (weight[partly] * own)
                matrix = common + weighted @ x_partly[:used].T
                pull = pulls[channel] + weighted @ change[channel, partly]
                coefficients[channel, :used] = np.linalg.solve(matrix, pull)
    return coefficients.T


def colour_terms(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubic basis with pairwise products, (13, N)."""
    r, g, b = np.ascontiguousarray(rgb.T) - 0.5
    squares = r * r, g * g, b * b
    cubes = squares[0] * r, squares[1] * g, squares[2] * b
    return np.stack([np.ones_like(r), r, g, b, *squares, r * g, g * b, r * b, *cubes])


def balance(cells: Cells, counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (N,) that let rare colours speak: no colour counts for more than some cells."""
    bins = coarse_bin(cells.rgb)
    count = _totals(bins, counts)
    fraction = np.minimum(count, _CELLS_PER_COLOUR) / np.maximum(count, 1)
    return np.asarray(fraction[bins] * counts, np.float64)


def rarity(cells: Cells) -> FloatMap:
    """How few cells tell what happened to each cell's colour, (N,) from 0 (many) to 1 (none)."""
    bins = coarse_bin(cells.rgb)
    (support,) = _blur_colours(_totals(bins, cells.valid.astype(np.float64))[None])
    return np.asarray(1 / (1 + support[bins] / _COMMON_CELLS), np.float32)


def colour_offsets(
    rgb: NDArray[np.float64], residual: NDArray[np.float64], valid: Mask
) -> NDArray[np.float64]:
    """What single colours need beyond the cubic, robust, smooth between colours and capped.

    Args:
        rgb: (N, 3) colours from 0 to 1.
        residual: (N, 3) what the cubic left.
        valid: (N,) bool.

    Returns:
        (16^3, 3) offsets per coarse colour.
    """
    bins, residuals = coarse_bin(rgb), np.ascontiguousarray(residual.T)
    offsets = np.zeros((3, COLOUR_BINS**3))
    for _ in range(_OFFSET_ROUNDS):
        left = residuals - offsets.take(bins, axis=1)
        size = lengths(left)
        spread = max(float(np.median(size[valid])) / CHI3_MEDIAN, MIN_SPREAD)
        weight = valid / (1 + (size / (_CAUCHY_DEVIATIONS * spread)) ** 2)
        sums = [_totals(bins, each) for each in (weight, *(weight * left))]
        support, *totals = _blur_colours(np.stack(sums))
        offsets += np.stack(totals) / (support + _OFFSET_PRIOR_CELLS)
    offsets *= np.clip(2 - lengths(offsets) / _OFFSET_CAP, 0, 1)
    return np.ascontiguousarray(offsets.T)


def corrections_of(
    rows: NDArray[np.intp], coefficients: NDArray[np.float64], offsets: NDArray[np.float64]
) -> FloatMap:
    """What to add to some colours of 64 levels a channel, (N, 3) float32.

    Args:
        rows: (N,) which colours, as `table_index` numbers them.
        coefficients: (13, 3) of the colour terms.
        offsets: (16^3, 3) what single colours need beyond it.
    """
    levels = np.stack(np.unravel_index(rows, (_TABLE_BINS,) * 3))
    rgb = (levels * _BIN_LEVELS + (_BIN_LEVELS - 1) / 2) / 255
    change = (coefficients.T @ colour_terms(rgb.T)).T
    return np.asarray(change + _interpolated(offsets, levels), np.float32)


def _interpolated(offsets: NDArray[np.float64], levels: NDArray[np.intp]) -> NDArray[np.float64]:
    """Linear interpolation (N, 3) of the coarse colour table at levels (3, N) of 64."""
    place = np.clip((levels + 0.5) * COLOUR_BINS / _TABLE_BINS - 0.5, 0, COLOUR_BINS - 1)
    low = np.minimum(place.astype(np.int64), COLOUR_BINS - 2)
    shares = [(1 - part, part) for part in place - low]
    total = np.zeros((levels.shape[1], 3))
    for corner in np.ndindex(2, 2, 2):
        red, green, blue = (share[side] for share, side in zip(shares, corner, strict=True))
        r, g, b = low + np.reshape(corner, (3, 1))
        found = offsets[(r * COLOUR_BINS + g) * COLOUR_BINS + b]
        total += (red * green * blue)[:, None] * found
    return total


def table_index(image: RgbImage) -> NDArray[np.int32]:
    """Which colour of 64 levels a channel every pixel has, (H, W), of pixels (H, W, 3) uint8."""
    index = np.zeros(image.shape[:2], np.int32)
    for channel in range(3):
        index *= _TABLE_BINS
        index += image[..., channel] >> np.uint8(_BIN_SHIFT)
    return index


def _totals(bins: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.bincount(bins, values, COLOUR_BINS**3), np.float64)


def _blur_colours(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Binomial blur over the colour axes of flat tables (N, 16^3); nothing lies beyond the ends."""
    cubes = tables.reshape(-1, *(COLOUR_BINS,) * 3)
    for axis in range(1, 4):
        cubes = np.moveaxis(np.moveaxis(cubes, axis, -1) @ _BINOMIAL, -1, axis)
    return np.asarray(cubes.reshape(tables.shape), np.float64)
