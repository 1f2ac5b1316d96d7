"""Chips: a piece broken out, with a faceted fracture surface and a sharp border."""

from typing import Final

import numpy as np

from kizu.edit.painter.fill import inpaint
from kizu.edit.painter.material import (
    IS_OBJECT,
    DefectParameters,
    Material,
    PaintedCrop,
    alpha_blend,
    relight,
)
from kizu.edit.painter.noise_fields import (
    FloatArray,
    Rng,
    blob,
    blur,
    component_at,
    fractal_noise,
    grid,
    inside_distance,
    pull_push_fill,
    slope,
    smoothstep,
    translate,
)
from kizu.imaging.arrays import FloatMap

# Where nothing else is said, a value was chosen by eye on photographs.
# Lengths are in radii of the chip, lightness steps in contrasts of the material.
_EDGE_GROWTH: Final = 1.35  # times the radius at an edge, where about half of the blob is ground
_RADII: Final = ((0.8, 1.0), (1.0, 1.35))  # into and along the object; by eye: chips run along it
_ROUGHNESS: Final = 0.12  # of the border; by eye: more frays it, less is a bitten circle
_BORDER_PX: Final = 0.6  # half the border's ramp: one pixel of anti-aliasing
_LIT_BORDER: Final = (0.3, 0.05, 0.7)  # px inside, width, least px; by eye: a thin bright line
_LIT_BORDER_STEP: Final = 1.1  # by eye: the brightest line of the chip
_FAINT: Final = 0.05  # opacity under which nothing is seen: 0.05 of a 36 L contrast is 2 L
_DEEP: Final = (0.15, 0.4)  # radii inside the outline; by eye: beyond, the mask is trusted
_UNLIKE_GROUND: Final = (0.3, 0.6)  # of the object's typical distance to its ground; by eye
_BRIGHT_L: Final = 62.0  # by eye: brighter glaze breaks dark, darker material breaks bright
_FRESH_STEP: Final = 0.55  # of fresh material against its old skin; by eye
_FACET_STEP: Final = 0.9  # of a steep facet; by eye: the facets carry the look of a fracture
_FACET_GAIN: Final = 1.2  # slope to tanh; by eye: more makes all facets alike
_SHADOW_STEP: Final = (0.3, 0.9)  # at an edge, in a face: a broken edge has no wall on one side
_SHADOW: Final = (0.3, 0.5)  # radii of the wall's shadow: how far, how soft; by eye
_FRESH_CHROMA: Final = 0.6  # of the skin's; by eye: fresh fracture is paler than paint or glaze
_SKIN: Final = 0.3  # how much of the old texture stays; by eye: more looks like a shadow only
_GONE: Final = (0.22, 0.07)  # radii inside: where the piece is missing for good, its raggedness
_VOID: Final = 0.45  # of the material's tone; by eye: what lies behind an edge gets little light
_VOID_UNEVEN: Final = (0.3, 0.5)  # amount, length in radii; by eye
_GONE_OUTLINE: Final = (2.0, 0.01, 0.1)  # blur in px and ramp that take the soft outline along
_PLANES: Final = 5  # facets of a fracture; by eye: 2 are a wedge, 10 a bowl
_PLANE_OFFSET: Final = 0.35  # radii, largest; by eye: keeps the facets' meeting off the centre
_HOLLOW: Final = 0.45  # depth; by eye
_RIPPLE: Final = (0.025, 14, 22)  # height, waves per radius in radians (min, max); by eye
_RIPPLE_ORIGIN: Final = 0.8  # radii behind the edge: conchoidal waves spread from the blow
_GRIT: Final = (0.03, 0.3)  # height and grain of the roughness; by eye


