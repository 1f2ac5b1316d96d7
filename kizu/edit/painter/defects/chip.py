"""Chips: a piece broken out, with a faceted fracture surface and a sharp border."""

from typing import Final

import numpy as np

from kizu.edit.painter.fill import filled
from kizu.edit.painter.material import Ask, Layer, Surface, mixed, relit
from kizu.edit.painter.noise_fields import (
    FloatArray,
    Rng,
    blob,
    blur,
    component_at,
    fill_smoothly,
    fractal_noise,
    grid,
    inside_distance,
    shifted,
    slope,
    smoothstep,
)
from kizu.imaging.arrays import FloatMap

_FAINT: Final = 0.05
_BRIGHT_L: Final = 62.0  # brighter glaze breaks dark, darker material breaks bright


def chip(surface: Surface, ask: Ask, rng: Rng) -> Layer:
    """Break a piece out; at an object's edge its middle is gone and the ground behind shows."""
    radius = float(np.sqrt(ask.area_px / np.pi)) * (1.35 if ask.at_edge else 1.0)
    radii = (radius * rng.uniform(0.8, 1.0), radius * rng.uniform(1.0, 1.35))
    edge = blob(
        surface.shape, (ask.x, ask.y), radii, angle_rad=ask.angle_rad, roughness=0.12, rng=rng
    )
    broken = smoothstep(edge, -0.6, 0.6)
    if ask.at_edge:
        broken = broken * blur(_own_object(surface, ask, radius), 0.6)
    painted = mixed(surface.lab, _fracture(surface, ask, radius, edge, rng), broken)
    painted = relit(painted, _lit_border(surface, ask, edge, radius) * broken)
    if not ask.at_edge:
        return Layer(painted, broken)
    gone = _gone(surface, edge, radius, rng)
    gap = gone > _FAINT
    if not gap.any():
        return Layer(painted, broken)
    behind = filled(surface.lab, gap, (surface.objects > _FAINT) & ~gap, rng)
    return Layer(mixed(painted, behind, gone), np.maximum(broken, gone))


def _own_object(surface: Surface, ask: Ask, radius: float) -> FloatMap:
    """The object at the edge, less its neighbours and less ground that its mask took in."""
    own = component_at(surface.objects > 0.5, ask.x, ask.y)  # noqa: PLR2004 - more object than not
    ground = fill_smoothly(surface.lab, (surface.objects < _FAINT).astype(np.float32))
    differs = np.linalg.norm(blur(surface.lab - ground, 0.7), axis=-1)
    typical = float(np.median(differs[own])) if own.any() else 1.0
    deep = smoothstep(inside_distance(own), 0.15 * radius, 0.4 * radius)
    alike = smoothstep(differs / max(typical, 1e-3), 0.3, 0.6)
    return np.asarray(surface.objects * own * np.maximum(deep, alike), np.float32)


def _fracture(surface: Surface, ask: Ask, radius: float, edge: FloatMap, rng: Rng) -> FloatArray:
    """The fresh surface inside: the object's own material, matt, shaded by its facets."""
    light = surface.light
    facets = _facets(surface, ask, radius, edge, rng)
    shade = slope(facets, (-light[0], -light[1])) * radius
    deep = 0.3 * radius
    shadow = 1 - smoothstep(shifted(edge, -deep * light[0], -deep * light[1]), 0, 0.5 * radius)
    fresh = 1.0 if surface.tone[0] < _BRIGHT_L else -1.0
    delta = 0.55 * fresh + 0.9 * np.tanh(1.2 * shade) - (0.3 if ask.at_edge else 0.9) * shadow
    tone = np.asarray(surface.tone, np.float32) * np.array([1, 0.6, 0.6], np.float32)
    matter = surface.lab * np.float32(0.3) + tone * np.float32(0.7)
    return relit(matter, (delta * surface.contrast * ask.strength).astype(np.float32))


def _lit_border(surface: Surface, ask: Ask, edge: FloatMap, radius: float) -> FloatMap:
    """Lightness step of the sharp border: bright where it faces the light, dark elsewhere."""
    border = np.exp(-(((edge - 0.3) / max(0.05 * radius, 0.7)) ** 2))
    lit = border * slope(edge, surface.light)
    return np.asarray(1.1 * surface.contrast * ask.strength * lit, np.float32)


def _gone(surface: Surface, edge: FloatMap, radius: float, rng: Rng) -> FloatMap:
    """Opacity of the part that is missing for good, out over the object's soft outline."""
    ragged = edge - radius * (0.4 + 0.07 * fractal_noise(surface.shape, radius * 0.5, rng, 3))
    outline = blur(surface.objects, 2.0)
    return np.asarray(smoothstep(ragged, -0.7, 0.7) * smoothstep(outline, 0.01, 0.1), np.float32)


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
