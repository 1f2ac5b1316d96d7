"""The colour model: what the model did to every colour, fitted past the edit.

An additive model (Hastie and Tibshirani 1990) of the colour difference over a grid of cells: a
cubic in the normal's RGB, quadratic shading over the picture, and what single colours need beyond.
Iteratively re-weighted least squares with Tukey's biweight (1977) leaves out cells whose content
changed.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.evidence.noise import CHI3_MEDIAN
from kizu.diff.filters import WHOLE, shrink
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

_GRID_SIDE = 144  # cells on the short side, about; x0.7 costs .005, x1.4 costs .003 IoU
_CELL_BLUR_PX = 1.5
"""Px of blur before averaging, for what registration leaves; x0.7 gains .012 IoU."""
_COLOUR_TERMS = 13  # one, 3 linear, 6 quadratic, 3 cubic; follows from the basis
_LINEAR = (0, 1, 2, 3, _COLOUR_TERMS, _COLOUR_TERMS + 1)
"""Columns of the first stage; one, r, g, b, x, y."""
_RIDGES = (0.0, 0.5, 0.5, 0.5, *[3.0] * 14)
"""Relative ridge of every term: none for one, more for what bends; x0.7 to x1.4 no effect."""
_RIDGE = 2e-4  # ridge per cell, times the above; x0.7 to x1.4 no effect
_STAGES = ((4, 8.0), (6, 4.0))
"""Rounds, reach in deviations (Tukey: 4.7); linear, then all; x1.4 costs .003 IoU."""
_CENSORED = 0.02  # of the range at either end, 5 levels: clipped values; x0.7 to x1.4 no effect
_MIN_SPREAD = 0.002  # of the range; half a level of 8 bits
_CELLS_PER_COLOUR = 30  # no colour counts for more; x0.7 to x1.4 no effect
_COMMON_CELLS = 60.0  # cells that make a colour half known; x0.7 to x1.4 no effect
_OFFSET_BINS = 16  # levels a channel of single colours; 4096 colours for some 20000 cells
_OFFSET_ROUNDS = 3  # rounds of re-weighting; x1.4 costs .003 IoU
_CAUCHY_DEVIATIONS = 2.0
"""Where a cell counts half; 2.4 is usual (Holland and Welsch 1977); x1.4 costs .003 IoU."""
_OFFSET_CAP = 0.06
"""Of the range, 15 levels: more fades out, it is a change; x0.7 to x1.4 no effect."""
_OFFSET_PRIOR_CELLS = 4.0  # cells without offset, added to every colour; x0.7 costs .003 IoU
_TABLE_BINS = 64  # levels a channel of the final table; 262144 colours, 3 MB
_BIN_SHIFT = 2  # bits; 256 levels in 64 bins
_BIN_LEVELS = 1 << _BIN_SHIFT  # levels of a bin; follows from the shift
_SHADING_SIDE = 64  # a side of the shading's grid; a quadratic needs no finer one


@dataclass(frozen=True, eq=False)
class Cells:
    """Cell averages; (N, 3) colours from 0 to 1, (N, 2) places from -0.5 to 0.5, (N,) validity."""

    shape: tuple[int, int]
    rgb: NDArray[np.float64]
    edited: NDArray[np.float64]
    xy: NDArray[np.float64]
    valid: Mask

    @classmethod
    def of(cls, warped: RgbImage, edited: RgbImage, valid: Mask) -> "Cells":
        """Average (H, W, 3) images over about 144 cells a side; wholly valid ones (H, W) count."""
        factor = max(min(warped.shape[:2]) // _GRID_SIDE, 1)
        rgb, target = (_averages(image, factor) for image in (warped, edited))
        rows, columns = rgb.shape[:2]
        x, y = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
        whole = shrink(valid.astype(np.float32), factor).ravel() > WHOLE
        return cls(
            shape=(rows, columns),
            rgb=rgb.reshape(-1, 3),
            edited=target.reshape(-1, 3),
            xy=np.stack([x, y], axis=-1).reshape(-1, 2) - 0.5,
            valid=whole if whole.any() else np.ones_like(whole),
        )


def _averages(image: RgbImage, factor: int) -> NDArray[np.float64]:
    size = (image.shape[1] // factor, image.shape[0] // factor)
    smooth = cv2.GaussianBlur(image, (0, 0), _CELL_BLUR_PX)
    return np.asarray(cv2.resize(smooth, size, interpolation=cv2.INTER_AREA), np.float64) / 255


def fit(cells: Cells) -> NDArray[np.float64]:
    """Coefficients (18, 3), first of the linear terms alone, then of all.

    A channel that came back at the end of its range only says that it should be at least there:
    such values are left out (censored regression).
    """
    design = np.column_stack([_colour_terms(cells.rgb), _place_terms(cells.xy)])
    change = cells.edited - cells.rgb
    free = (cells.edited > _CENSORED) & (cells.edited < 1 - _CENSORED)
    coefficients = np.zeros((design.shape[1], 3))
    balance = _balance(cells)
    terms = list(_LINEAR), list(range(len(_RIDGES)))
    for used, (rounds, reach) in zip(terms, _STAGES, strict=True):
        x = design[:, used]
        ridge = np.diag(len(design) * _RIDGE * np.array(_RIDGES)[used] + 1e-6)
        for _ in range(rounds):
            predicted = np.clip(cells.rgb + design @ coefficients, 0, 1)
            weight = biweight(cells.edited - predicted, balance, reach, _MIN_SPREAD)
            weighted = x * weight[:, None]
            whole = weighted.T @ x + ridge
            pulls = weighted.T @ np.where(free, change, 0)
            for channel in range(3):
                out = ~free[:, channel]
                normal = whole - weighted[out].T @ x[out]
                coefficients[used, channel] = np.linalg.solve(normal, pulls[:, channel])
    return coefficients


def predict_cells(cells: Cells, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours of the cells after the cubic and the shading, (N, 3) from 0 to 1."""
    design = np.column_stack([_colour_terms(cells.rgb), _place_terms(cells.xy)])
    return np.clip(cells.rgb + design @ coefficients, 0, 1)


