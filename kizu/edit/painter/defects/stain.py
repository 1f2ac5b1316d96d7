"""Stains and discolouration: films and tints with soft, irregular borders."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from kizu.edit.painter.material import Ask, Layer, Surface, absorbed, mixed
from kizu.edit.painter.noise_fields import Rng, blob, blob_nearby, blur, fractal_noise, smoothstep
from kizu.imaging.arrays import FloatMap

# Absorbance of linear R, G, B relative to the film's thickness; judged by eye on photographs.
FILMS: Final[Mapping[str, tuple[float, float, float]]] = {
    "coffee": (0.45, 0.8, 1.3),
    "oil": (0.75, 0.85, 1.15),
    "rust": (0.35, 1.0, 1.6),
    "grime": (0.9, 0.9, 0.95),
    "ink": (1.1, 0.9, 0.6),
}
_DEPOSIT_LAB: Final = (88.0, 0.0, 3.0)  # dried minerals, what shows on dark surfaces
# Offsets of L, a, b and a chroma gain: yellowed, browned, faded, greyed, heat-tinted.
_TINTS: Final = (
    (-4.0, 3.0, 17.0, 1.0),
    (-13.0, 7.0, 11.0, 0.95),
    (12.0, 0.0, 2.0, 0.5),
    (-14.0, 0.0, 2.0, 0.5),
    (-9.0, 5.0, -9.0, 0.8),
)


def stain(surface: Surface, ask: Ask, rng: Rng) -> Layer:
    """Paint a dried spill: an uneven film, thicker at its drying rings, with a few droplets."""
    density = _film(surface, ask, rng) * ask.strength * (surface.contrast / 16)
    body = np.clip(density / max(float(density.max()), 1e-6) * 4, 0, 1)
    film = FILMS[str(rng.choice(list(FILMS)))]
    if surface.sign() > 0:
        deposit = np.broadcast_to(np.asarray(_DEPOSIT_LAB, np.float32), surface.lab.shape)
        return Layer(mixed(surface.lab, deposit, np.clip(0.3 * density, 0, 0.8)), body)
    return Layer(absorbed(surface.lab, density, film), body)


def _film(surface: Surface, ask: Ask, rng: Rng) -> FloatMap:
    """Film thickness: a patch with one or two drying rings, plus droplets around it."""
    ratio = rng.uniform(1.0, 1.7)
    radius = float(np.sqrt(ask.area_px / np.pi / ratio))
    radii = (radius * ratio, radius)
    edge = blob(
        surface.shape, (ask.x, ask.y), radii, angle_rad=ask.angle_rad, roughness=0.13, rng=rng
    )
    soft = max(0.06 * radius, 0.8)
    cloud = fractal_noise(surface.shape, radius * 0.8, rng, 5)
    density = smoothstep(edge, -soft, soft) * np.clip(0.55 + 0.22 * cloud, 0.1, 1.5)
    density += _ring(edge, soft * 1.2, soft) * np.clip(0.6 + 0.35 * cloud, 0.05, 1.4)
    if rng.random() < 0.6:  # noqa: PLR2004 - share of stains that dried in two steps
        inner = radius * rng.uniform(0.25, 0.45)
        density += _ring(edge, inner, soft * 1.6) * np.clip(0.25 + 0.3 * cloud, 0, 1)
    for _ in range(rng.integers(0, 5)):
        _add_droplet(density, ask, radius * ratio, rng)
    return blur(density.astype(np.float32), 0.5)


def _ring(edge: FloatMap, at_px: float, width_px: float) -> FloatMap:
    return np.asarray(np.exp(-(((edge - at_px) / width_px) ** 2)), np.float32)


def _add_droplet(density: FloatMap, ask: Ask, reach: float, rng: Rng) -> None:
    """Add one small drop beside the stain, with its own ring."""
    angle, far = rng.uniform(0, 2 * np.pi), reach * rng.uniform(1.15, 1.5)
    centre = (ask.x + far * float(np.cos(angle)), ask.y + far * float(np.sin(angle)))
    radius = reach * rng.uniform(0.03, 0.09)
    shape = (density.shape[0], density.shape[1])
    window, edge = blob_nearby(shape, centre, (radius, radius), roughness=0.05, rng=rng)
    soft = max(0.15 * radius, 0.7)
    density[window] += 0.5 * smoothstep(edge, -soft, soft) + 0.4 * _ring(edge, soft, soft)


def discolouration(surface: Surface, ask: Ask, rng: Rng) -> Layer:
    """Shift the colour of a patch in Lab and keep its texture."""
    ratio = rng.uniform(1.0, 2.0)
    radius = float(np.sqrt(ask.area_px / np.pi / ratio))
    edge = blob(
        surface.shape,
        (ask.x, ask.y),
        (radius * ratio, radius),
        angle_rad=ask.angle_rad,
        roughness=0.16,
        rng=rng,
    )
    alpha = smoothstep(edge, -0.22 * radius, 0.3 * radius)
    mottle = np.clip(1 + 0.22 * fractal_noise(surface.shape, radius * 0.5, rng), 0.35, 1.6)
    tint = _TINTS[rng.integers(len(_TINTS))]
    offset, chroma = np.asarray(tint[:3], np.float32), np.float32(tint[3])
    if surface.grey:
        offset = np.array([-17, 0, 0], np.float32)
    if surface.sign() > 0:
        offset[0] = abs(offset[0]) + 6
    gain = np.float32(ask.strength * np.clip(surface.contrast / 18, 0.9, 1.3))
    shifted = surface.lab * np.array([1, chroma, chroma], np.float32) + offset * gain
    return Layer(mixed(surface.lab, shifted, np.clip(alpha * mottle, 0, 1.4)), alpha)
