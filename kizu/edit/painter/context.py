"""Measures the crop a defect is painted on: tone, texture, grain, objects."""

from typing import Final, NamedTuple

import cv2
import numpy as np

from kizu.edit.painter.foreground import Scene, refined
from kizu.edit.painter.material import Surface, to_lab
from kizu.edit.painter.noise_fields import FloatArray, Rng, blur, smoothstep
from kizu.edit.painter.placement import Placement
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

_ENOUGH_OBJECT: Final = 0.15
_GREY_CHROMA: Final = 2.5
_MAD_TO_STD: Final = 1.4826  # of a normal distribution
_LIGHT_RAD: Final = (1.15 * np.pi, 1.75 * np.pi)  # from above, as lamps and windows stand


class Window(NamedTuple):
    """Rows and columns of a crop, usable as an index."""

    rows: slice
    columns: slice


def window_around(x: float, y: float, reach_px: float, shape: tuple[int, ...]) -> Window:
    """The square around a point, cut to a picture of a shape (H, W, ...)."""
    rows = slice(max(int(y - reach_px), 0), min(int(y + reach_px) + 2, shape[0]))
    return Window(rows, slice(max(int(x - reach_px), 0), min(int(x + reach_px) + 2, shape[1])))


def survey(
    image: RgbImage, scene: Scene, window: Window, spot: Placement, *, near_px: float, rng: Rng
) -> Surface:
    """Measure a crop.

    Args:
        image: (H, W, 3) uint8, the whole photo.
        scene: The same photo, reduced and split.
        window: The crop.
        spot: Where in the photo the defect goes.
        near_px: How far around the spot tone and texture are measured.
        rng: Chooses the light's direction.
    """
    lab = to_lab(image[window])
    x, y = spot.x - window.columns.start, spot.y - window.rows.start
    near = lab[window_around(x, y, near_px, lab.shape)]
    objects = _objects(scene, window, lab[..., 0], image.shape)
    tone = _tone(near, objects[window_around(x, y, near_px, lab.shape)] > 0.5)  # noqa: PLR2004
    texture = _residual_std(near[..., 0], max(near_px / 6, 1.5))
    light = rng.uniform(*_LIGHT_RAD)
    return Surface(
        lab=lab,
        objects=objects,
        tone=tone,
        contrast=float(np.clip(11 + 1.5 * texture, 13, 36)),
        grain=_residual_std(near[..., 0], 0.8),
        light=(float(np.cos(light)), float(np.sin(light))),
        grey=_is_grey(scene.lab),
    )


def _tone(lab: FloatArray, objects: Mask) -> tuple[float, float, float]:
    """Median Lab, of the object alone where enough of one is there."""
    enough = float(objects.mean()) > _ENOUGH_OBJECT
    lightness, a, b = np.median(lab[objects] if enough else lab.reshape(-1, 3), axis=0)
    return float(lightness), float(a), float(b)


def _residual_std(lightness: FloatMap, sigma_px: float) -> float:
    """Robust standard deviation of what a blur takes away."""
    residual = lightness - blur(lightness, sigma_px)
    return float(_MAD_TO_STD * np.median(np.abs(residual)))


def _is_grey(lab: FloatArray) -> bool:
    return bool(np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 98) < _GREY_CHROMA)


def _objects(scene: Scene, window: Window, lightness: FloatMap, shape: tuple[int, ...]) -> FloatMap:
    """The scene's object mask at the crop's resolution, drawn to the photo's edges."""
    scale_y, scale_x = scene.objects.shape[0] / shape[0], scene.objects.shape[1] / shape[1]
    rows = (np.arange(window.rows.start, window.rows.stop) + 0.5) * scale_y - 0.5
    columns = (np.arange(window.columns.start, window.columns.stop) + 0.5) * scale_x - 0.5
    x, y = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
    solid = blur(scene.objects.astype(np.float32), 0.7)
    coarse = cv2.remap(solid, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    edges = refined(np.asarray(coarse, np.float32), lightness, max(int(2 * scene.scale), 2))
    return smoothstep(edges, 0.3, 0.7)
