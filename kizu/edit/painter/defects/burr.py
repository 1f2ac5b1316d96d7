"""Burrs: a thin, ragged fin of the part's own material that stands out over its edge."""

from typing import Final

import numpy as np

from kizu.edit.painter.material import (
    IS_OBJECT,
    DefectParameters,
    Material,
    PaintedCrop,
    alpha_blend,
    relight,
)
from kizu.edit.painter.noise_fields import (
    Rng,
    blur,
    component_at,
    fractal_noise,
    grid,
    inside_distance,
    smooth_noise,
    smoothstep,
    translate,
)
from kizu.imaging.arrays import FloatMap

# Where nothing else is said, a value was chosen by eye on photographs.
# Lightness steps are in contrasts of the material, lengths across a burr in its mean height.
_ELONGATION: Final = (12, 40)  # squared length per area: along the edge, at most
_RAGGED: Final = (0.4, 2.5)  # of its height: how much it changes, over what length
_HEIGHT: Final = (0.3, 2.2)  # bounds: torn down to a stub, drawn out to a splinter
_ENDS: Final = (0.7, 1.0)  # of half the length, between which it runs out
_ROOT: Final = 0.35  # of it lies on the part itself: it is folded over the edge
_BORDER_PX: Final = 0.6  # half the border's ramp: one pixel of anti-aliasing
_BRIGHT_STEP: Final = 1.3  # bare, freshly torn material catches the light
_RELIEF: Final = (0.8, 0.7)  # step of its folds, and their length
_SHADOW: Final = (0.9, 0.5, 0.9)  # step, reach, least px: it stands off and throws one
_WAVE: Final = 0.02  # of the length: a free line is not quite straight


def burr(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Let a fin stand out along the part's edge; away from edges, along a line on the surface."""
    length = min(float(np.sqrt(params.area_px * rng.uniform(*_ELONGATION))), params.span_px)
    height = params.breadth * params.area_px / max(length, 1.0)
    along_rad = params.angle_rad + np.pi / 2 if params.at_edge else params.angle_rad
    along, across = grid(material.shape, params.x, params.y, along_rad)
    depth = _depth(material, params, across, length, rng)
    change, over = _RAGGED
    ragged = fractal_noise(material.shape, max(over * height, 3.0), rng, 3)
    profile = np.clip(1 + change * ragged, *_HEIGHT) * height
    profile = profile * (1 - smoothstep(np.abs(along) / (0.5 * length), *_ENDS))
    fin = smoothstep(depth + profile * (1 - _ROOT), -_BORDER_PX, _BORDER_PX)
    fin = fin * smoothstep(profile * _ROOT - depth, -_BORDER_PX, _BORDER_PX)
    fin = (fin * (profile > _BORDER_PX)).astype(np.float32)

    strength = material.contrast * params.strength
    step, reach, least_px = _SHADOW
    far = max(reach * height, least_px)
    light_x, light_y = material.light
    shadow = translate(blur(fin, 0.6 * far), -light_x * far, -light_y * far)
    below = relight(material.lab, (-step * strength * shadow).astype(np.float32))
    relief, fold = _RELIEF
    folds = fractal_noise(material.shape, max(fold * height, 1.5), rng, 2)
    bare = np.empty_like(material.lab)
    bare[:] = np.asarray(material.tone, np.float32)
    lit = relight(bare, ((_BRIGHT_STEP + relief * folds) * strength).astype(np.float32))
    return PaintedCrop(alpha_blend(below, lit, fin), fin)


def _depth(
    material: Material, params: DefectParameters, across: FloatMap, length: float, rng: Rng
) -> FloatMap:
    """Distance in pixels into the part, negative outside; of a free line, to one of its sides."""
    if params.at_edge and not params.at_border:
        own = component_at(material.objects > IS_OBJECT, params.x, params.y)
        if own.any() and not own.all():
            return np.asarray(inside_distance(own) - inside_distance(~own), np.float32)
    wave = _WAVE * length * smooth_noise(material.shape, length, rng)
    return np.asarray(across + wave, np.float32)
