"""Colour correction: what the model did to tone everywhere, fitted past the edit.

An additive model (Hastie and Tibshirani 1990) of the colour difference: a cubic in the normal's
RGB, quadratic shading over the picture, and a slow illumination field. Iteratively re-weighted
least squares with Tukey's biweight (1977) leaves out pixels whose content changed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kizu.arrays import FloatMap, Mask, RgbImage
from kizu.diff.filters import enlarge, gaussian, magnitude, shrink, to_lab

_GRID_SIDE = 144
_TABLE_BINS = 64
_BIN_LEVELS = 256 // _TABLE_BINS
_FIELD_SIGMA_SHARE = 0.10
_FIELD_CAP_DELTA_E = 5.0
_MIN_SPREAD_DELTA_E = 0.25
_RIDGE = 2e-4
_COLOUR_TERMS = 13
_LINEAR = (0, 1, 2, 3, _COLOUR_TERMS, _COLOUR_TERMS + 1)
_RIDGES = (0.0, 0.5, 0.5, 0.5, *[3.0] * 14)


@dataclass(frozen=True, eq=False)
class Tone:
    """The normal as the edit would have shown it, had only tone and colour drifted.

    Attributes:
        predicted: (H, W, 3) float32 CIE Lab.
        doubt: (h, w) float32 on a coarse grid, delta E of correction specific to a colour or place;
            where much was corrected, the correction is less certain.
        offset: Median correction in L*, a*, b*.
        chroma_gain: Chroma of the edit relative to the normal's.
    """

    predicted: FloatMap
    doubt: FloatMap
    offset: tuple[float, float, float]
    chroma_gain: float


def correct_tone(warped: RgbImage, edited_lab: FloatMap, valid: Mask) -> Tone:
    """Predict the edit's colours from the registered normal.

    Args:
        warped: (H, W, 3) uint8, the normal in the edited image's frame.
        edited_lab: (H, W, 3) float32 CIE Lab of the edited image.
        valid: (H, W) bool, where the normal has a counterpart.
    """
    normal_lab = to_lab(warped)
    cells = _Cells.of(warped, normal_lab, edited_lab, valid)
    coefficients = _fit(cells)
    smooth = _colour_terms(cells.rgb) @ coefficients[:_COLOUR_TERMS]
    smooth += _place_terms(cells.xy) @ coefficients[_COLOUR_TERMS:]
    field = _illumination_field(cells, cells.difference - smooth)
    place = (_place_terms(cells.xy) @ coefficients[_COLOUR_TERMS:]).reshape(field.shape) + field
    predicted = normal_lab + enlarge(place.astype(np.float32), warped.shape)
    predicted += _colour_table(coefficients[:_COLOUR_TERMS])[_table_index(warped)]
    correction = (smooth + field.reshape(-1, 3)).astype(np.float32)
    offset = _median(correction, cells.valid)
    return Tone(
        predicted=predicted,
        doubt=magnitude((correction - offset).reshape(field.shape)),
        offset=(float(offset[0]), float(offset[1]), float(offset[2])),
        chroma_gain=_chroma_gain(cells),
    )


def untouched(normal_lab: FloatMap) -> Tone:
    """The tone of an image that was edited in place: nothing to correct."""
    return Tone(normal_lab, np.zeros((1, 1), np.float32), (0.0, 0.0, 0.0), 1.0)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Cell averages; (N, 3) rgb from -0.5 to 0.5, (N, 2) xy likewise, Lab and Lab difference."""

    shape: tuple[int, int]
    rgb: NDArray[np.float64]
    xy: NDArray[np.float64]
    lab: NDArray[np.float64]
    difference: NDArray[np.float64]
    valid: Mask

    @classmethod
    def of(
        cls, warped: RgbImage, normal_lab: FloatMap, edited_lab: FloatMap, valid: Mask
    ) -> "_Cells":
        factor = max(min(warped.shape[:2]) // _GRID_SIDE, 1)
        rgb = shrink(warped.astype(np.float32), factor) / 255 - 0.5
        rows, columns = rgb.shape[:2]
        x, y = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
        lab = shrink(normal_lab, factor).reshape(-1, 3).astype(np.float64)
        whole = shrink(valid.astype(np.float32), factor).ravel() > 0.99  # noqa: PLR2004 - whole cells
        return cls(
            shape=(rows, columns),
            rgb=rgb.reshape(-1, 3).astype(np.float64),
            xy=np.stack([x, y], axis=-1).reshape(-1, 2) - 0.5,
            lab=lab,
            difference=shrink(edited_lab, factor).reshape(-1, 3).astype(np.float64) - lab,
            valid=whole if whole.any() else np.ones_like(whole),
        )


def _colour_terms(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubic basis with pairwise products, (N, 13)."""
    r, g, b = rgb.T
    return np.column_stack(
        [np.ones_like(r), r, g, b, r * r, g * g, b * b, r * g, g * b, r * b, r**3, g**3, b**3]
    )


def _place_terms(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quadratic shading, (N, 5)."""
    x, y = xy.T
    return np.column_stack([x, y, x * x, y * y, x * y])


def _fit(cells: _Cells) -> NDArray[np.float64]:
    """Coefficients (18, 3), first of the linear terms alone, then of all."""
    design = np.column_stack([_colour_terms(cells.rgb), _place_terms(cells.xy)])
    coefficients = np.zeros((design.shape[1], 3))
    for rounds, used, reach in ((4, list(_LINEAR), 8.0), (6, list(range(len(_RIDGES))), 4.0)):
        x = design[:, used]
        ridge = np.diag(len(design) * _RIDGE * np.array(_RIDGES)[used] + 1e-6)
        for _ in range(rounds):
            weight = _biweight(cells.difference - design @ coefficients, cells.valid, reach)
            weighted = x * weight[:, None]
            gram = weighted.T @ x + ridge
            coefficients[used] = np.linalg.solve(gram, weighted.T @ cells.difference)
    return coefficients


def _biweight(residual: NDArray[np.float64], valid: Mask, reach: float) -> NDArray[np.float64]:
    """Tukey's weights (N,) of colour residuals (N, 3); zero beyond `reach` robust deviations."""
    size = np.sqrt((residual**2).sum(axis=1))
    spread = max(float(np.median(size[valid])) / 1.54, _MIN_SPREAD_DELTA_E)
    weight = np.clip(1 - (size / (reach * spread)) ** 2, 0, 1) ** 2
    return np.asarray(weight * valid, np.float64)


def _illumination_field(cells: _Cells, residual: NDArray[np.float64]) -> FloatMap:
    """Slow robust average of what the parametric fit left, (h, w, 3), capped."""
    sigma = _FIELD_SIGMA_SHARE * min(cells.shape)
    field = np.zeros((*cells.shape, 3), np.float32)
    for _ in range(3):
        left = residual - field.reshape(-1, 3)
        weight = _biweight(left, cells.valid, 5.0).reshape(*cells.shape, 1).astype(np.float32)
        share = gaussian(weight[..., 0], sigma)[..., None] + np.float32(0.03)
        field = (
            field + gaussian(weight * left.reshape(field.shape).astype(np.float32), sigma) / share
        )
    return np.asarray(field * np.clip(2 - magnitude(field) / _FIELD_CAP_DELTA_E, 0, 1)[..., None])


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


def _table_index(image: RgbImage) -> NDArray[np.int32]:
    coarse = (image // np.uint8(_BIN_LEVELS)).astype(np.int32)
    return np.asarray(
        (coarse[..., 0] * _TABLE_BINS + coarse[..., 1]) * _TABLE_BINS + coarse[..., 2]
    )


def _median(values: FloatMap, valid: Mask) -> NDArray[np.float32]:
    return np.asarray(np.median(values[valid], axis=0), np.float32)


def _chroma_gain(cells: _Cells) -> float:
    before = np.hypot(cells.lab[:, 1], cells.lab[:, 2])
    after = np.hypot(*(cells.lab + cells.difference)[:, 1:].T)
    coloured = cells.valid & (before > 5)  # noqa: PLR2004 - below, chroma is noise
    return float(np.median(after[coloured] / before[coloured])) if coloured.any() else 1.0
