"""Texture as a generative model gives it back: the same statistics, partly other grain."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from kizu.edit.painter.drift_profiles import Drift, Range
from kizu.edit.painter.noise_fields import Rng, Shape, blur
from kizu.imaging.arrays import FloatMap

_BAND_SIGMAS_PX: Final = (0.0, 0.7, 1.4, 2.8, 5.6, 11.2)
"""Bounds of the difference-of-Gaussians bands, at 1024 px; those the pairs were measured in."""
_LOCAL_SIGMAS: Final = 2  # of a band, over which its local strength is taken: several of its waves


def resynthesise(
    lightness: FloatMap, drift: Drift, scale: float, proximity: FloatMap, rng: Rng
) -> FloatMap:
    """Each difference-of-Gaussians band as `gain * (rho * band + sqrt(1 - rho^2) * noise)`.

    Args:
        lightness: (H, W) float32 L.
        drift: Ranges of the profile.
        scale: Pixels of the photo per pixel of the reference size.
        proximity: (H, W) float32 in [0, 1], 1 close to the edit, where twice as much is lost.
        rng: Source of the ranges' draws and of the new grain.

    Returns:
        (H, W) float32 L.
    """
    out = lightness.copy()
    bands = _bands(lightness, len(drift.rho), scale)
    noises = _bands(rng.standard_normal(lightness.shape, np.float32), len(drift.rho), scale)
    for index, (band, noise) in enumerate(zip(bands, noises, strict=True)):
        rho = np.maximum(1 - (1 - _draw(drift.rho[index], rng)) * (1 + proximity), 0)
        gain = _draw(drift.gain[index], rng)
        local = np.sqrt(blur(band * band, _LOCAL_SIGMAS * scale * _BAND_SIGMAS_PX[index + 1]))
        grain = noise * (local / max(float(noise.std()), 1e-6))
        out += np.float32(gain) * (rho * band + np.sqrt(1 - rho * rho) * grain) - band
    return np.asarray(out, np.float32)


def _bands(field: FloatMap, count: int, scale: float) -> Iterator[FloatMap]:
    """Difference-of-Gaussians bands, finest first."""
    sharper = field
    for sigma in _BAND_SIGMAS_PX[1 : count + 1]:
        softer = blur(field, sigma * scale)
        yield sharper - softer
        sharper = softer


def checkerboard(shape: Shape, amplitude: float) -> FloatMap:
    """The pattern of one grey level up, one down, that upsampling decoders leave behind."""
    rows, columns = np.indices(shape, sparse=True)
    return np.where((rows + columns) % 2 == 0, amplitude, -amplitude).astype(np.float32)


def _draw(bounds: Range, rng: Rng) -> float:
    return float(rng.uniform(*bounds))
