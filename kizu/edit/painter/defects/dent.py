"""Dents: shading that follows a height field, and a slight bending of what lies on it."""

from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.material import DefectParameters, Material, PaintedCrop, relight
from kizu.edit.painter.noise_fields import Rng, blur, fractal_noise, grid, slope, smoothstep
from kizu.imaging.arrays import FloatMap

# Where nothing else is said, a value was chosen by eye on photographs.
# Lengths are in radii of the dent, lightness steps in contrasts of the material.
_RATIO: Final = (1.0, 1.6)  # long : short axis; by eye
_WOBBLE: Final = (0.07, 1.2)  # amplitude and length of the outline's unevenness; by eye
_BOWL: Final = (0.62, 0.35)  # width and steepening of the bowl; by eye: flat floor, steeper wall
_RIM: Final = (0.16, 0.98, 0.2)  # height in bowl depths, place and width of the raised rim; by eye
_SMOOTH: Final = (0.04, 0.5)  # and px more: sheet metal has no sharp creases at this size
_SLOPE_GAIN: Final = 0.5  # slope to tanh; by eye: more makes two flat halves of light and dark
_SLOPE_STEP: Final = 1.7  # of a steep slope; by eye: the slopes carry the dent
_BOTTOM_STEP: Final = 0.3  # darker floor, which sees less of the sky; by eye
_GLINT: Final = (10, 0.5)  # power and step of the highlight on the slope that faces the light
_PULL: Final = 0.09  # largest displacement of the texture; by eye: more looks like a lens
_BODY: Final = (-0.15, 0.1)  # ramp of the dent's own extent around its radius: the rim is in it


def dent(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Press a bowl with a raised rim into the surface and shade its slopes."""
    ratio = rng.uniform(*_RATIO)
    radius = float(np.sqrt(params.area_px / np.pi / ratio))
    along, across = grid(material.shape, params.x, params.y, params.angle_rad)
    wobble = _WOBBLE[0] * fractal_noise(material.shape, radius * _WOBBLE[1], rng, 3)
    r = np.hypot(along / (radius * ratio), across / radius) + wobble
    bowl = -np.exp(-((r / _BOWL[0]) ** 2 * (1 + _BOWL[1] * r)))
    rim = _RIM[0] * np.exp(-(((r - _RIM[1]) / _RIM[2]) ** 2))
    height = blur((bowl + rim).astype(np.float32), _SMOOTH[0] * radius + _SMOOTH[1])

    shade = slope(height, (-material.light[0], -material.light[1])) * radius
    depth = material.contrast * params.strength
    delta = np.tanh(_SLOPE_GAIN * shade) * _SLOPE_STEP * depth + _BOTTOM_STEP * depth * bowl
    power, step = _GLINT
    glint = np.clip(shade / max(float(shade.max()), 1e-6), 0, 1) ** power * step * depth
    bent = _bent(material, height, _PULL * radius)
    return PaintedCrop(relight(bent, (delta + glint).astype(np.float32)), smoothstep(1 - r, *_BODY))


def _bent(material: Material, height: FloatMap, pull_px: float) -> FloatMap:
    """The surface seen through the bowl: texture is drawn towards its middle."""
    rows, columns = np.mgrid[: material.shape[0], : material.shape[1]].astype(np.float32)
    dy, dx = np.gradient(height)
    norm = pull_px / max(float(np.hypot(dx, dy).max()), 1e-6)
    moved = cv2.remap(
        material.lab,
        (columns + dx * norm).astype(np.float32),
        (rows + dy * norm).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(moved, np.float32)
