"""Missing parts: an object or a piece of it gone, the ground behind it shown."""

from typing import Final

import numpy as np

from kizu.edit.painter.fill import inpaint
from kizu.edit.painter.material import (
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
    pull_push_fill,
    smoothstep,
    translate,
)
from kizu.imaging.arrays import FloatMap

# Where nothing else is said, a value was chosen by eye on photographs.

# Of an object taken away:
_IS_OBJECT: Final = 0.25  # of the object mask: its soft rim belongs to it
_MERGED: Final = 1.5  # times the object's area; larger, and it has run into its neighbours
_MERGED_REACH: Final = 1.25  # radii of the object kept then: the object, not its neighbour
_MARGIN: Final = (0.1, 2.0)  # of the object's size, least px: its contact shadow goes too
_MARGIN_RAMP: Final = (0.02, 0.25)  # of the blurred object: opaque well before its outline
# Of an empty seat; lengths in half its short side, lightness steps in contrasts of the material.
_RATIO: Final = (1.0, 1.7)  # long : short side; by eye
_OUTLINES: Final = (2.0, 6.0, 12.0)  # powers of the superellipse: round, rounded, rectangular part
_QUARTER_TURN: Final = np.pi / 2  # seats stand square to the picture, as parts in a product do
_BORDER_PX: Final = 0.7  # half the border's ramp: one pixel of anti-aliasing
_DEPTH: Final = (0.16, 1.5)  # length of the wall's shadow, least px; by eye
_FLOOR_STEP: Final = (0.6, 1.3)  # darker floor, and its wall's shadow; by eye
_SHADOW_BLUR: Final = 0.15  # depths; by eye
_RIM: Final = (0.04, 0.8)  # width, least px; by eye: a thin line
_RIM_STEP: Final = 0.9  # by eye
_PLAIN: Final = 0.75  # of the object's median tone in the floor: nothing stands there
_MAX_FLOOR_GRAIN_L: Final = 3.0  # by eye: more looks like a texture of its own
_FLOOR_GRAIN: Final = 0.6  # of the material's grain; by eye: a floor is plainer
_FLOOR_GRAIN_PX: Final = 2.0  # between its hills; as a lens shows noise


def missing_part(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Take away what stands at the place: onto the ground behind, or down to an empty seat."""
    if params.whole_object:
        return _removed(material, params, rng)
    return _empty_seat(material, params, rng)


def _removed(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """The object goes with its rim and contact shadow; ground texture closes the gap."""
    solid = material.objects > _IS_OBJECT
    own = component_at(solid, params.x, params.y).astype(np.float32)
    if own.sum() > _MERGED * params.area_px:
        reach = _MERGED_REACH * float(np.sqrt(params.area_px / np.pi))
        own *= np.hypot(*grid(material.shape, params.x, params.y)) < reach
    margin = max(_MARGIN[0] * float(np.sqrt(params.area_px)), _MARGIN[1])
    body = smoothstep(blur(own, margin), *_MARGIN_RAMP)
    closed = inpaint(material.lab, body > 0, solid & (own == 0), rng)
    return PaintedCrop(alpha_blend(material.lab, closed, body), own)


def _empty_seat(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """A recess with the outline of a part, its floor plain and in the shadow of its wall."""
    ratio = rng.uniform(*_RATIO)
    half = float(np.sqrt(params.area_px / 4 / ratio))
    square_rad = round(params.angle_rad / np.pi * 2) * _QUARTER_TURN
    along, across = grid(material.shape, params.x, params.y, square_rad)
    power = rng.choice(list(_OUTLINES))
    r = (np.abs(along / (half * ratio)) ** power + np.abs(across / half) ** power) ** (1 / power)
    edge = ((1 - r) * half).astype(np.float32)
    seat = smoothstep(edge, -_BORDER_PX, _BORDER_PX)
    floor = _floor(material, seat, rng)

    depth = max(_DEPTH[0] * half, _DEPTH[1])
    x, y = material.light
    wall_shadow = np.clip(1 - np.maximum(translate(edge, -x * depth, -y * depth), 0) / depth, 0, 1)
    rim = np.exp(-((edge / max(_RIM[0] * half, _RIM[1])) ** 2)) * _facing(edge, (x, y))
    plain, shadow = _FLOOR_STEP
    delta = -(plain + shadow * blur(wall_shadow.astype(np.float32), _SHADOW_BLUR * depth)) * seat
    step = material.contrast * params.strength
    darker = 1 if material.contrast_sign() < 0 else -1
    floor = relight(floor, (delta * step * darker).astype(np.float32))
    painted = alpha_blend(material.lab, floor, seat)
    return PaintedCrop(relight(painted, (_RIM_STEP * step * rim).astype(np.float32)), seat)


def _facing(edge: FloatMap, light: tuple[float, float]) -> FloatMap:
    """+1 where the recess's outer edge faces the light, -1 where it turns away."""
    dy, dx = np.gradient(edge)
    norm = np.maximum(np.hypot(dx, dy), 1e-6)
    return np.asarray((dx * light[0] + dy * light[1]) / norm, np.float32)


def _floor(material: Material, seat: FloatMap, rng: Rng) -> FloatMap:
    """(H, W, 3) plain ground in the tone of its surroundings, with a little grain."""
    known = np.where(seat > 0, 0, 1).astype(np.float32)
    floor = pull_push_fill(material.lab, known) if known.any() else material.lab.copy()
    tone = np.broadcast_to(np.asarray(material.tone, np.float32), floor.shape)
    floor = alpha_blend(floor, tone, _PLAIN * seat)
    noise = fractal_noise(material.shape, _FLOOR_GRAIN_PX, rng, 2)
    floor[..., 0] += min(material.grain, _MAX_FLOOR_GRAIN_L) * _FLOOR_GRAIN * noise
    return floor
