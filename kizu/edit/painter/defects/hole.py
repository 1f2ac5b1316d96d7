"""Holes: a dark pit with a lit inner wall and a bright rim."""

import numpy as np

from kizu.edit.painter.material import Ask, Layer, Surface, mixed, relit
from kizu.edit.painter.noise_fields import (
    Rng,
    blob,
    blur,
    fractal_noise,
    shifted,
    slope,
    smoothstep,
)
from kizu.imaging.arrays import FloatMap


def hole(surface: Surface, ask: Ask, rng: Rng) -> Layer:
    """Paint a punched or torn opening with depth."""
    ratio = rng.uniform(1.0, 1.25)
    radius = float(np.sqrt(ask.area_px / np.pi / ratio))
    torn = rng.choice([0.015, 0.04, 0.09])
    radii = (radius * ratio, radius)
    edge = blob(
        surface.shape, (ask.x, ask.y), radii, angle_rad=ask.angle_rad, roughness=torn, rng=rng
    )
    opening = smoothstep(edge, -0.7, 0.7)
    light_x, light_y = surface.light

    # The wall facing the light is the one on the far side of the light.
    depth = 0.32 * radius
    bottom = smoothstep(
        shifted(edge, light_x * depth, light_y * depth), -0.12 * radius, 0.12 * radius
    )
    wall = np.clip(opening - bottom, 0, 1) * np.clip(
        0.75 + 0.2 * fractal_noise(surface.shape, max(radius * 0.25, 1.5), rng), 0.3, 1.2
    )
    pit = np.empty_like(surface.lab)
    pit[..., 0] = _floor_lightness(surface, edge, radius)
    pit[..., 0] += 0.5 * max(surface.tone[0] - 7, 12) * wall
    pit[..., 0] += 0.5 * min(surface.grain, 2.0) * rng.standard_normal(surface.shape, np.float32)
    pit[..., 1:] = 0.3 * np.asarray(surface.tone[1:], np.float32)

    rim_width = max(0.07 * radius, 0.8)
    height = blur(smoothstep(-edge, -rim_width, 2.2 * rim_width), 0.5)
    facing = slope(height, (-light_x, -light_y))
    facing /= max(float(np.abs(facing).max()), 1e-6)
    lit = relit(surface.lab, (facing * 1.5 * surface.contrast * ask.strength).astype(np.float32))
    halo = np.exp(-((np.maximum(-edge, 0) / (0.18 * radius + 0.8)) ** 2)) * 0.25 * surface.contrast
    lit = relit(lit, (-halo).astype(np.float32))
    return Layer(mixed(lit, pit, opening), opening)


def _floor_lightness(surface: Surface, edge: FloatMap, radius: float) -> FloatMap:
    """Nearly black; in dark material, lit ground that sinks into the shadow of the near wall."""
    if surface.sign() < 0:
        return np.full(surface.shape, 7, np.float32)
    x, y = surface.light
    lit = smoothstep(shifted(edge, -0.6 * radius * x, -0.6 * radius * y), -0.1 * radius, radius)
    return np.asarray(2 + (min(surface.tone[0] + 1.8 * surface.contrast, 60) - 2) * lit, np.float32)
