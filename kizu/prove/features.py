"""What a pixel and its surroundings look like, in figures: a fixed bank of filters."""

from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.edit.painter.noise_fields import blur
from kizu.imaging.arrays import FloatMap, RgbImage

Features: TypeAlias = NDArray[np.float32]
"""(H, W, ``FEATURES``) float32."""

_SIGMAS_PX: Final = (1.0, 2.0, 4.0, 8.0)  # of the reduced picture: lines to stains
_PER_SIGMA: Final = 5
_COLOUR_SIGMAS_PX: Final = (1.5, 6.0)  # specks and stains
_BORDER_REACHES_PX: Final = (4.0, 16.0)  # with them AP rises by half on magnetic tiles
FEATURES: Final = (
    1 + _PER_SIGMA * len(_SIGMAS_PX) + len(_COLOUR_SIGMAS_PX) + len(_BORDER_REACHES_PX)
)
_DARK_L: Final = 5.0  # Lab units: the noise of black is not blown up to contrasts
_COLOUR_UNIT: Final = 25.0  # Lab units that count as 1, about an octave of lightness


def describe(image: RgbImage) -> Features:
    """Return what every pixel of a picture looks like.

    Lightness is taken relative to the picture's median, so that exposures of one part look alike.
    Of it, and per width of the filter: difference of Gaussians, gradient magnitude, both curvatures
    (eigenvalues of the Hessian) and local spread; then colour against its surroundings, and how
    near the border is.

    Args:
        image: (H, W, 3) uint8 RGB.

    Returns:
        (H, W, ``FEATURES``) float32.
    """
    lab = cv2.cvtColor(image.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    lightness = relative_lightness(np.ascontiguousarray(lab[..., 0], np.float32))
    planes = [lightness]
    for sigma_px in _SIGMAS_PX:
        planes += _at_width(lightness, sigma_px)
    chroma = np.ascontiguousarray(lab[..., 1:], np.float32) / np.float32(_COLOUR_UNIT)
    for sigma_px in _COLOUR_SIGMAS_PX:
        away = blur(chroma, sigma_px) - blur(chroma, 3 * sigma_px)
        planes.append(np.hypot(away[..., 0], away[..., 1]))
    planes += _nearness(lightness.shape)
    return np.stack(planes, axis=-1)


def relative_lightness(lightness: FloatMap) -> FloatMap:
    """Return (H, W) Lab lightness as a ratio to the picture's median, in octaves around 0."""
    ratio = (lightness + _DARK_L) / (np.median(lightness) + _DARK_L)
    return np.asarray(np.log2(ratio), np.float32)


def _nearness(shape: tuple[int, ...]) -> list[FloatMap]:
    """Return how near the picture's border is: what looks like an edge there is often its end."""
    rows, columns = (np.minimum(np.arange(side), np.arange(side)[::-1]) for side in shape)
    distance_px = np.minimum(rows[:, None], columns[None]).astype(np.float32)
    return [np.asarray(np.exp(-distance_px / reach_px)) for reach_px in _BORDER_REACHES_PX]


def _at_width(lightness: FloatMap, sigma_px: float) -> list[FloatMap]:
    smooth = blur(lightness, sigma_px)
    wide = blur(lightness, 2 * sigma_px)
    xx, yy, xy, x, y = (
        cv2.Sobel(smooth, cv2.CV_32F, dx, dy, ksize=3, scale=scale)
        for dx, dy, scale in (
            (2, 0, 0.25 * sigma_px**2),  # the kernels' own gain, undone
            (0, 2, 0.25 * sigma_px**2),
            (1, 1, 0.25 * sigma_px**2),
            (1, 0, 0.125 * sigma_px),
            (0, 1, 0.125 * sigma_px),
        )
    )
    middle, apart = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    spread = np.sqrt(np.maximum(blur(lightness**2, 2 * sigma_px) - wide**2, 0))
    return [smooth - wide, np.hypot(x, y), middle + apart, middle - apart, spread]
