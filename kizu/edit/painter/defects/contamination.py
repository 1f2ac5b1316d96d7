"""Contamination: specks and fibres that lie on the surface and throw small shadows."""

from typing import Final

import numpy as np

from kizu.edit.painter.material import (
    DefectParameters,
    Material,
    PaintedCrop,
    alpha_blend,
    relight,
)
from kizu.edit.painter.noise_fields import (
    Rng,
    blob_nearby,
    blur,
    fractal_noise,
    smoothstep,
    translate,
)
from kizu.edit.painter.strokes import Stroke, arc_path, stroke_field, wavy
from kizu.imaging.arrays import FloatMap

# Where nothing else is said, a value was chosen by eye on photographs.

# Lab of what lies there, by eye: soot, rust and blue ink; lint, sand and paper.
_DARK_LAB: Final = ((16.0, 1.0, 3.0), (27.0, 6.0, 14.0), (22.0, 1.0, -6.0))
_BRIGHT_LAB: Final = ((90.0, 0.0, 2.0), (78.0, 3.0, 14.0), (84.0, -1.0, -1.0))
_DARK_GROUND_L: Final = (45.0, 62.0)  # below, only bright matter shows; between, either does
_MAX_FIBRES: Final = 2  # by eye: more look like a nest
_FIBRE_FRACTION: Final = 0.25  # of the area, per fibre: two leave half of it to the specks
_GRAIN: Final = (0.12, 1.2)  # of the defect's size, least px: the relief's grain; by eye
_SHADOW: Final = (0.05, 0.9)  # of the defect's size, least px: what lies flat throws short shadows
_SHADOW_STEP: Final = 0.9  # contrasts of the material; by eye
_RELIEF_L: Final = (16, 3.5)  # lit against shaded side, and grain; by eye: less looks printed on
_OPACITY: Final = 0.94  # by eye: a trace of the ground keeps the border from looking cut out
_THIN: Final = 0.3  # of the opacity at strength 0; by eye: slight is a thin film of it
_SPECKS: Final = (4, 10)  # (min, max); by eye: a cluster, not a point and not a sprinkle
_SIZES: Final = (1.6, 0.25)  # Pareto shape and least size; by eye: one large grain, many small
_SPREAD: Final = (1.5, 0.15)  # of the defect's size: of the cluster, and its share for the largest
_SPREAD_LIMIT: Final = 0.42  # of the extent that fits: short of a half, so that specks stay inside
_SPECK_RATIO: Final = 1.7  # largest long : short axis; by eye
_BORDER_PX: Final = 0.6  # half a speck's ramp: one pixel of anti-aliasing
_SPECK_ROUGHNESS: Final = 0.17  # by eye: grains are more ragged than stains
_FIBRE_ELONGATION: Final = (40, 80)  # squared length per area; by eye: as a thread, not as a rod
_FIBRE_SPREAD: Final = 0.15  # of its length, standard deviation of its place; by eye: crossing
_FIBRE_BEND_RAD: Final = 3.5  # over its length, either way: up to a bit more than a half circle
_FIBRE_CURL: Final = 0.04  # of its length; by eye
_FIBRE_HILLS: Final = (4, 6)  # of its curl, of its width's change, over its length; by eye
_FIBRE_HALF_WIDTH: Final = (0.55, 0.15, 0.45)  # of the width, its unsteadiness, least px: ~1 px
_FIBRE_REACH_PX: Final = 6  # how far from its centre line a fibre is computed