def chip(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Break a piece out; at an object's edge its middle is gone and the ground behind shows."""
    radius = float(np.sqrt(params.area_px / np.pi)) * (_EDGE_GROWTH if params.at_edge else 1.0)
    radii = (radius * rng.uniform(*_RADII[0]), radius * rng.uniform(*_RADII[1]))
    edge = blob(
        material.shape,
        (params.x, params.y),
        radii,
        angle_rad=params.angle_rad,
        roughness=_ROUGHNESS,
        rng=rng,
    )
    broken = smoothstep(edge, -_BORDER_PX, _BORDER_PX)
    if params.at_edge and not params.at_border:
        broken = broken * blur(_own_object(material, params, radius), _BORDER_PX)
    painted = alpha_blend(material.lab, _fracture(material, params, radius, edge, rng), broken)
    painted = relight(painted, _lit_border(material, params, edge, radius) * broken)
    if not params.at_edge:
        return PaintedCrop(painted, broken)
    gone = _gone(material, edge, radius, rng)
    gap = gone > _FAINT
    if not gap.any():
        return PaintedCrop(painted, broken)
    if params.at_border:
        behind = _beyond_photo(material, params, radius, rng)
    else:
        behind = inpaint(material.lab, gap, (material.objects > _FAINT) & ~gap, rng)
    return PaintedCrop(alpha_blend(painted, behind, gone), np.maximum(broken, gone))


def _own_object(material: Material, params: DefectParameters, radius: float) -> FloatMap:
    """The object at the edge, less its neighbours and less ground that its mask took in."""
    own = component_at(material.objects > IS_OBJECT, params.x, params.y)
    ground = pull_push_fill(material.lab, (material.objects < _FAINT).astype(np.float32))
    differs = np.linalg.norm(blur(material.lab - ground, 0.7), axis=-1)
    typical = float(np.median(differs[own])) if own.any() else 1.0
    deep = smoothstep(inside_distance(own), _DEEP[0] * radius, _DEEP[1] * radius)
    unlike_ground = smoothstep(differs / max(typical, 1e-3), *_UNLIKE_GROUND)
    return np.asarray(material.objects * own * np.maximum(deep, unlike_ground), np.float32)


def _fracture(
    material: Material, params: DefectParameters, radius: float, edge: FloatMap, rng: Rng
) -> FloatArray:
    """The fresh surface inside: the object's own material, matt, shaded by its facets."""
    light = material.light
    facets = _facets(material, params, radius, edge, rng)
    shade = slope(facets, (-light[0], -light[1])) * radius
    reach, soft = _SHADOW[0] * radius, _SHADOW[1] * radius
    shadow = 1 - smoothstep(translate(edge, -reach * light[0], -reach * light[1]), 0, soft)
    fresh = 1.0 if material.tone[0] < _BRIGHT_L else -1.0
    shadow_step = _SHADOW_STEP[0 if params.at_edge else 1]
    delta = _FRESH_STEP * fresh + _FACET_STEP * np.tanh(_FACET_GAIN * shade) - shadow_step * shadow
    tone = np.asarray(material.tone, np.float32) * np.array(
        [1, _FRESH_CHROMA, _FRESH_CHROMA], np.float32
    )
    fresh_lab = material.lab * np.float32(_SKIN) + tone * np.float32(1 - _SKIN)
    return relight(fresh_lab, (delta * material.contrast * params.strength).astype(np.float32))


def _lit_border(
    material: Material, params: DefectParameters, edge: FloatMap, radius: float
) -> FloatMap:
    """Lightness step of the sharp border: bright where it faces the light, dark elsewhere."""
    inside_px, width, least_px = _LIT_BORDER
    border = np.exp(-(((edge - inside_px) / max(width * radius, least_px)) ** 2))
    lit = border * slope(edge, material.light)
    return np.asarray(_LIT_BORDER_STEP * material.contrast * params.strength * lit, np.float32)


def _beyond_photo(
    material: Material, params: DefectParameters, radius: float, rng: Rng
) -> FloatArray:
    """What shows where the piece is gone and the photo has no ground: a dark, uneven depth."""
    tone = np.asarray(material.tone, np.float32)
    gain = _VOID / max(params.strength, _VOID)
    lab = np.broadcast_to(tone * np.float32(gain), material.lab.shape).copy()
    amount, length = _VOID_UNEVEN
    uneven = fractal_noise(material.shape, max(length * radius, 2.0), rng, 3)
    lab[..., 0] *= np.clip(1 + amount * uneven, 0.4, 2.0)
    lab[..., 0] += np.float32(material.grain) * rng.standard_normal(material.shape, np.float32)
    return lab


def _gone(material: Material, edge: FloatMap, radius: float, rng: Rng) -> FloatMap:
    """Opacity of the part that is missing for good, out over the object's soft outline."""
    inside, raggedness = _GONE
    noise = fractal_noise(material.shape, radius * 0.5, rng, 3)
    ragged = edge - radius * (inside + raggedness * noise)
    blur_px, low, high = _GONE_OUTLINE
    outline = blur(material.objects, blur_px)
    return np.asarray(smoothstep(ragged, -0.7, 0.7) * smoothstep(outline, low, high), np.float32)


def _facets(
    material: Material, params: DefectParameters, radius: float, edge: FloatMap, rng: Rng
) -> FloatMap:
    """Height of a fracture: a hollow cut by a few planes and rippled by conchoidal waves."""
    along, across = grid(material.shape, params.x, params.y, params.angle_rad)
    planes = []
    for _ in range(_PLANES):
        tilt = rng.uniform(0, 2 * np.pi)
        planes.append(
            (along * np.cos(tilt) + across * np.sin(tilt)) / radius + rng.uniform(0, _PLANE_OFFSET)
        )
    hollow = _HOLLOW * np.max(planes, axis=0)
    origin = np.hypot(along + radius * _RIPPLE_ORIGIN, across)
    height, *waves = _RIPPLE
    ripples = (
        height * np.sin(origin / radius * rng.uniform(*waves)) * smoothstep(edge, 0, radius * 0.4)
    )
    grit, grain = _GRIT
    rough = grit * fractal_noise(material.shape, max(radius * grain, 2), rng, 4)
    return blur((hollow + ripples + rough).astype(np.float32), 0.6)
