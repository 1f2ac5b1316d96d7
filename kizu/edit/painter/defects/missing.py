"""Missing parts: an object or a piece of it gone, the ground behind it shown."""

from typing import Final

import numpy as np

from kizu.edit.painter.fill import filled
from kizu.edit.painter.material import Ask, Layer, Surface, mixed, relit
from kizu.edit.painter.noise_fields import (
    Rng,
    blur,
    component_at,
    fill_smoothly,
    fractal_noise,
    grid,
    shifted,
    smoothstep,
)
from kizu.imaging.arrays import FloatMap

_MERGED: Final = 1.5  # times the object's area; larger, and it has run into its neighbours


def missing_part(surface: Surface, ask: Ask, rng: Rng) -> Layer:
    """Take away what stands at the place: onto the ground behind, or down to an empty seat."""
    if ask.whole_object:
        return _removed(surface, ask, rng)
    return _empty_seat(surface, ask, rng)


def _removed(surface: Surface, ask: Ask, rng: Rng) -> Layer:
    """The object goes with its rim and contact shadow; ground texture closes the gap."""
    solid = surface.objects > 0.25  # noqa: PLR2004 - its soft rim belongs to it
    own = component_at(solid, ask.x, ask.y).astype(np.float32)
    if own.sum() > _MERGED * ask.area_px:
        reach = 1.25 * float(np.sqrt(ask.area_px / np.pi))
        own *= np.hypot(*grid(surface.shape, ask.x, ask.y)) < reach
    margin = max(0.1 * float(np.sqrt(ask.area_px)), 2.0)
    body = smoothstep(blur(own, margin), 0.02, 0.25)
    closed = filled(surface.lab, body > 0, solid & (own == 0), rng)
    return Layer(mixed(surface.lab, closed, body), own)


def _empty_seat(surface: Surface, ask: Ask, rng: Rng) -> Layer:
    """A recess with the outline of a part, its floor plain and in the shadow of its wall."""
    ratio = rng.uniform(1.0, 1.7)
    half = float(np.sqrt(ask.area_px / 4 / ratio))
    along, across = grid(surface.shape, ask.x, ask.y, round(ask.angle_rad / np.pi * 2) * np.pi / 2)
    power = rng.choice([2.0, 6.0, 12.0])
    r = (np.abs(along / (half * ratio)) ** power + np.abs(across / half) ** power) ** (1 / power)
    edge = ((1 - r) * half).astype(np.float32)
    seat = smoothstep(edge, -0.7, 0.7)
    floor = _floor(surface, seat, rng)

    depth = max(0.16 * half, 1.5)
    x, y = surface.light
    wall_shadow = np.clip(1 - np.maximum(shifted(edge, -x * depth, -y * depth), 0) / depth, 0, 1)
    rim = np.exp(-((edge / max(0.04 * half, 0.8)) ** 2)) * _facing(edge, (x, y))
    delta = -(0.6 + 1.3 * blur(wall_shadow.astype(np.float32), 0.15 * depth)) * seat
    step = surface.contrast * ask.strength
    floor = relit(floor, (delta * step * (1 if surface.sign() < 0 else -1)).astype(np.float32))
    painted = mixed(surface.lab, floor, seat)
    return Layer(relit(painted, (0.9 * step * rim).astype(np.float32)), seat)


def _facing(edge: FloatMap, light: tuple[float, float]) -> FloatMap:
    """+1 where the recess's outer edge faces the light, -1 where it turns away."""
    dy, dx = np.gradient(edge)
    norm = np.maximum(np.hypot(dx, dy), 1e-6)
    return np.asarray((dx * light[0] + dy * light[1]) / norm, np.float32)


def _floor(surface: Surface, seat: FloatMap, rng: Rng) -> FloatMap:
    """Plain ground in the tone of its surroundings, with a little grain."""
    known = np.where(seat > 0, 0, 1).astype(np.float32)
    floor = fill_smoothly(surface.lab, known) if known.any() else surface.lab.copy()
    floor = mixed(
        floor, np.broadcast_to(np.asarray(surface.tone, np.float32), floor.shape), 0.75 * seat
    )
    floor[..., 0] += min(surface.grain, 3.0) * 0.6 * fractal_noise(surface.shape, 2.0, rng, 2)
    return floor
