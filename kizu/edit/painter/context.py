"""Measures the material at the place of a defect: tone, texture, grain, objects."""

from typing import Final, NamedTuple

import cv2
import numpy as np

from kizu.edit.painter.foreground import Foreground, guided_filter
from kizu.edit.painter.material import IS_OBJECT, Material, to_lab
from kizu.edit.painter.noise_fields import MAD_TO_STD, FloatArray, Rng, blur, smoothstep
from kizu.edit.painter.placement import Placement
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

_ENOUGH_OBJECT: Final = 0.15  # of the neighbourhood; by eye: with less, the tone is a thin edge's
_GREY_CHROMA: Final = 2.5  # at the percentile below; grey photos have 0.03-0.13, others 28-72
_GREY_PERCENTILE: Final = 98  # forgives a few coloured pixels, as of a JPEG
_LIGHT_RAD: Final = (1.15 * np.pi, 1.75 * np.pi)  # from above, as lamps and windows stand
_BASE_CONTRAST_L: Final = 11  # on a surface without texture; by eye: clear, not glaring
_CONTRAST_PER_TEXTURE: Final = 1.5  # L per L of its std; by eye: more shows on paper than on stone
_CONTRAST_BOUNDS_L: Final = (13, 36)  # by eye; a third of black to white at most
_TEXTURE_SIGMA: Final = 1 / 6  # of the neighbourhood's reach; what is coarser is shading
_GRADIENT_SIGMA_PX: Final = 1.2  # by eye: grain, not noise
_LEAST_GRAIN_SIDE_PX: Final = 5  # for a gradient and its blur
_LEAST_GRAIN_PX: Final = 64  # of fewer pixels a direction is chance
_NO_GRADIENT: Final = 1e-9  # squared L per px, to divide by
_GRAINED: Final = 0.3  # coherence; by eye: ground and brushed surfaces lie above, cast ones below
_LEAST_TEXTURE_SIGMA_PX: Final = 1.5  # twice the grain's: texture is more than noise
_GRAIN_SIGMA_PX: Final = 0.8  # what a blur this small removes is noise and the finest texture
_MASK_SIGMA: Final = 0.7  # pixels of the reduced mask: its steps, smoothed before it is enlarged
_OUTLINE_REACH: Final = 2  # reduced pixels an outline may move to the photo's edge: its error
_OUTLINE_RAMP: Final = (0.3, 0.7)  # of the filtered mask; by eye: firm, and still anti-aliased


class Window(NamedTuple):
    """Rows and columns of a crop, usable as an index."""

    rows: slice
    columns: slice


def window_around(x: float, y: float, reach_px: float, shape: tuple[int, ...]) -> Window:
    """Return the square around a point, cut to a picture of a shape (H, W, ...)."""
    rows = slice(max(int(y - reach_px), 0), min(int(y + reach_px) + 2, shape[0]))
    return Window(rows, slice(max(int(x - reach_px), 0), min(int(x + reach_px) + 2, shape[1])))


def measure_material(
    image: RgbImage,
    foreground: Foreground,
    window: Window,
    placement: Placement,
    *,
    neighbourhood_px: float,
    rng: Rng,
) -> Material:
    """Measure a crop.

    Args:
        image: (H, W, 3) uint8, the whole photo.
        foreground: The same photo, reduced and split.
        window: The crop.
        placement: Where in the photo the defect goes.
        neighbourhood_px: How far around the place tone and texture are measured.
        rng: Chooses the light's direction.
    """
    lab = to_lab(image[window])
    x, y = placement.x - window.columns.start, placement.y - window.rows.start
    around = window_around(x, y, neighbourhood_px, lab.shape)
    objects = _objects(foreground, window, lab[..., 0], image.shape)
    sigma_px = max(neighbourhood_px * _TEXTURE_SIGMA, _LEAST_TEXTURE_SIGMA_PX)
    texture = _residual_std(lab[around][..., 0], sigma_px)
    light = rng.uniform(*_LIGHT_RAD)
    return Material(
        lab=lab,
        objects=objects,
        tone=_tone(lab[around], objects[around] > IS_OBJECT),
        contrast=float(
            np.clip(_BASE_CONTRAST_L + _CONTRAST_PER_TEXTURE * texture, *_CONTRAST_BOUNDS_L)
        ),
        grain=_residual_std(lab[around][..., 0], _GRAIN_SIGMA_PX),
        light=(float(np.cos(light)), float(np.sin(light))),
        grey=is_grey(foreground.lab),
    )


def grain_rad(lightness: FloatMap, where: Mask | None = None) -> float | None:
    """Return the direction along which a surface is grained; None where it has no direction.

    The structure tensor's: grain runs across the gradients that prevail (Bigun and Granlund 1987).

    Args:
        lightness: (H, W) float32.
        where: (H, W) bool, which pixels are asked; None for all.
    """
    if min(lightness.shape) < _LEAST_GRAIN_SIDE_PX:
        return None
    dy, dx = np.gradient(blur(lightness, _GRADIENT_SIGMA_PX))
    asked = np.ones(lightness.shape, bool) if where is None else where
    if int(asked.sum()) < _LEAST_GRAIN_PX:
        return None
    xx, yy, xy = (float(np.asarray(a * b)[asked].mean()) for a, b in ((dx, dx), (dy, dy), (dx, dy)))
    coherence = float(np.hypot(xx - yy, 2 * xy)) / max(xx + yy, _NO_GRADIENT)
    if coherence < _GRAINED:
        return None
    return float(0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2) % float(np.pi)


def _tone(lab: FloatArray, objects: Mask) -> tuple[float, float, float]:
    """Median Lab, of the object alone where enough of one is there."""
    enough = float(objects.mean()) > _ENOUGH_OBJECT
    lightness, a, b = np.median(lab[objects] if enough else lab.reshape(-1, 3), axis=0)
    return float(lightness), float(a), float(b)


def _residual_std(lightness: FloatMap, sigma_px: float) -> float:
    """Robust standard deviation of what a blur takes away."""
    residual = lightness - blur(lightness, sigma_px)
    return float(MAD_TO_STD * np.median(np.abs(residual)))


def is_grey(lab: FloatArray) -> bool:
    """Tell whether an (H, W, 3) float32 Lab picture has no colour."""
    return bool(np.percentile(np.hypot(lab[..., 1], lab[..., 2]), _GREY_PERCENTILE) < _GREY_CHROMA)


def _objects(
    foreground: Foreground, window: Window, lightness: FloatMap, shape: tuple[int, ...]
) -> FloatMap:
    """The reduced object mask at the crop's resolution, drawn to the photo's edges."""
    reduced = foreground.objects
    scale_y, scale_x = reduced.shape[0] / shape[0], reduced.shape[1] / shape[1]
    rows = (np.arange(window.rows.start, window.rows.stop) + 0.5) * scale_y - 0.5
    columns = (np.arange(window.columns.start, window.columns.stop) + 0.5) * scale_x - 0.5
    x, y = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
    solid = blur(reduced.astype(np.float32), _MASK_SIGMA)
    coarse = cv2.remap(solid, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    reach_px = max(int(_OUTLINE_REACH * foreground.scale), _OUTLINE_REACH)
    outline = guided_filter(np.asarray(coarse, np.float32), lightness, reach_px)
    return smoothstep(outline, *_OUTLINE_RAMP)
