"""Holes: a dark pit with a lit inner wall and a bright rim."""

from typing import Final

import numpy as np

from kizu.edit.painter.material import (
    DefectParameters,
    Material,
    PaintedCrop,
    alpha_blend,
    irregular_ellipse,
    relight,
)
from kizu.edit.painter.noise_fields import (
    Rng,
    blur,
    fractal_noise,
    slope,
    smoothstep,
    translate,
)
from kizu.imaging.arrays import FloatMap

# Where nothing else is said, a value was chosen by eye on photographs.
# Lengths are in radii of the hole, lightness steps in contrasts of the material.
_RATIO: Final = (1.0, 1.25)  # long : short axis; by eye: punched holes are nearly round
_ROUGHNESS: Final = (0.015, 0.04, 0.09)  # of the border: drilled, punched, torn; by eye
_BORDER_PX: Final = 0.7  # half the border's ramp: one pixel of anti-aliasing
_WALL: Final = (0.32, 0.12)  # depth seen of the inner wall, softness of its foot; by eye
_WALL_SHADE: Final = (0.75, 0.2, 0.3, 1.2)  # mean, noise and bounds of the wall's light; by eye
_WALL_GRAIN: Final = 0.25  # length of that noise; by eye
_WALL_L: Final = (0.5, 12)  # of the surface's lightness above the pit's; least, to show on black
_PIT_L: Final = 7  # nearly black: light falls in and little comes out
_PIT_GRAIN: Final = (0.5, 2.0)  # of the surface's own grain, at most this: dark parts show less
_PIT_CHROMA: Final = 0.3  # of the surface's; by eye: shadows keep a trace of colour
_RIM: Final = (0.07, 0.8, 2.2)  # width, least px, widths to its foot outside; by eye
_RIM_STEP: Final = 1.5  # by eye: the bright burr of a drilled edge
_HALO: Final = (0.18, 0.8, 0.25)  # reach, px more, step: a little darker around; by eye
_SHALLOW: Final = 0.4  # of a pit's darkness at strength 0; by eye: a slight one is a shallow one
_DARK_PIT_L: Final = 2  # in dark material the shadow is darker still
_DARK_FLOOR_L: Final = (1.8, 60)  # contrasts above the surface; at most, so that it is no lamp
_DARK_FLOOR: Final = (0.6, 0.1)  # shadow of the near wall on a lit floor: reach, start; by eye


def hole(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Paint a punched or torn opening with depth."""
    edge, radius = irregular_ellipse(
        material,
        params,
        ratio=rng.uniform(*_RATIO),
        roughness=rng.choice(list(_ROUGHNESS)),
        rng=rng,
    )
    opening = smoothstep(edge, -_BORDER_PX, _BORDER_PX)
    pit = _pit(material, edge, opening, radius, rng)

    light_x, light_y = material.light
    rim_width = max(_RIM[0] * radius, _RIM[1])
    height = blur(smoothstep(-edge, -rim_width, _RIM[2] * rim_width), 0.5)
    facing = slope(height, (-light_x, -light_y))
    facing /= max(float(np.abs(facing).max()), 1e-6)
    rim = facing * _RIM_STEP * material.contrast * params.strength
    lit = relight(material.lab, rim.astype(np.float32))
    reach, more_px, step = _HALO
    halo = np.exp(-((np.maximum(-edge, 0) / (reach * radius + more_px)) ** 2)) * step
    lit = relight(lit, (-(halo * material.contrast)).astype(np.float32))
    depth = min(_SHALLOW + (1 - _SHALLOW) * params.strength, 1.0)
    return PaintedCrop(alpha_blend(lit, pit, (opening * depth).astype(np.float32)), opening)


def _pit(
    material: Material, edge: FloatMap, opening: FloatMap, radius: float, rng: Rng
) -> FloatMap:
    """(H, W, 3) Lab of the inside: the floor, and the wall on the far side of the light."""
    light_x, light_y = material.light
    depth, foot = _WALL[0] * radius, _WALL[1] * radius
    bottom = smoothstep(translate(edge, light_x * depth, light_y * depth), -foot, foot)
    mean, noise, low, high = _WALL_SHADE
    grain = fractal_noise(material.shape, max(radius * _WALL_GRAIN, 1.5), rng)
    wall = np.clip(opening - bottom, 0, 1) * np.clip(mean + noise * grain, low, high)
    pit = np.empty_like(material.lab)
    pit[..., 0] = _floor_lightness(material, edge, radius)
    pit[..., 0] += _WALL_L[0] * max(material.tone[0] - _PIT_L, _WALL_L[1]) * wall
    own_grain = _PIT_GRAIN[0] * min(material.grain, _PIT_GRAIN[1])
    pit[..., 0] += own_grain * rng.standard_normal(material.shape, np.float32)
    pit[..., 1:] = _PIT_CHROMA * np.asarray(material.tone[1:], np.float32)
    return pit


def _floor_lightness(material: Material, edge: FloatMap, radius: float) -> FloatMap:
    """Nearly black; in dark material, lit ground that sinks into the shadow of the near wall."""
    if material.contrast_sign() < 0:
        return np.full(material.shape, _PIT_L, np.float32)
    x, y = material.light
    reach, start = _DARK_FLOOR[0] * radius, _DARK_FLOOR[1] * radius
    lit = smoothstep(translate(edge, -reach * x, -reach * y), -start, radius)
    contrasts, most = _DARK_FLOOR_L
    floor = min(material.tone[0] + contrasts * material.contrast, most)
    return np.asarray(_DARK_PIT_L + (floor - _DARK_PIT_L) * lit, np.float32)
