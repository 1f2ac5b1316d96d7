"""Delamination: a coating that has come off in a patch, its torn rim standing up."""

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
    FloatArray,
    Rng,
    blur,
    fractal_noise,
    slope,
    smoothstep,
    translate,
)
from kizu.imaging.arrays import FloatMap

# Where nothing else is said, a value was chosen by eye on photographs.
# Lengths are in radii of the patch, lightness steps in contrasts of the material.
_RATIO: Final = (1.0, 2.2)  # long : short axis
_TORN: Final = (0.15, 0.55)  # how far the rim is torn in and out, and over what length
_BORDER_PX: Final = 0.7  # half the border's ramp: one pixel of anti-aliasing
_GROUND_STEP: Final = 1.0  # of what lies below against the coating
_GROUND_CHROMA: Final = 0.35  # of the coating's: primer and metal are paler than paint
_KEPT: Final = 0.25  # of the coating's texture; the ground has its own
_GRAIN: Final = (0.25, 0.3)  # of the ground, contrasts and length: rests of glue
_RIM: Final = (0.07, 0.8)  # width, least px: the rim curls up
_RIM_STEP: Final = 1.5
_SHADOW: Final = (0.12, 0.9, 0.9)  # reach, least px, step: the coating's edge throws one
_BLISTER: Final = (0.35, 0.35, 0.25)  # beside the patch, still on but lifted: reach, softness, step


def delamination(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Take the coating off in a patch, show what lies below and lift the rim around it."""
    ratio = rng.uniform(*_RATIO)
    edge, radius = irregular_ellipse(material, params, ratio=ratio, roughness=0.0, rng=rng)
    torn, over = _TORN
    edge = edge + torn * radius * fractal_noise(material.shape, max(over * radius, 2.0), rng, 3)
    bare = smoothstep(edge, -_BORDER_PX, _BORDER_PX)
    strength = material.contrast * params.strength
    light_x, light_y = material.light

    reach, soft, step = _BLISTER
    lifted = smoothstep(edge, -reach * radius, soft * radius) * (1 - bare)
    swell = slope(blur(lifted, max(0.1 * radius, 1.0)), (-light_x, -light_y)) * radius
    lab = relight(material.lab, (step * strength * np.tanh(swell)).astype(np.float32))

    lab = alpha_blend(lab, _ground(material, strength, radius, rng), bare)
    far = max(_SHADOW[0] * radius, _SHADOW[1])
    inside = translate(edge, -light_x * far, -light_y * far)
    shadow = (1 - smoothstep(inside, 0, far)) * bare
    lab = relight(lab, (-_SHADOW[2] * strength * shadow).astype(np.float32))
    width = max(_RIM[0] * radius, _RIM[1])
    rim = np.exp(-(((edge + 0.5 * width) / width) ** 2)) * (0.5 + 0.5 * _facing(edge, material))
    lab = relight(lab, (_RIM_STEP * strength * rim).astype(np.float32))
    return PaintedCrop(lab, np.maximum(bare, rim > 0.5).astype(np.float32))


def _ground(material: Material, strength: float, radius: float, rng: Rng) -> FloatArray:
    """What lies below the coating: paler, and brighter or darker as there is room."""
    tone = np.asarray(material.tone, np.float32)
    lab = material.lab * np.float32(_KEPT) + tone * np.float32(1 - _KEPT)
    lab[..., 1:] *= np.float32(_GROUND_CHROMA)
    amount, length = _GRAIN
    grain = amount * fractal_noise(material.shape, max(length * radius, 2.0), rng, 3)
    brighter = 1.0 if material.tone[0] + strength < _MOST_BRIGHT_L else -1.0
    return relight(lab, ((_GROUND_STEP * brighter + grain) * strength).astype(np.float32))


_MOST_BRIGHT_L: Final = 85.0  # above, what is brighter than the coating would clip


def _facing(edge: FloatMap, material: Material) -> FloatMap:
    """+1 where the rim faces the light, -1 where it turns away."""
    dy, dx = np.gradient(blur(edge, 1.0))
    norm = np.maximum(np.hypot(dx, dy), 1e-6)
    return np.asarray(-(dx * material.light[0] + dy * material.light[1]) / norm, np.float32)
