"""Colour correction: what the model did to tone everywhere, fitted past the edit.

The colour model first, then a slow illumination field for what it left.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.align.account import Account, without_recoloured
from kizu.diff.align.cells import Cells, coarse_bin
from kizu.diff.align.colour_model import (
    COLOURS,
    colour_offsets,
    corrections_of,
    rarity,
    table_index,
)
from kizu.diff.align.light import shading_of
from kizu.diff.align.robust import biweight
from kizu.diff.filters import cells_outside, enlarge, gaussian, magnitude, strips
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

_FIELD_SIGMA_FRACTION = 0.10
"""Of the short side: light is slow, a defect is not; x0.7 gains .018 IoU."""
_FIELD_CAP_DELTA_E = 8.0
"""Delta E; stronger light fades out, it is a change; x0.7 to x1.4 no effect."""
_FIELD_REACHES = (12.0, 8.0, 6.0, 5.0)
"""Deviations trusted in each round, wide to narrow; Tukey's is 4.7; x0.7 gains .003 IoU."""
_MIN_SPREAD_DELTA_E = 0.25  # delta E, least deviation; x0.7 to x1.4 no effect
_FIELD_PRIOR_TRUST = 0.03
"""Added to the trust: no light where nothing is trusted; x0.7 to x1.4 no effect."""
_RARE_UNCERTAINTY = 0.5  # of the whole correction, for unknown colours; x0.7 to x1.4 no effect
_RELIT_FRACTION = 0.9  # of the picture stay below the figure; a tenth decides
_RELIT_SIGMA = 1.0  # cells of blur before tones are compared; x0.7 to x1.4 no effect
_MIN_CHROMA = 5.0  # chroma of a coloured cell; below, hue is noise
_MOST_CHROMA_GAIN = 1.5
"""More, or as much less, is no drift; redraws of a ginger cat make it 1.46 times as colourful."""


@dataclass(frozen=True, eq=False)
class Tone:
    """The normal as the edit would have shown it, had only tone and colour drifted.

    Attributes:
        predicted: (H, W, 3) float32 CIE Lab.
        uncertainty: (h, w) float32 on a coarse grid, delta E: correction specific to a colour or
            place, and a share of the whole correction for rare colours: where much was corrected
            by few examples, the correction is less certain.
        difference: (h, w) float32 on the same grid, delta E between the edit and the normal before
            any correction; NaN where they may not be compared.
        offset: Median correction in L*, a*, b*.
        chroma_gain: Chroma of the edit relative to the normal's.
        cast_delta_e: Median correction in a*, b* beyond that all colours gain chroma alike.
        correction: What was fitted; none where nothing was to be corrected.
    """

    predicted: FloatMap
    uncertainty: FloatMap
    difference: FloatMap
    offset: tuple[float, float, float]
    chroma_gain: float
    cast_delta_e: float
    correction: "Correction | None" = None

    def relight_delta_e(self, changed: Mask) -> float:
        """Delta E that nine tenths of the picture outside a change (H, W) stay below."""
        outside = cells_outside(changed, ~np.isnan(self.difference))
        judged = self.difference[outside]
        return float(np.quantile(judged, _RELIT_FRACTION)) if judged.size else 0.0


@dataclass(frozen=True, eq=False)
class Correction:
    """A fitted colour correction, for any size of the picture it was fitted to.

    Attributes:
        colours: (13, 3) coefficients of the colour terms.
        offsets: (16^3, 3), what to add to single colours beyond.
        shading: (64, 64) float32, by what share RGB is brighter over the picture.
        field: (h, w, 3) float32, what to add to Lab over the picture.
    """

    colours: NDArray[np.float64]
    offsets: NDArray[np.float64]
    shading: FloatMap
    field: FloatMap

    def predict(self, warped: RgbImage, spread: Callable[[FloatMap], FloatMap]) -> FloatMap:
        """The corrected normal, (H, W, 3) float32 Lab.

        Args:
            warped: (H, W, 3) uint8, the picture or a part of it, in the edited image's frame.
            spread: Brings a grid over the whole picture to the pixels of `warped`.
        """
        colours, field = table_index(warped), spread(self.field)
        brighter = spread(self.shading) if self.shading.any() else None
        table, lab = self._table_of(colours), np.empty(warped.shape, np.float32)
        for rows in strips(len(warped)):
            rgb = warped[rows] * np.float32(1 / 255)
            if brighter is not None:
                rgb *= 1 + brighter[rows, :, None]
            rgb += table.take(colours[rows], axis=0)
            np.clip(rgb, 0, 1, out=rgb)
            cv2.add(cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab), field[rows], dst=lab[rows])
        return lab

    def _table_of(self, colours: NDArray[np.int32]) -> FloatMap:
        """What to add to the colours (H, W) that occur, (64^3, 3) float32."""
        occurs = np.zeros(COLOURS, np.bool_)
        occurs[colours] = True
        rows = np.flatnonzero(occurs)
        table = np.zeros((COLOURS, 3), np.float32)
        table[rows] = corrections_of(rows, self.colours, self.offsets)
        return table


