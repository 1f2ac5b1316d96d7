"""Small image filters that several steps share."""

from collections.abc import Iterator

import cv2
import numpy as np

from kizu.imaging.arrays import FloatMap, Mask, RgbImage

_STRIP_PX = 64  # px; a strip of 1024 px and three channels has .8 MB, a core's cache 1 MB
_DIRECT_SIGMA_PX = 5.0  # px; wider blurs run on a reduced picture; for speed
_REDUCED_SIGMA_PX = 2.5  # px; the least blur there; so that reducing does not alias
_CHANGED_CELL_FRACTION = 0.05
"""Of a cell: with less of it changed it still tells of the drift; x0.7 to x1.4 no effect."""
_MIN_OUTSIDE_FRACTION = 0.4  # of known cells; fewer do not speak for the picture
_SUM = np.ones((1, 3), np.float32)  # of three channels, as a matrix
WHOLE = 0.99  # area average of a cell that is valid all over; one, less float rounding


def gaussian(image: FloatMap, sigma_px: float) -> FloatMap:
    """Blur; beyond a few pixels at reduced size, where the result is the same to within rounding.

    Args:
        image: (H, W) or (H, W, C) float32.
        sigma_px: Standard deviation; zero returns the image itself.
    """
    if sigma_px <= 0:
        return image
    if sigma_px <= _DIRECT_SIGMA_PX:
        return _as_map(cv2.GaussianBlur(image, (0, 0), sigma_px))
    factor = int(2 ** np.floor(np.log2(sigma_px / _REDUCED_SIGMA_PX)))
    height, width = image.shape[:2]
    small = cv2.GaussianBlur(shrink(image, factor), (0, 0), sigma_px / factor)
    return _as_map(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def shrink(image: FloatMap, factor: int) -> FloatMap:
    """Area average over `factor` x `factor` cells; never smaller than one pixel."""
    if factor <= 1:
        return image
    return cell_averages(
        image, (max(image.shape[0] // factor, 1), max(image.shape[1] // factor, 1))
    )


def cell_averages(image: FloatMap, grid: tuple[int, ...]) -> FloatMap:
    """Area average over a grid of (rows, columns) cells."""
    return _as_map(cv2.resize(image, (grid[1], grid[0]), interpolation=cv2.INTER_AREA))


def enlarge(image: FloatMap, shape: tuple[int, ...]) -> FloatMap:
    """Bilinear enlargement to (H, W)."""
    return _as_map(cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR))


def magnitude(vectors: FloatMap) -> FloatMap:
    """Euclidean length along the last axis of (..., 3)."""
    return _as_map(np.sqrt(dot(vectors, vectors)))


def dot(first: FloatMap, second: FloatMap) -> FloatMap:
    """Scalar products along the last axis of (..., 3); at a third of numpy's time."""
    if not first.size:
        return np.zeros(first.shape[:-1], np.float32)
    a, b = (np.ascontiguousarray(each).reshape(1, -1, 3) for each in (first, second))
    return _as_map(cv2.transform(cv2.multiply(a, b), _SUM)).reshape(first.shape[:-1])


def to_lab(image: RgbImage) -> FloatMap:
    """CIE L*a*b* (D65) of an sRGB image; (H, W, 3) float32.

    Levels are multiplied, not divided as the painter does: the last bit differs.
    """
    lab = np.empty(image.shape, np.float32)
    for rows in strips(len(image)):
        cv2.cvtColor(image[rows] * np.float32(1 / 255), cv2.COLOR_RGB2Lab, dst=lab[rows])
    return lab


def strips(height: int) -> Iterator[slice]:
    """Rows of a picture, few at a time: what several steps are done to then stays in the cache."""
    for top in range(0, height, _STRIP_PX):
        yield slice(top, min(top + _STRIP_PX, height))


def cells_outside(changed: Mask, known: Mask) -> Mask:
    """Known cells of a grid (h, w) that a change (H, W) leaves alone, or all if it leaves few."""
    fraction = cell_averages(changed.astype(np.float32), known.shape)
    outside = known & (fraction < _CHANGED_CELL_FRACTION)
    few = np.count_nonzero(outside) < _MIN_OUTSIDE_FRACTION * np.count_nonzero(known)
    return known if few else np.asarray(outside)


def _as_map(array: object) -> FloatMap:
    return np.asarray(array, np.float32)
