"""How the local features of a picture lie on those of a normal: scale and place along each axis.

People and programs resize, squeeze, crop and pad pictures and turn them by quarters; they do not
shear them. So a map has two scales and two offsets after a quarter turn, and two matches give one
(RANSAC, Fischler and Bolles 1981).
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kizu.matching.features import Descriptors, ImageFeatures

Places: TypeAlias = NDArray[np.float64]
"""(N, 2) float64 xy in px, the picture's corner being 0, 0."""

MIN_MATCHES: Final = 5
"""Features that must agree on a map; of 1,035 foreign pictures one reached 5, one 6, none more
(``benchmarks/label/chance.py``)."""

_MAX_RATIO: Final = 0.96
"""Of distances to the nearest and the next feature; Lowe takes 0.8, parts repeat themselves."""
_MAX_ANGLE_DEG: Final = 25.0  # off a quarter turn; half a bin of SIFT's 36 and what drift bends
_ROUNDS: Final = 600  # pairs of matches tried; 99 % sure down to one inlier in eleven
_MIN_SPAN: Final = 0.04  # of the normal's sides between the two matches of a pair
_SCALES: Final = (1 / 12, 12.0)  # picture to normal; SIFT finds little beyond 4
_MAX_SQUEEZE: Final = 1.5  # one scale to the other; 4:3 made square is 1.33
_INLIER_FRACTION: Final = 0.02
"""Of the normal's long side; models that redraw a picture bend it by 1 %, root mean square."""
_SETTLED_ROUNDS: Final = 4  # of least squares on what agrees
_TIGHTER: Final = 3.0  # median deviations within which a match has a say
_MIN_TOLERANCE_FRACTION: Final = 0.001  # of the long side; SIFT's own precision at 640 px
_MIN_SPREAD_FRACTION: Final = 0.08  # of a side; features closer together do not give a scale


@dataclass(frozen=True)
class AxisFit:
    """A map from a normal to a picture that is turned back: ``scale * x + offset`` on each axis.

    Attributes:
        turns: Quarter turns of the picture, counter-clockwise.
        scale: Picture px per normal px along x and y.
        offset: Where the normal's corner lies in the picture turned back, xy in px.
        inliers: Features that agree.
        deviation_px: Their median distance from the map, in px of the normal.
    """

    turns: int
    scale: tuple[float, float]
    offset: tuple[float, float]
    inliers: int
    deviation_px: float


def turned_back(places: Places, size: tuple[int, int], turns: int) -> Places:
    """Return where places of a picture lie once its quarter turns are undone.

    Args:
        places: (N, 2) xy in px.
        size: (width, height) of the picture as it came.
        turns: Quarter turns counter-clockwise that it was turned by.
    """
    x, y = places[:, 0], places[:, 1]
    width, height = size
    columns = {0: (x, y), 1: (height - y, x), 2: (width - x, height - y), 3: (y, width - x)}
    return np.stack(columns[turns], axis=1)


def match_features(normal: ImageFeatures, picture: ImageFeatures) -> NDArray[np.int64]:
    """Return (N, 2) indices of features of normal and picture that are each other's nearest."""
    if min(len(normal.descriptors), len(picture.descriptors)) < 2:  # the next nearest is needed
        return np.zeros((0, 2), np.int64)
    likeness = root_sift(picture.descriptors) @ root_sift(normal.descriptors).T
    nearest = likeness.argmax(axis=1)
    rows = np.arange(len(likeness))
    mutual = likeness.argmax(axis=0)[nearest] == rows
    two = np.partition(likeness, -2, axis=1)[:, -2:]
    next_best, best = np.sqrt(np.maximum(2 - 2 * two, 0)).T
    clear = best <= _MAX_RATIO * next_best
    chosen = mutual & clear
    return np.stack([nearest[chosen], rows[chosen]], axis=1)


def root_sift(descriptors: Descriptors) -> NDArray[np.float32]:
    """Return descriptors (N, 128) whose products are Hellinger's kernel (Arandjelovic 2012)."""
    values = descriptors.astype(np.float32)
    shares = values / np.maximum(values.sum(axis=1, keepdims=True), 1)
    return np.asarray(np.sqrt(shares), np.float32)


