"""Chips: a piece broken out, with a faceted fracture surface and a sharp border."""

import numpy as np

from kizu.arrays import FloatMap
from kizu.edit.painter.fields import Rng, blob, blur, fractal_noise, grid, slope, smoothstep
from kizu.edit.painter.fill import filled
from kizu.edit.painter.surface import Ask, Layer, Surface, mixed, relit


def chip(surface: Surface, ask: Ask, rng: Rng) -> Layer:
    """Break a piece out; at an object's edge the outermost part shows what lies behind."""
    radius = float(np.sqrt(ask.area_px / np.pi)) * (1.35 if ask.at_edge else 1.0)
    radii = (radius * rng.uniform(0.8, 1.0), radius * rng.uniform(1.0, 1.35))
    edge = blob(
        surface.shape, (ask.x, ask.y), radii, angle_rad=ask.angle_rad, roughness=0.12, rng=rng
    )
    broken = smoothstep(edge, -0.6, 0.6)
    if ask.at_edge:
        broken = (broken * smoothstep(surface.objects, 0.3, 0.7)).astype(np.float32)

    facets = _facets(surface, ask, radius, edge, rng)
    shade = slope(facets, (-surface.light[0], -surface.light[1])) * radius
    step = surface.contrast * ask.strength
    fresh = 1.0 if surface.tone[0] < 62 else -1.0  # noqa: PLR2004 - L; bright glaze breaks dark
    delta = 0.9 * fresh * step + 0.8 * step * np.tanh(1.1 * shade)
    material = surface.lab.copy()
    tone = np.asarray(surface.tone, np.float32) * np.array([1, 0.6, 0.6], np.float32)
    material = material * np.float32(0.3) + tone * np.float32(0.7)
    inner = relit(material, delta.astype(np.float32))
    painted = mixed(surface.lab, inner, broken)
    if ask.at_edge:
        painted = _opened(surface, ask, painted, edge=edge, radius=radius, rng=rng)

    border = np.exp(-(((edge - 0.3) / max(0.05 * radius, 0.7)) ** 2)) * broken
    lit = slope(edge, surface.light)
    return Layer(relit(painted, (1.1 * step * border * lit).astype(np.float32)), broken)


def _facets(surface: Surface, ask: Ask, radius: float, edge: FloatMap, rng: Rng) -> FloatMap:
    """Height of a fracture: a hollow cut by a few planes and rippled by conchoidal waves."""
    along, across = grid(surface.shape, ask.x, ask.y, ask.angle_rad)
    planes = []
    for _ in range(5):
        tilt = rng.uniform(0, 2 * np.pi)
        planes.append(
            (along * np.cos(tilt) + across * np.sin(tilt)) / radius + rng.uniform(0, 0.35)
        )
    hollow = 0.45 * np.max(planes, axis=0)
    origin = np.hypot(along + radius * 0.8, across)
    ripples = (
        0.025 * np.sin(origin / radius * rng.uniform(14, 22)) * smoothstep(edge, 0, radius * 0.4)
    )
    rough = 0.03 * fractal_noise(surface.shape, max(radius * 0.3, 2), rng, 4)
    return blur((hollow + ripples + rough).astype(np.float32), 0.6)


def _opened(
    surface: Surface, ask: Ask, painted: FloatMap, *, edge: FloatMap, radius: float, rng: Rng
) -> FloatMap:
    """The outer part of the piece is gone for good: what is behind the object shows."""
    along, _ = grid(surface.shape, ask.x, ask.y, ask.angle_rad)
    depth = along + 0.1 * radius * fractal_noise(surface.shape, radius * 0.6, rng, 3)
    gone = smoothstep(0.28 * radius - depth, -0.8, 0.8) * smoothstep(edge, -0.6, 0.6)
    gone = gone * smoothstep(surface.objects, 0.02, 0.3)
    gap = gone > 0.05  # noqa: PLR2004 - faint coverage still counts
    if not gap.any():
        return painted
    behind = filled(surface.lab, gap, surface.objects > 0.3)  # noqa: PLR2004 - object, not ground
    return mixed(painted, behind, gone.astype(np.float32))
