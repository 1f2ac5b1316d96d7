"""How the picture comes back: the painter's imitated redraws, and one of another making.

The painter's profiles move a picture by less than a pixel. `warped` moves it by several, bends it,
re-tones it by curves, softens it, adds noise and compresses it, so that a method cannot do well by
having been made beside the painter.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeAlias

import cv2
import numpy as np

from kizu.edit.painter import DriftProfile, Painting, imitate_drift
from kizu.edit.painter.noise_fields import Rng, blur, grid, smooth_noise
from kizu.imaging.arrays import FloatMap, RgbImage

Drift: TypeAlias = Callable[[Painting, int], Painting]


def _imitated(painting: Painting, seed: int, profile: DriftProfile) -> Painting:
    return imitate_drift(painting, profile, seed)


def redrawn(profile: str, image: RgbImage, seed: int) -> RgbImage:
    """A picture on which nothing changed, as one of the drifts returns it."""
    nothing = np.zeros(image.shape[:2], np.bool_)
    return PRESERVING[profile](Painting(image, nothing), seed).image


def warped(painting: Painting, seed: int) -> Painting:
    """Move, bend, re-tone, soften, add noise, compress; the truth moves along."""
    rng = np.random.default_rng((seed, *b"warped"))
    x, y = _sources(painting.truth.shape, rng)
    moved = _sampled(painting.image.astype(np.float32) / 255, x, y)
    toned = np.clip(_toned(moved, rng), 0, 1) * 255
    noise = rng.normal(0, rng.uniform(1.0, 3.0), toned.shape).astype(np.float32)
    soft = blur(np.asarray(toned, np.float32), float(rng.uniform(0.3, 0.7))) + noise
    truth = _sampled(painting.truth.astype(np.float32), x, y) > 0.5  # nearest
    image = np.clip(np.rint(soft), 0, 255).astype(np.uint8)
    return Painting(_compressed(image, int(rng.integers(78, 93))), truth)


def _sources(shape: tuple[int, ...], rng: Rng) -> tuple[FloatMap, FloatMap]:
    """Up to 6 px of shift, 1.5 % of zoom, 0.3 degrees, 2 px of bending, at a side of 1024."""
    size, unit = (shape[0], shape[1]), max(shape) / 1024
    centre = ((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    along, across = grid(size, *centre, float(np.deg2rad(rng.uniform(-0.3, 0.3))))
    zoom = np.float32(rng.uniform(0.985, 1.015))
    length_px = float(rng.uniform(120, 240)) * unit
    x, y = (
        np.float32(middle + rng.uniform(-6, 6) * unit)
        + axis / zoom
        + np.float32(rng.uniform(0.5, 2.0) * unit) * smooth_noise(size, length_px, rng)
        for middle, axis in zip(centre, (along, across), strict=True)
    )
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _toned(rgb: FloatMap, rng: Rng) -> FloatMap:
    """A curve per channel, a little saturation, and uneven light."""
    curved = rgb ** rng.uniform(0.9, 1.1, 3).astype(np.float32)
    bend = np.float32(rng.uniform(-0.25, 0.25))
    curved += bend * curved * (1 - curved) * (2 * curved - 1)
    grey = curved.mean(axis=-1, keepdims=True)
    saturated = grey + (curved - grey) * np.float32(rng.uniform(0.9, 1.12))
    shape = (rgb.shape[0], rgb.shape[1])
    light = 1 + 0.02 * smooth_noise(shape, 0.4 * max(shape), rng)
    return np.asarray(saturated * light[..., None] * rng.uniform(0.95, 1.05), np.float32)


def _sampled(array: FloatMap, x: FloatMap, y: FloatMap) -> FloatMap:
    moved = cv2.remap(array, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.clip(moved, 0, 1).astype(np.float32)


def _compressed(image: RgbImage, quality: int) -> RgbImage:
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


PRESERVING: Final[Mapping[str, Drift]] = {
    "none": partial(_imitated, profile=DriftProfile.NONE),
    "gpt-image-1.5": partial(_imitated, profile=DriftProfile.GPT_IMAGE_1_5),
    "gpt-image-2": partial(_imitated, profile=DriftProfile.GPT_IMAGE_2),
    "warped": warped,
}
"""Drifts after which a picture is still the same; the change must be found."""

REDRAWN: Final[Drift] = partial(_imitated, profile=DriftProfile.REDRAW)
"""A drift after which it is another picture, and must be called so."""