def fit_axes(normal: ImageFeatures, picture: ImageFeatures) -> AxisFit | None:
    """Return the map that most features agree on; None if too few do."""
    pairs = match_features(normal, picture)
    here = normal.points[pairs[:, 0]].astype(np.float64)
    there = picture.points[pairs[:, 1]].astype(np.float64)
    angles = (here[:, 2] - there[:, 2]) % 360  # counter-clockwise turns lessen OpenCV's angle
    fits = []
    for turns in range(4):
        off = np.abs((angles - 90 * turns + 180) % 360 - 180)
        agree = off <= _MAX_ANGLE_DEG
        if np.count_nonzero(agree) >= MIN_MATCHES:
            moved = turned_back(there[agree, :2], picture.size, turns)
            fits.append(_ransac(here[agree, :2], moved, normal.size, turns))
    good = [fit for fit in fits if fit is not None]
    return max(good, key=lambda fit: fit.inliers, default=None)


def _ransac(here: Places, there: Places, size: tuple[int, int], turns: int) -> AxisFit | None:
    rng = np.random.default_rng(0)
    first = rng.integers(len(here), size=_ROUNDS)
    second = rng.integers(len(here), size=_ROUNDS)
    span = here[second] - here[first]
    apart = (np.abs(span) >= _MIN_SPAN * np.array(size)).all(axis=1)
    first, second, span = first[apart], second[apart], span[apart]
    scale = (there[second] - there[first]) / span
    squeeze = scale[:, 0] / np.where(scale[:, 1] == 0, np.inf, scale[:, 1])
    good = (scale > _SCALES[0]).all(axis=1) & (scale < _SCALES[1]).all(axis=1)
    good &= (squeeze < _MAX_SQUEEZE) & (squeeze > 1 / _MAX_SQUEEZE)
    if not good.any():
        return None
    scale = scale[good]
    offset = there[first[good]] - scale * here[first[good]]
    off = (there[None] - offset[:, None]) / scale[:, None] - here[None]
    tolerance = _INLIER_FRACTION * max(size)
    agree = np.abs(off).max(axis=2) <= tolerance
    best = int(agree.sum(axis=1).argmax())
    return _settled(here, there, (scale[best], offset[best]), size, turns)


def _settled(
    here: Places,
    there: Places,
    start: tuple[NDArray[np.float64], NDArray[np.float64]],
    size: tuple[int, int],
    turns: int,
) -> AxisFit | None:
    """Least squares on what agrees, with a tolerance that follows how well it does."""
    scale, offset = start
    loose = _INLIER_FRACTION * max(size)
    tolerance = loose
    for _ in range(_SETTLED_ROUNDS):
        off = np.abs((there - offset) / scale - here).max(axis=1)
        agree = off <= tolerance
        if np.count_nonzero(agree) < MIN_MATCHES:
            return None
        scale, offset = _least_squares(here[agree], there[agree], scale, size)
        off = np.abs((there - offset) / scale - here).max(axis=1)
        deviation = float(np.median(off[off <= tolerance])) if (off <= tolerance).any() else loose
        least = _MIN_TOLERANCE_FRACTION * max(size)
        tolerance = min(max(_TIGHTER * deviation, least), loose)
    inliers = len(np.unique(np.round(here[off <= loose]), axis=0))
    if inliers < MIN_MATCHES:
        return None
    return AxisFit(
        turns,
        (float(scale[0]), float(scale[1])),
        (float(offset[0]), float(offset[1])),
        inliers,
        deviation,
    )


def _least_squares(
    here: Places, there: Places, scale: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit each axis on its own; where the features lie too close together, the scale is kept."""
    middle, target = here.mean(axis=0), there.mean(axis=0)
    spread = here.std(axis=0)
    slope = ((here - middle) * (there - target)).mean(axis=0) / np.maximum(spread**2, 1e-9)
    known = spread >= _MIN_SPREAD_FRACTION * np.array(size)
    scale = np.where(known & (slope > 0), slope, scale)
    return scale, target - scale * middle
