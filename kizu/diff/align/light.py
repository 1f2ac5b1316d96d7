"""Light that falls off: smooth, of few terms, and it multiplies all channels alike.

Unlike a tone curve it depends on the place; unlike a change it has no edge. It is fitted together
with what else a camera or a model does to all of a picture: gains, offsets, less saturation.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kizu.diff.align.cells import Cells
from kizu.diff.align.robust import biweight, lengths
from kizu.imaging.arrays import FloatMap

CENSORED: Final = 0.02
"""Of the range at either end, 5 levels: clipped values; x0.7 to x1.4 no effect."""
MIN_SPREAD: Final = 0.002  # of the range; half a level of 8 bits
RIDGE: Final = 2e-4  # ridge per cell; x0.7 to x1.4 no effect
LIGHTS: Final = (5, 8)
"""Terms of light: a quadratic, and with what the square of the radius adds, as lenses have it."""
LIGHT_TERMS: Final = LIGHTS[-1]

_ROUNDS = 6  # of re-weighting
_REACH = 6.0  # deviations trusted; Tukey's is 4.7, and corners lie far off at first
_LEAST_SAY = 0.02  # of a white cell's; black ones still hold the offsets
_UNUSED = 1e3  # a ridge that leaves a term no say
_SATURATION_RIDGE = 0.002  # of the range squared: grey ground tells nothing of saturation
_SHADING_SIDE = 64  # a side of the light's grid; a quartic needs no finer one
_UNCHANGED = np.array([*[0.0] * LIGHT_TERMS, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
_OFFSETS = np.arange(LIGHT_TERMS + 3, LIGHT_TERMS + 6)
_OWN = tuple(
    np.array([*range(LIGHT_TERMS), LIGHT_TERMS + channel, LIGHT_TERMS + 3 + channel, -1])
    for channel in range(3)
)
"""Which of all terms change a channel: light, its gain, its offset, and loss of saturation."""


def fit_light(
    cells: Cells,
    toned: NDArray[np.float64],
    counts: NDArray[np.float64],
    light_terms: int = LIGHT_TERMS,
    *,
    mild: bool = False,
) -> NDArray[np.float64]:
    """Light and mild change of colour that explain most of what toned colours leave, (15,).

    Every place of the picture counts alike, for light is told by plain ground; but as far as it
    is lit: black explains any light, and much of it would make all that is bright an outlier.

    Args:
        cells: What is to be explained.
        toned: (N, 3) their colours as far as a tone is known.
        counts: (N,) for how many cells each of them stands.
        light_terms: How many terms of light may be used; the rest stay zero.
        mild: Without offsets, and although more than half may have changed.

    Returns:
        Light (8), three gains, three offsets, loss of saturation.
    """
    terms, target = _mild_terms(cells, toned), np.ascontiguousarray(cells.edited.T)
    free = (target > CENSORED) & (target < 1 - CENSORED)
    least = np.full(len(_UNCHANGED), RIDGE / 3)  # of one channel
    least[light_terms:LIGHT_TERMS] = _UNUSED
    least[-1] = _SATURATION_RIDGE
    if mild:
        least[_OFFSETS] = _UNUSED
    lit = counts * toned.mean(axis=1).clip(_LEAST_SAY, 1)
    solution = _UNCHANGED
    for _ in range(_ROUNDS):
        left = target - np.clip(_applied(terms, solution), 0, 1)
        weight = biweight(lengths(left), lit, _REACH, MIN_SPREAD, quiet=mild) * free
        ridge = least * (weight.sum() + 1)  # not nothing where every value is clipped
        matrix, pull = np.diag(ridge), ridge * _UNCHANGED
        for channel, own in enumerate(_OWN):
            weighted = terms[channel] * weight[channel]
            matrix[np.ix_(own, own)] += weighted @ terms[channel].T
            pull[own] += weighted @ target[channel]
        solution = np.linalg.solve(matrix, pull)
    return np.asarray(solution, np.float64)


def mildly_changed(cells: Cells, solution: NDArray[np.float64]) -> NDArray[np.float64]:
    """What light and mild changes (15,) make of the colours of cells, (N, 3) from 0 to 1."""
    return np.asarray(np.clip(_applied(_mild_terms(cells, cells.rgb), solution), 0, 1).T)


def _mild_terms(cells: Cells, toned: NDArray[np.float64]) -> NDArray[np.float64]:
    """What light and mild changes do to every channel, (3, 11, N), the terms as `_OWN` has them."""
    places, grey = place_terms(cells.xy), toned.mean(axis=1)
    terms = np.ones((3, len(_OWN[0]), len(toned)))
    for channel, (mine, before) in enumerate(zip(terms, toned.T, strict=True)):
        np.multiply(places, cells.rgb[:, channel], out=mine[:LIGHT_TERMS])
        mine[LIGHT_TERMS] = before
        mine[-1] = grey - before
    return terms


def _applied(terms: NDArray[np.float64], solution: NDArray[np.float64]) -> NDArray[np.float64]:
    """What light and mild changes (15,) make of every channel, (3, N)."""
    return np.stack([solution[own] @ mine for own, mine in zip(_OWN, terms, strict=True)])


def place_terms(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a light is made of at places (N, 2) from -0.5 to 0.5; (8, N)."""
    x, y = np.ascontiguousarray(xy.T)
    r2 = x * x + y * y
    return np.stack([x, y, x * x, y * y, x * y, r2 * r2, r2 * x, r2 * y])


def shading_of(light: NDArray[np.float64]) -> FloatMap:
    """By what share a light (8,) brightens the picture, on a coarse grid, (64, 64) float32."""
    ramp = (np.arange(_SHADING_SIDE) + 0.5) / _SHADING_SIDE - 0.5
    xy = np.stack(np.meshgrid(ramp, ramp), axis=-1).reshape(-1, 2)
    shading = light @ place_terms(xy)
    return np.asarray(shading, np.float32).reshape(_SHADING_SIDE, _SHADING_SIDE)