def contamination(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Scatter specks of unequal size, and sometimes fibres, around the place."""
    fibres = int(rng.integers(0, _MAX_FIBRES + 1))
    fibre_fraction = _FIBRE_FRACTION * fibres
    specks = _specks(material, params, params.area_px * (1 - fibre_fraction), rng)
    threads = _fibres(material, params, params.area_px * fibre_fraction, fibres, rng)
    cover = np.maximum(specks, threads).astype(np.float32)

    size_px = float(np.sqrt(params.area_px))
    grain_px = max(_GRAIN[0] * size_px, _GRAIN[1])
    shadow_px = max(_SHADOW[0] * size_px, _SHADOW[1])
    light_x, light_y = material.light
    shade = translate(blur(cover, 0.8 * shadow_px), -light_x * shadow_px, -light_y * shadow_px)
    shadow = -(_SHADOW_STEP * material.contrast * params.strength * shade)
    below = relight(material.lab, shadow.astype(np.float32))

    thickness = blur(cover, grain_px)
    lit = translate(thickness, -light_x, -light_y) - translate(thickness, light_x, light_y)
    lit /= max(float(np.abs(lit).max()), 1e-6)
    matter = np.empty_like(material.lab)
    matter[:] = _colour(material, rng)
    relief = -lit * _RELIEF_L[0] + _RELIEF_L[1] * fractal_noise(material.shape, grain_px, rng, 3)
    on_top = relight(matter, relief.astype(np.float32))
    thick = min(_THIN + (1 - _THIN) * params.strength, 1.0)
    opacity = (cover * _OPACITY * thick).astype(np.float32)
    return PaintedCrop(alpha_blend(below, on_top, opacity), cover)


def _colour(material: Material, rng: Rng) -> tuple[float, float, float]:
    """Matter that stands out from the material."""
    dark, middle = _DARK_GROUND_L
    lightness = material.tone[0]
    bright = lightness < dark or (lightness < middle and rng.random() < 0.5)
    choices = _BRIGHT_LAB if bright else _DARK_LAB
    return choices[rng.integers(len(choices))]


def _specks(material: Material, params: DefectParameters, area_px: float, rng: Rng) -> FloatMap:
    """Coverage of a cluster: one large grain, many small ones farther out."""
    count = int(rng.integers(_SPECKS[0], _SPECKS[1] + 1))
    shape, least = _SIZES
    sizes = np.sort(rng.pareto(shape, count) + least)[::-1]
    radii = np.sqrt(area_px * sizes / sizes.sum() / np.pi)
    spread = _SPREAD[0] * float(np.sqrt(params.area_px))
    cover = np.zeros(material.shape, np.float32)
    for index, radius in enumerate(radii):
        away = rng.normal(0, spread, 2) * (_SPREAD[1] if index == 0 else 1)
        limit = _SPREAD_LIMIT * params.span_px
        x = params.x + np.clip(away[0], -limit, limit)
        y = params.y + np.clip(away[1], -limit, limit)
        _add_speck(cover, (float(x), float(y)), float(radius), rng)
    return cover


def _add_speck(cover: FloatMap, centre: tuple[float, float], radius: float, rng: Rng) -> None:
    """Add one irregular grain to the coverage."""
    ratio = rng.uniform(1, _SPECK_RATIO)
    radii = (radius * float(np.sqrt(ratio)), radius / float(np.sqrt(ratio)))
    window, edge = blob_nearby(
        (cover.shape[0], cover.shape[1]),
        centre,
        radii,
        angle_rad=rng.uniform(0, np.pi),
        roughness=_SPECK_ROUGHNESS,
        rng=rng,
    )
    cover[window] = np.maximum(cover[window], smoothstep(edge, -_BORDER_PX, _BORDER_PX))


def _fibres(
    material: Material, params: DefectParameters, area_px: float, count: int, rng: Rng
) -> FloatMap:
    """Coverage of curled threads."""
    strokes = []
    for _ in range(count):
        elongation = rng.uniform(*_FIBRE_ELONGATION)
        length = min(float(np.sqrt(area_px / count * elongation)), params.span_px)
        width = area_px / count / max(length, 1.0)
        centre = (
            params.x + rng.normal(0, length * _FIBRE_SPREAD),
            params.y + rng.normal(0, length * _FIBRE_SPREAD),
        )
        heading = rng.uniform(0, np.pi)
        path = arc_path(centre, heading, length, rng.uniform(-_FIBRE_BEND_RAD, _FIBRE_BEND_RAD))
        steps = len(path)
        curl = np.stack([wavy(steps, _FIBRE_HILLS[0], rng), wavy(steps, _FIBRE_HILLS[0], rng)], -1)
        path += curl * np.float32(_FIBRE_CURL * length)
        factor, unsteady, least_px = _FIBRE_HALF_WIDTH
        half = np.maximum(
            factor * width * (1 + unsteady * wavy(steps, _FIBRE_HILLS[1], rng)), least_px
        )
        strokes.append(Stroke(path, half.astype(np.float32), np.ones(steps, np.float32)))
    if not strokes:
        return np.zeros(material.shape, np.float32)
    return stroke_field(material.shape, strokes, reach_px=_FIBRE_REACH_PX).coverage()
