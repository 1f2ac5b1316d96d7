"""A glazed stoneware plate."""

import numpy as np

from kizu.demo_parts.camera import Surface
from kizu.demo_parts.fields import Plane, mixed, noise, step

_OUTER, _WELL = 0.90, 0.56


def plate(plane: Plane) -> Surface:
    """Return its surface: a flat well, a rising wall, a rim where the glaze runs thin."""
    radius = plane.radius * (1 + 0.004 * noise(plane.angle * 6, plane.x * 0, 21, 6))
    rise = np.clip((radius - _WELL) / (_OUTER - _WELL), 0, 1)
    height = 0.05 + 0.17 * rise**1.6 - 0.10 * np.clip((radius - 0.865) / 0.035, 0, 1.5) ** 2
    height += 0.0011 * noise(plane.x * 5, plane.y * 5, 22)  # glaze is never quite even
    height += 0.00010 * noise(plane.x * 40, plane.y * 40, 23)
    pooled = np.exp(-(((radius - _WELL) / 0.035) ** 2))
    thin = step(radius, 0.872, 0.03)
    glaze = np.array([0.28, 0.45, 0.40])
    cloud = 0.03 * noise(plane.x * 3, plane.y * 3, 24) + 0.015 * noise(
        plane.x * 19, plane.y * 19, 25
    )
    colour = glaze * (1 + cloud - 0.33 * pooled)[..., None]
    colour = mixed(colour, np.array([0.30, 0.19, 0.11]), (0.85 * thin)[..., None])
    iron = step(noise(plane.x * 70, plane.y * 70, 26), 2.75, 0.5)[..., None]
    colour = mixed(colour, np.array([0.16, 0.13, 0.10]), 0.45 * iron)
    return Surface(
        height=height,
        colour=colour,
        mirror=np.full((*radius.shape, 3), 0.075),
        cover=1 - step(radius, _OUTER, 0.006),
        grooves=None,
        haze=0.10,
        ground=(0.060, 0.052, 0.046),
    )