def correct_tone(warped: RgbImage, edited: RgbImage, valid: Mask) -> Tone:
    """Predict the edit's colours from the registered normal.

    Args:
        warped: (H, W, 3) uint8, the normal in the edited image's frame.
        edited: (H, W, 3) uint8.
        valid: (H, W) bool, where the normal has a counterpart.
    """
    cells = Cells.of(warped, edited, valid)
    account = Account.of(cells)
    drifted = without_recoloured(cells, account)
    if drifted is not cells:
        account = Account.of(drifted)
    fitted = account.predict(cells)
    offsets = colour_offsets(cells.rgb, drifted.edited - fitted, cells.valid)
    fitted = np.clip(fitted + offsets[coarse_bin(cells.rgb)], 0, 1)
    toned, target, start = (_lab(rgb, cells.shape) for rgb in (fitted, cells.edited, cells.rgb))
    whole = cells.valid.reshape(cells.shape)
    field = _illumination_field(_lab(drifted.edited, cells.shape) - toned, whole)
    correction = toned + field - start
    before, corrections = start[whole], correction[whole]
    offset = np.median(corrections, axis=0)
    chroma_gain = _chroma_gain(before, target[whole])
    found = Correction(account.colours, offsets, shading_of(account.light), field)
    return Tone(
        predicted=found.predict(warped, lambda grid: enlarge(grid, warped.shape)),
        uncertainty=magnitude(np.asarray(correction - offset, np.float32))
        + np.float32(_RARE_UNCERTAINTY * np.linalg.norm(offset))
        * rarity(cells).reshape(cells.shape),
        difference=np.where(
            whole, magnitude(gaussian(target - start, _RELIT_SIGMA)), np.float32(np.nan)
        ),
        offset=(float(offset[0]), float(offset[1]), float(offset[2])),
        chroma_gain=chroma_gain,
        cast_delta_e=_cast(before, corrections, chroma_gain),
        correction=found,
    )


def untouched(normal_lab: FloatMap) -> Tone:
    """The tone of an image that was edited in place: nothing to correct."""
    nothing = np.zeros((1, 1), np.float32)
    return Tone(normal_lab, nothing, nothing, (0.0, 0.0, 0.0), 1.0, 0.0)


def _lab(rgb: NDArray[np.float64], shape: tuple[int, int]) -> FloatMap:
    image = rgb.astype(np.float32).reshape(*shape, 3)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2Lab), np.float32)


def _illumination_field(residual: FloatMap, valid: Mask) -> FloatMap:
    """Slow robust average of what the colour fit left, (h, w, 3) delta E, capped.

    Each round trusts less distance from the last estimate, so that a slope is followed into the
    corners while a change keeps no say in the end.
    """
    sigma = _FIELD_SIGMA_FRACTION * min(valid.shape)
    field = np.zeros_like(residual)
    known = valid.ravel()
    for reach in _FIELD_REACHES:
        left = magnitude(residual - field).ravel().astype(np.float64)
        weight = biweight(left, known, reach, _MIN_SPREAD_DELTA_E)
        trust = np.asarray(weight.reshape(*valid.shape, 1), np.float32)
        total = gaussian(trust[..., 0], sigma)[..., None] + np.float32(_FIELD_PRIOR_TRUST)
        field = gaussian(np.asarray(trust * residual, np.float32), sigma) / total
    cap = np.clip(2 - magnitude(field) / _FIELD_CAP_DELTA_E, 0, 1)
    return np.asarray(field * cap[..., None], np.float32)


def _chroma_gain(before: FloatMap, after: FloatMap) -> float:
    """Median ratio of chroma over coloured cells, both (N, 3) Lab."""
    chroma = np.hypot(before[:, 1], before[:, 2])
    coloured = chroma > _MIN_CHROMA
    ratio = np.hypot(after[coloured, 1], after[coloured, 2]) / chroma[coloured]
    return float(np.median(ratio)) if ratio.size else 1.0


def _cast(before: FloatMap, correction: FloatMap, chroma_gain: float) -> float:
    """Median correction in a*, b* that a gain of chroma does not explain; both (N, 3) Lab."""
    gain = np.clip(chroma_gain, 1 / _MOST_CHROMA_GAIN, _MOST_CHROMA_GAIN)
    left = np.median(correction[:, 1:] - (gain - 1) * before[:, 1:], axis=0)
    return float(np.linalg.norm(left))
