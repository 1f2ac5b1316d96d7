"""A moulded screw cap."""

import numpy as np

from kizu.demo_parts.camera import Surface
from kizu.demo_parts.drawing import Drawing
from kizu.demo_parts.fields import Field, Plane, blurred, noise, step

_RIBS = 60
_TOP, _OUTER = 0.66, 0.82


def cap(plane: Plane) -> Surface:
    """Return its surface: a dished top with raised letters, ribs all around."""
    radius = plane.radius
    rib = 0.5 + 0.5 * np.cos(2 * np.pi * _RIBS * plane.angle)
    edge = _OUTER - 0.022 * (1 - rib**0.7)
    wall = np.clip((radius - _TOP) / (edge - _TOP), 0, 1)
    height = 0.42 - 0.34 * wall**2.2
    height += 0.018 * (rib - 0.5) * step(radius, _TOP + 0.05, 0.05)
    height -= 0.022 * (1 - step(radius, 0.565, 0.03))
    height += 0.014 * _letters(plane)
    height += 0.010 * (1 - step(radius, 0.040, 0.016)) - 0.016 * (1 - step(radius, 0.022, 0.012))
    height += 0.0004 * noise(plane.x * 90, plane.y * 90, 31)  # the grain of the mould
    height += 0.0015 * noise(plane.x * 3, plane.y * 3, 32)
    tone = 1 + 0.02 * noise(plane.x * 3, plane.y * 3, 33) - 0.10 * step(radius, _TOP, 0.1)
    return Surface(
        height=height,
        colour=np.array([0.035, 0.16, 0.46]) * tone[..., None],
        mirror=np.full((*radius.shape, 3), 0.06),
        cover=1 - step(radius - edge, 0.0, 0.006),
        grooves=None,
        haze=0.28,
        ground=(0.74, 0.74, 0.72),
    )


def _letters(plane: Plane) -> Field:
    """Return 1 on the raised letters and arcs of the top, 0 beside them."""
    drawing = Drawing(2, 2)
    drawing.text("PUSH DOWN", 0.69, 0.85, 1.6, 6)
    drawing.text("& TURN", 0.79, 1.25, 1.6, 6)
    for start_deg in (200, 20):
        drawing.arc(1, 1, 0.485, start_deg, start_deg + 140, 0.018)
    return blurred(drawing.seen(plane.x + 1, plane.y + 1), 1.0)
