"""Rival accounts of what happened to all of a picture, and the choice among them.

A tone curve, falling light and a recoloured part explain the same change of a colour, where bright
and dark, or one colour and another, lie apart. The account with the fewest freedoms counts that
explains most cells.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.align.cells import Cells, sample
from kizu.diff.align.colour_model import balance, colour_terms, fit_colours
from kizu.diff.align.light import LIGHT_TERMS, LIGHTS, fit_light, mildly_changed, place_terms
from kizu.diff.align.robust import lengths, weighted_quantile

_EXPLAINED_MEDIANS = 3.0  # of what is usually left: explained; twice as much is far off
_MIN_EXPLAINED = 0.008  # of the range; two levels of 8 bits are rounding and noise
_LIGHT_GAIN = 0.01
"""Of all cells, more explained by a light that counts; .02 misses a fall-off of 10 % in a sky."""
_FAR_COST = 4.0  # explained cells that one cell far off outweighs
_EVEN_LIGHT = 0.03  # of the light, over the picture; less is left to the slow field
_RECOLOURED_DELTA_E = 16.0  # delta E; curves and gains of redraws stay below, a new colour does not
_KEPT_DELTA_E = 8.0  # delta E that gains and light may move a colour which they are said to keep
_MOST = 0.5  # of the cells; a majority


@dataclass(frozen=True, eq=False)
class Account:
    """What happened to every colour and place.

    Attributes:
        colours: (13, 3) coefficients of the colour terms.
        light: (8,) of the light.
    """

    colours: NDArray[np.float64]
    light: NDArray[np.float64]

    @classmethod
    def of(cls, cells: Cells) -> "Account":
        """The simplest account that explains most cells.

        Colours alone are fitted, then a quadratic light first, then one of more terms. One with
        more freedoms must explain more cells, and leave hardly more of them far off: a polynomial
        swings in corners that have lost their say.
        """
        some, counts = sample(cells)
        weights, darkness = balance(some, counts), np.zeros(LIGHT_TERMS)
        best = cls(fit_colours(some, some.rgb, weights), darkness)
        left = best._left_by(some)
        for terms in LIGHTS:
            light = fit_light(some, some.rgb, counts, terms)[:LIGHT_TERMS]
            share = light @ place_terms(some.xy)
            if np.ptp(share) < _EVEN_LIGHT:
                break
            colours = fit_colours(some, some.rgb * (1 + share)[:, None], weights)
            toned = some.rgb + (colours.T @ colour_terms(some.rgb)).T
            lit = cls(colours, fit_light(some, toned, counts, terms)[:LIGHT_TERMS])
            other = lit._left_by(some)
            if _explains_more(other, left, counts):
                best, left = lit, other
        return best

    def predict(self, cells: Cells) -> NDArray[np.float64]:
        """What becomes of the colours of cells, (N, 3) from 0 to 1."""
        lit = cells.rgb * (1 + self.light @ place_terms(cells.xy))[:, None]
        toned = lit + (self.colours.T @ colour_terms(cells.rgb)).T
        return np.asarray(np.clip(toned, 0, 1), np.float64)

    def _left_by(self, cells: Cells) -> NDArray[np.float64]:
        """What the account leaves of every cell's change, (N,) from 0 to 1."""
        left = cells.edited - self.predict(cells)
        return lengths(left.T)


def _explains_more(
    left: NDArray[np.float64], before: NDArray[np.float64], counts: NDArray[np.float64]
) -> bool:
    """Whether an account that leaves so much of each cell (N,) is worth its freedoms."""
    usual = min(weighted_quantile(each, counts, 0.5) for each in (left, before))
    tolerance = max(_EXPLAINED_MEDIANS * usual, _MIN_EXPLAINED)
    more = counts[left < tolerance].sum() - counts[before < tolerance].sum()
    far = counts[left > 2 * tolerance].sum() - counts[before > 2 * tolerance].sum()
    return bool(more - _FAR_COST * max(far, 0.0) > _LIGHT_GAIN * counts.sum())


def without_recoloured(cells: Cells, account: Account) -> Cells:
    """Cells whose recoloured ones show what light and gains would have made of them.

    An account that turns single colours far, where light and gains alone leave those colours and
    most of the picture as they were, describes no drift: something of these colours was recoloured.
    """
    predicted = account.predict(cells)
    far = _delta_e(predicted, cells.rgb) > _RECOLOURED_DELTA_E
    if not far[cells.valid].any():
        return cells
    some, counts = sample(cells)
    mild = mildly_changed(cells, fit_light(some, some.rgb, counts, mild=True))
    far &= _delta_e(predicted, mild) > _RECOLOURED_DELTA_E
    far &= _delta_e(mild, cells.rgb) < _KEPT_DELTA_E
    explained = _delta_e(cells.edited, mild) < _RECOLOURED_DELTA_E
    if float(explained.mean()) < _MOST or not far.any():
        return cells
    return replace(cells, edited=np.where(far[:, None], mild, cells.edited))


def _delta_e(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE 1976 colour difference (N,) of colours (N, 3) from 0 to 1."""
    first, second = (
        cv2.cvtColor(rgb.astype(np.float32)[None], cv2.COLOR_RGB2Lab)[0] for rgb in (a, b)
    )
    return np.asarray(np.linalg.norm(first - second, axis=1), np.float64)
