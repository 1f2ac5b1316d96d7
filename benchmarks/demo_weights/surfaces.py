"""Defect-free surfaces to paint on: crops of bundled photographs, and rendered materials."""

from collections.abc import Callable
from functools import cache
from typing import Final

import cv2
import numpy as np
from skimage import data

from kizu.imaging.arrays import FloatMap, RgbImage

Rng = np.random.Generator

TRAINING_PHOTOS: Final = (
    *("astronaut", "brick", "chelsea", "clock", "coffee", "gravel", "hubble_deep_field"),
    *("immunohistochemistry", "moon", "page", "retina", "rocket", "stereo_motorcycle", "cell"),
)
HELD_OUT_PHOTOS: Final = ("camera", "coins", "grass")
"""No pixel of these is ever trained on."""

_LEAST_CROP: Final = 0.35  # of the photo's shorter side
_MOST_DARKENED, _MOST_LIGHTENED = 0.6, 1.6  # exponent of grey values


def photo_crop(names: tuple[str, ...], side_px: int, rng: Rng) -> RgbImage:
    """Return a random square of a random photograph, turned, mirrored and toned at random."""
    photo = _photo(str(rng.choice(names)))
    shorter = min(photo.shape[:2])
    crop = int(shorter * rng.uniform(_LEAST_CROP, 1.0))
    top = int(rng.integers(photo.shape[0] - crop + 1))
    left = int(rng.integers(photo.shape[1] - crop + 1))
    square = np.rot90(photo[top : top + crop, left : left + crop], int(rng.integers(4)))
    method = cv2.INTER_AREA if crop > side_px else cv2.INTER_CUBIC
    sized = cv2.resize(np.ascontiguousarray(square), (side_px, side_px), interpolation=method)
    return _toned(np.asarray(sized, np.float32) / 255, rng)


def material(side_px: int, rng: Rng) -> RgbImage:
    """Return a rendered material: grain, brushed metal, weave, veneer, tiles or a gradient."""
    relief = MATERIALS[int(rng.integers(len(MATERIALS)))](side_px, rng)
    relief = (relief - relief.mean()) / max(float(relief.std()), 1e-6)
    contrast, level = rng.uniform(0.01, 0.12), rng.uniform(0.25, 0.8)
    colour = level * (1 + rng.normal(0, 0.15, 3))
    shading = _shading(side_px, rng)[..., None]
    pixels = colour * (1 + shading) + contrast * relief[..., None] * (1 + rng.normal(0, 0.2, 3))
    return _toned(
        np.clip(pixels + rng.normal(0, 0.008, pixels.shape), 0, 1).astype(np.float32), rng
    )


@cache
def _photo(name: str) -> RgbImage:
    loaded = getattr(data, name)()
    pixels = np.asarray(loaded[0] if isinstance(loaded, tuple) else loaded)
    if pixels.ndim == 2:  # grey
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    return np.asarray(pixels[..., :3], np.uint8)


def _toned(pixels: FloatMap, rng: Rng) -> RgbImage:
    toned = pixels ** rng.uniform(_MOST_DARKENED, _MOST_LIGHTENED)
    toned = toned[..., rng.permutation(3)] if rng.random() < 0.5 else toned
    if rng.random() < 0.2:  # grey cameras are common in inspection
        toned = np.repeat(toned.mean(axis=2, keepdims=True), 3, axis=2)
    return np.asarray(np.round(255 * np.clip(toned, 0, 1)), np.uint8)


def _shading(side_px: int, rng: Rng) -> FloatMap:
    y, x = np.mgrid[0:side_px, 0:side_px].astype(np.float32) / side_px - 0.5
    slope, angle = rng.uniform(0, 0.4), rng.uniform(0, 2 * np.pi)
    return np.asarray(slope * (np.cos(angle) * x + np.sin(angle) * y), np.float32)


def _noise(side_px: int, sigma: tuple[float, float], rng: Rng) -> FloatMap:
    """Return noise of unit deviation, blurred along x and y."""
    white = rng.standard_normal((side_px, side_px)).astype(np.float32)
    smooth = cv2.GaussianBlur(white, (0, 0), sigmaX=sigma[0], sigmaY=sigma[1])
    return np.asarray(smooth / max(float(smooth.std()), 1e-6), np.float32)


def _turned(field: FloatMap, rng: Rng) -> FloatMap:
    side = field.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), float(rng.uniform(0, 180)), 1.5)
    return np.asarray(cv2.warpAffine(field, turn, (side, side), borderMode=cv2.BORDER_REFLECT))


def _grain(side_px: int, rng: Rng) -> FloatMap:
    fine = float(np.exp(rng.uniform(np.log(0.5), np.log(6))))
    return _noise(side_px, (fine, fine), rng) + rng.uniform(0, 1) * _noise(side_px, (20, 20), rng)


def _brushed(side_px: int, rng: Rng) -> FloatMap:
    return _turned(_noise(side_px, (float(rng.uniform(8, 40)), 0.5), rng), rng)


def _weave(side_px: int, rng: Rng) -> FloatMap:
    pitch = rng.uniform(3, 14)
    y, x = np.mgrid[0:side_px, 0:side_px].astype(np.float32) + 2 * _noise(side_px, (30, 30), rng)
    threads = np.sin(2 * np.pi * x / pitch) * np.sin(2 * np.pi * y / pitch)
    return _turned(np.asarray(threads, np.float32) + 0.3 * _noise(side_px, (1, 1), rng), rng)


def _veneer(side_px: int, rng: Rng) -> FloatMap:
    y = np.mgrid[0:side_px, 0:side_px][0].astype(np.float32)
    bent = y + rng.uniform(4, 16) * _noise(side_px, (60, 20), rng)
    rings = np.sin(2 * np.pi * bent / rng.uniform(10, 50))
    return _turned(np.asarray(rings, np.float32) + 0.4 * _noise(side_px, (12, 0.6), rng), rng)


def _tiles(side_px: int, rng: Rng) -> FloatMap:
    pitch, joint = rng.uniform(40, 150), rng.uniform(2, 5)
    y, x = np.mgrid[0:side_px, 0:side_px].astype(np.float32)
    joints = ((x % pitch) < joint) | ((y % pitch) < joint)
    flat = cv2.GaussianBlur(joints.astype(np.float32), (0, 0), 1.0)
    return np.asarray(-4 * flat + 0.5 * _noise(side_px, (1.5, 1.5), rng), np.float32)


def _plain(side_px: int, rng: Rng) -> FloatMap:
    return _noise(side_px, (60, 60), rng)


MATERIALS: Final[tuple[Callable[[int, Rng], FloatMap], ...]] = (
    *(_grain, _brushed, _weave, _veneer, _tiles, _plain),
)