def _colour_terms(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubic basis with pairwise products, (N, 13)."""
    r, g, b = np.ascontiguousarray(rgb.T) - 0.5
    squares = r * r, g * g, b * b
    cubes = squares[0] * r, squares[1] * g, squares[2] * b
    return np.column_stack([np.ones_like(r), r, g, b, *squares, r * g, g * b, r * b, *cubes])


def _place_terms(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quadratic shading, (N, 5)."""
    x, y = np.ascontiguousarray(xy.T)
    return np.column_stack([x, y, x * x, y * y, x * y])


def _balance(cells: Cells) -> NDArray[np.float64]:
    """Weights (N,) that let rare colours speak: no colour counts for more than some cells."""
    bins = coarse_bin(cells.rgb)
    count = np.bincount(bins[cells.valid], minlength=_OFFSET_BINS**3)
    fraction = np.minimum(count, _CELLS_PER_COLOUR) / np.maximum(count, 1)
    return np.asarray(fraction[bins] * cells.valid, np.float64)


def rarity(cells: Cells) -> FloatMap:
    """How few cells tell what happened to each cell's colour, (N,) from 0 (many) to 1 (none)."""
    bins = coarse_bin(cells.rgb)
    support = _blur_colours(_totals(bins, cells.valid.astype(np.float64)))
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
    bins = coarse_bin(rgb)
    offsets = np.zeros((_OFFSET_BINS**3, 3))
    for _ in range(_OFFSET_ROUNDS):
        left = residual - offsets[bins]
        size = np.sqrt((left**2).sum(axis=1))
        spread = max(float(np.median(size[valid])) / CHI3_MEDIAN, _MIN_SPREAD)
        weight = valid / (1 + (size / (_CAUCHY_DEVIATIONS * spread)) ** 2)
        fraction = _blur_colours(_totals(bins, weight)) + _OFFSET_PRIOR_CELLS
        for channel in range(3):
            total = _totals(bins, weight * left[:, channel])
            offsets[:, channel] += _blur_colours(total) / fraction
    length = np.sqrt((offsets**2).sum(axis=1, keepdims=True))
    return np.asarray(offsets * np.clip(2 - length / _OFFSET_CAP, 0, 1), np.float64)


def biweight(
    residual: NDArray[np.float64], prior: NDArray[np.float64], reach: float, min_spread: float
) -> NDArray[np.float64]:
    """Prior weights times Tukey's (N,) of residuals (N, 3); zero beyond `reach` deviations."""
    size = np.sqrt((residual**2).sum(axis=1))
    spread = max(_weighted_median(size, prior) / CHI3_MEDIAN, min_spread)
    weight = np.clip(1 - (size / (reach * spread)) ** 2, 0, 1) ** 2
    return np.asarray(weight * prior, np.float64)


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, 0.5 * total[-1])])


