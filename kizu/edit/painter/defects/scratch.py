"""Scratches: a groove with a lit and a shaded lip, pressed harder here and lighter there."""

from typing import Final

import numpy as np

from kizu.edit.painter.material import DefectParameters, Material, PaintedCrop, relight
from kizu.edit.painter.noise_fields import Rng, blur, fractal_noise
from kizu.edit.painter.strokes import Points, Stroke, arc_path, stroke_field, wavy

# Where nothing else is said, a value was chosen by eye on photographs.
# Lightness steps are in contrasts of the material, lengths across a scratch in its widths.
_ELONGATION: Final = (45, 110)  # squared length per area; by eye: the most slender of the kinds
_GROOVE_STEP: Final = 1.35  # by eye
_LIP_STEP: Final = 0.75  # of the raised lips; by eye: less looks drawn with a pen
_LIP_REACH: Final = 0.8  # half widths the lips are broad; by eye
_GRIT: Final = (0.25, 1.5)  # amplitude and length of the groove's grain; by eye
_SOFT_PX: Final = 0.35  # blur of a lens; by eye: without it the line is sharper than the photo
_DARK_PROBABILITY: Final = 0.4  # of grooves that darken where there is room: grime, not bare metal
_NEAR_WHITE_L: Final = 90  # above, a bright scratch would clip
_BODY_WIDTHS: Final = 1.5  # of the groove, counted as the scratch itself: its lips belong to it
_BEND_RAD: Final = 0.12  # standard deviation of the turn over the length: nearly straight
_COMPANIONS: Final = (0, 0, 1, 2, 3)  # drawn from; two in five stand alone; by eye
_ASIDE: Final = (2.5, 7, 1.2)  # least and most distance; least width in px it is measured in
_ALONG: Final = 0.25  # of the length, how far companions are moved along it, either way
_COMPANION_LENGTH: Final = (0.2, 0.5)  # of the main one; by eye
_COMPANION_TILT_RAD: Final = 0.03  # standard deviation: nearly parallel, one stroke made them
_COMPANION_WIDTH: Final = 0.6  # of the main one; by eye
_COMPANION_OPACITY: Final = (0.35, 0.7)  # by eye
_SWAY: Final = 0.004  # of the length; by eye: a hand or an edge is a little unsteady
_ENDS: Final = (0.25, 0.35, 0.7)  # of the length: run-in, run-out; power of the taper; by eye
_UNSTEADY: Final = (0.3, 0.15)  # of the pressure: slow, fast; by eye
_HILLS: Final = (5, 8, 30, 10)  # of sway, slow and fast pressure, skips over the length; by eye
_PRESSURE: Final = (0.25, 1.8)  # bounds; by eye
_SKIPS: Final = (1.15, 0.5, 0.15)  # mean, amplitude and least opacity: the tool leaves the surface
_HALF_WIDTH: Final = (0.6, 0.25)  # of the width; least px, still a faint line
_END_OPACITY: Final = 0.35  # of the middle's; by eye


def scratch(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Paint one main scratch and up to three fainter companions."""
    elongation = rng.uniform(*_ELONGATION) / params.breadth
    length = min(float(np.sqrt(params.area_px * elongation)), params.span_px)
    width = params.area_px / max(length, 1.0)
    strokes = _strokes(params, length, width, rng)
    field = stroke_field(material.shape, strokes, reach_px=3 * width + 3)

    grit = 1 + _GRIT[0] * fractal_noise(material.shape, max(width * _GRIT[1], 1.5), rng, 2)
    core = field.coverage() * grit
    lips = field.lip((-material.light[0], -material.light[1]), reach=_LIP_REACH)
    darkens = rng.random() < _DARK_PROBABILITY
    polarity = material.contrast_sign() if darkens else _bright_if_room(material)
    delta = _GROOVE_STEP * polarity * core + _LIP_STEP * lips
    delta = blur(delta.astype(np.float32), _SOFT_PX) * material.contrast * params.strength
    return PaintedCrop(relight(material.lab, delta), field.coverage(widen=_BODY_WIDTHS))


def _bright_if_room(material: Material) -> float:
    """Most scratches expose brighter matter, where the surface is not white already."""
    return 1.0 if material.tone[0] + material.contrast < _NEAR_WHITE_L else -1.0


def _strokes(params: DefectParameters, length: float, width: float, rng: Rng) -> list[Stroke]:
    """The main stroke, then companions a few widths aside, shorter and fainter."""
    centre = (params.x, params.y)
    direction = np.array([np.cos(params.angle_rad), np.sin(params.angle_rad)])
    across = np.array([-direction[1], direction[0]])
    bend = float(rng.normal(0, _BEND_RAD))
    strokes = [_stroke(arc_path(centre, params.angle_rad, length, bend), width, 1.0, rng)]
    least, most, least_width_px = _ASIDE
    for _ in range(rng.choice(list(_COMPANIONS))):
        aside = across * rng.uniform(least, most) * max(width, least_width_px) * rng.choice([-1, 1])
        x, y = np.array(centre) + aside + direction * length * rng.uniform(-_ALONG, _ALONG)
        fraction = float(rng.uniform(*_COMPANION_LENGTH))
        tilt = params.angle_rad + float(rng.normal(0, _COMPANION_TILT_RAD))
        path = arc_path((float(x), float(y)), tilt, length * fraction, bend * fraction)
        opacity = float(rng.uniform(*_COMPANION_OPACITY))
        strokes.append(_stroke(path, _COMPANION_WIDTH * width, opacity, rng))
    return strokes


def _stroke(path: Points, width: float, opacity: float, rng: Rng) -> Stroke:
    """A line whose pressure comes and goes, a little unsteady."""
    count = len(path)
    length = float(np.hypot(*(path[-1] - path[0])))
    sway, slow_hills, fast_hills, skip_hills = _HILLS
    path = path + np.stack([wavy(count, sway, rng), wavy(count, sway, rng)], -1) * np.float32(
        _SWAY * length
    )
    t = np.linspace(0, 1, count)
    run_in, run_out, power = _ENDS
    taper = np.clip(np.minimum(t / run_in, (1 - t) / run_out), 0, 1) ** power
    slow, fast = _UNSTEADY
    unsteady = 1 + slow * wavy(count, slow_hills, rng) + fast * wavy(count, fast_hills, rng)
    pressure = taper * np.clip(unsteady, *_PRESSURE)
    mean, amplitude, faintest = _SKIPS
    skips = np.clip(mean + amplitude * wavy(count, skip_hills, rng), faintest, 1)
    half_width = np.maximum(_HALF_WIDTH[0] * width * pressure, _HALF_WIDTH[1])
    strength = opacity * skips * (_END_OPACITY + (1 - _END_OPACITY) * taper)
    return Stroke(path, half_width.astype(np.float32), strength.astype(np.float32))
