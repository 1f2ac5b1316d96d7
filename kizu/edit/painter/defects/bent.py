"""Bent parts: what stands at the place pushed aside, with the shading of the bend."""

from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.material import DefectParameters, Material, PaintedCrop, relight
from kizu.edit.painter.noise_fields import FloatArray, Rng, blur, grid, slope, smooth_noise
from kizu.imaging.arrays import FloatMap

# Where nothing else is said, a value was chosen by eye on photographs.
# Lengths are in radii of the bend, lightness steps in contrasts of the material.
_RATIO: Final = (1.0, 1.8)  # long : short axis of what is bent
_PUSH: Final = (0.35, 0.6, 2.5)  # how far the middle is pushed (min, max), least px
_FALL: Final = 1.3  # how fast it falls off; by eye: less and the whole neighbourhood moves
_UNEVEN: Final = 0.15  # of the push, over a radius
_SHADE: Final = 0.9  # of a steep flank: bent sheet turns towards the light and away
_CREASE: Final = (0.12, 0.8, 0.8)  # width, least px, step of the bright fold
_BODY: Final = 0.3  # of the push, from which a pixel counts as bent


def bent(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Push what stands at the place aside, in over an edge and along it, and shade the bend."""
    ratio = rng.uniform(*_RATIO)
    radius = float(np.sqrt(params.area_px / np.pi / ratio))
    along_rad = params.angle_rad + np.pi / 2 if params.at_edge else params.angle_rad
    along, across = grid(material.shape, params.x, params.y, along_rad)
    far = np.hypot(along / (radius * ratio), across / radius)
    push = np.exp(-((far / 0.8) ** 2) * _FALL)
    push = push * (1 + _UNEVEN * smooth_noise(material.shape, max(radius, 2.0), rng))
    low, high, least_px = _PUSH
    most = max(float(rng.uniform(low, high)) * radius, least_px) * min(params.strength, 1.8)
    way = along_rad + np.pi / 2
    if not params.at_edge:
        way += np.pi * int(rng.integers(2))
    lab = _pushed(material.lab, push * most, way)
    flank = slope(blur(push.astype(np.float32), 0.5), (np.cos(way), np.sin(way))) * radius
    facing = float(np.sign(np.cos(way) * material.light[0] + np.sin(way) * material.light[1]) or 1)
    strength = material.contrast * params.strength
    delta = -_SHADE * facing * np.tanh(flank) * strength
    width, least, step = _CREASE
    crease = np.exp(-((across / max(width * radius, least)) ** 2)) * push**2
    delta = delta + step * strength * crease
    return PaintedCrop(relight(lab, delta.astype(np.float32)), (push > _BODY).astype(np.float32))


def _pushed(lab: FloatArray, far_px: FloatMap, way: float) -> FloatArray:
    """The crop with its content moved so far along a way."""
    rows, columns = np.mgrid[: lab.shape[0], : lab.shape[1]].astype(np.float32)
    moved = cv2.remap(
        lab,
        (columns - far_px * np.float32(np.cos(way))).astype(np.float32),
        (rows - far_px * np.float32(np.sin(way))).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(moved, np.float32)