def correction_table(coefficients: NDArray[np.float64], offsets: NDArray[np.float64]) -> FloatMap:
    """What to add to every RGB colour of 64 levels a channel, (64^3, 3) float32."""
    return _colour_table(coefficients[:_COLOUR_TERMS]) + _enlarge_colours(offsets)


def _colour_table(coefficients: NDArray[np.float64]) -> FloatMap:
    """Correction for every coarse RGB colour, (64^3, 3) float32."""
    levels = (np.arange(_TABLE_BINS) * _BIN_LEVELS + (_BIN_LEVELS - 1) / 2) / 255 - 0.5
    c = coefficients.astype(np.float32)
    r, g, b = (
        levels.astype(np.float32).reshape(s) for s in ((-1, 1, 1, 1), (1, -1, 1, 1), (1, 1, -1, 1))
    )
    red = c[0] + r * c[1] + r * r * c[4] + r**3 * c[10]
    green = g * c[2] + g * g * c[5] + g**3 * c[11]
    blue = b * c[3] + b * b * c[6] + b**3 * c[12]
    table = (red + green + r * g * c[7]) + blue + (g * b * c[8] + r * b * c[9])
    return np.asarray(table.reshape(-1, 3), np.float32)


def _enlarge_colours(table: NDArray[np.float64]) -> FloatMap:
    """Linear interpolation of the coarse colour table, (64^3, 3) float32."""
    cube = table.astype(np.float32).reshape(*(_OFFSET_BINS,) * 3, 3)
    place = (np.arange(_TABLE_BINS) + 0.5) * _OFFSET_BINS / _TABLE_BINS - 0.5
    place = np.clip(place, 0, _OFFSET_BINS - 1)
    low = np.minimum(place.astype(np.int64), _OFFSET_BINS - 2)
    part = (place - low).astype(np.float32)
    for axis in range(3):
        fraction = part.reshape([-1 if a == axis else 1 for a in range(4)])
        cube = cube.take(low, axis) * (1 - fraction) + cube.take(low + 1, axis) * fraction
    return np.asarray(cube.reshape(-1, 3), np.float32)


def table_index(image: RgbImage) -> NDArray[np.int32]:
    """Row (H, W) of the correction table for every pixel (H, W, 3) uint8."""
    coarse = (image >> np.uint8(_BIN_SHIFT)).astype(np.int32)
    return np.asarray(
        (coarse[..., 0] * _TABLE_BINS + coarse[..., 1]) * _TABLE_BINS + coarse[..., 2]
    )


def shading_of(coefficients: NDArray[np.float64]) -> FloatMap:
    """Quadratic shading on a coarse grid, (64, 64, 3) float32."""
    ramp = (np.arange(_SHADING_SIDE) + 0.5) / _SHADING_SIDE - 0.5
    xy = np.stack(np.meshgrid(ramp, ramp), axis=-1).reshape(-1, 2)
    shading = _place_terms(xy) @ coefficients[_COLOUR_TERMS:]
    return np.asarray(shading, np.float32).reshape(_SHADING_SIDE, _SHADING_SIDE, 3)


def coarse_bin(rgb: NDArray[np.float64]) -> NDArray[np.int64]:
    """Coarse colour (N,) of colours (N, 3) from 0 to 1, 16 levels a channel."""
    level = np.minimum((rgb * _OFFSET_BINS).astype(np.int64), _OFFSET_BINS - 1)
    return np.asarray((level[:, 0] * _OFFSET_BINS + level[:, 1]) * _OFFSET_BINS + level[:, 2])


def _totals(bins: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.bincount(bins, values, _OFFSET_BINS**3), np.float64)


def _blur_colours(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Binomial blur over the three colour axes of a flat table."""
    cube = np.pad(table.reshape((_OFFSET_BINS,) * 3), 1)
    for axis in range(3):
        cube = 0.25 * np.roll(cube, 1, axis) + 0.5 * cube + 0.25 * np.roll(cube, -1, axis)
    return np.asarray(cube[1:-1, 1:-1, 1:-1].ravel(), np.float64)
