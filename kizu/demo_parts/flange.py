"""A flange turned from aluminium."""

import numpy as np

from kizu.demo_parts.camera import Surface
from kizu.demo_parts.fields import Field, Plane, mixed, noise, ramp, step

_OUTER, _HUB, _BORE = 0.84, 0.44, 0.20
_BOLT_CIRCLE, _BOLTS = 0.645, 6
_COUNTERBORE, _HOLE = 0.098, 0.058


def flange(plane: Plane) -> Surface:
    """Return its surface: a raised hub with a bore, six counterbored holes, turned all over."""
    radius, angle = plane.radius, plane.angle
    bolt = _to_nearest_bolt(plane)
    height = 0.10 * (1 - ramp(radius, _OUTER - 0.028, _OUTER))
    height += 0.07 * (1 - ramp(radius, _HUB - 0.03, _HUB))
    height -= 0.025 * step(radius, 0.475, 0.012) * (1 - step(radius, 0.50, 0.012))
    height -= 0.05 * (1 - ramp(bolt, _COUNTERBORE - 0.014, _COUNTERBORE))
    height -= 0.04 * (1 - ramp(radius, _BORE, _BORE + 0.028))
    grain = noise(angle * 40, radius / 0.0045, 11, 40) + 0.7 * noise(
        angle * 12, radius / 0.011, 12, 12
    )
    in_bolt = 1 - step(bolt, _COUNTERBORE, 0.01)
    tilt = (0.75 + 0.2 * grain) * (1 - 0.75 * in_bolt)
    outward = np.stack([plane.x, plane.y], axis=-1) / np.maximum(radius, 1e-6)[..., None]
    tone = 1 + 0.045 * grain + 0.03 * noise(plane.x * 4, plane.y * 4, 13)
    mirror = np.array([0.70, 0.715, 0.735]) * tone[..., None]
    hole = np.maximum(1 - step(bolt, _HOLE, 0.008), 1 - step(radius, _BORE, 0.008))
    colour = np.array([0.10, 0.10, 0.105]) * tone[..., None]
    deep = mixed(1.0, 0.10, hole)[..., None]  # what is seen through a hole lies in its shadow
    return Surface(
        height=height,
        colour=colour * deep,
        mirror=mirror * mixed(1.0, 0.03, hole)[..., None],
        cover=1 - step(radius, _OUTER, 0.006),
        grooves=outward * tilt[..., None],
        haze=0.45,
        ground=(0.030, 0.032, 0.036),
    )


def _to_nearest_bolt(plane: Plane) -> Field:
    """Return the distance from the middle of the nearest bolt's hole."""
    turn = (plane.angle * _BOLTS) % 1.0 - 0.5
    towards = turn * 2 * np.pi / _BOLTS
    return np.asarray(
        np.hypot(
            plane.radius * np.cos(towards) - _BOLT_CIRCLE,
            plane.radius * np.sin(towards),
        )
    )
