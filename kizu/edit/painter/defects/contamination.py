"""Contamination: specks and fibres that lie on the surface and throw small shadows."""

from typing import Final

import numpy as np

from kizu.edit.painter.material import Ask, Layer, Surface, mixed, relit
from kizu.edit.painter.noise_fields import (
    Rng,
    blob_nearby,
    blur,
    fractal_noise,
    shifted,
    smoothstep,
)
from kizu.edit.painter.strokes import Stroke, arc_path, stroke_field, wavy
from kizu.imaging.arrays import FloatMap

_DARK_LAB: Final = ((16.0, 1.0, 3.0), (27.0, 6.0, 14.0), (22.0, 1.0, -6.0))
_BRIGHT_LAB: Final = ((90.0, 0.0, 2.0), (78.0, 3.0, 14.0), (84.0, -1.0, -1.0))


def contamination(surface: Surface, ask: Ask, rng: Rng) -> Layer:
    """Scatter specks of unequal size, and sometimes fibres, around the place."""
    fibres = int(rng.integers(0, 3))
    fibre_share = 0.25 * fibres
    specks = _specks(surface, ask, ask.area_px * (1 - fibre_share), rng)
    threads = _fibres(surface, ask, ask.area_px * fibre_share, fibres, rng)
    cover = np.maximum(specks, threads).astype(np.float32)

    grain_px = max(0.12 * float(np.sqrt(ask.area_px)), 1.2)
    shadow_px = max(0.05 * float(np.sqrt(ask.area_px)), 0.9)
    light_x, light_y = surface.light
    shade = shifted(blur(cover, 0.8 * shadow_px), -light_x * shadow_px, -light_y * shadow_px)
    below = relit(surface.lab, -(0.9 * surface.contrast * ask.strength * shade).astype(np.float32))

    thickness = blur(cover, grain_px)
    lit = shifted(thickness, -light_x, -light_y) - shifted(thickness, light_x, light_y)
    lit /= max(float(np.abs(lit).max()), 1e-6)
    matter = np.empty_like(surface.lab)
    matter[:] = _colour(surface, rng)
    relief = -lit * 16 + 3.5 * fractal_noise(surface.shape, grain_px, rng, 3)
    return Layer(mixed(below, relit(matter, relief.astype(np.float32)), cover * 0.94), cover)


def _colour(surface: Surface, rng: Rng) -> tuple[float, float, float]:
    """Matter that stands out from the surface."""
    bright = surface.tone[0] < 45 or (surface.tone[0] < 62 and rng.random() < 0.5)  # noqa: PLR2004 - L
    choices = _BRIGHT_LAB if bright else _DARK_LAB
    return choices[rng.integers(len(choices))]


def _specks(surface: Surface, ask: Ask, area_px: float, rng: Rng) -> FloatMap:
    """Coverage of a cluster: one large grain, many small ones farther out."""
    count = int(rng.integers(4, 11))
    shares = np.sort(rng.pareto(1.6, count) + 0.25)[::-1]
    radii = np.sqrt(area_px * shares / shares.sum() / np.pi)
    spread = 1.5 * float(np.sqrt(ask.area_px))
    cover = np.zeros(surface.shape, np.float32)
    for index, radius in enumerate(radii):
        away = rng.normal(0, spread, 2) * (0.15 if index == 0 else 1)
        limit = 0.42 * ask.span_px
        x, y = ask.x + np.clip(away[0], -limit, limit), ask.y + np.clip(away[1], -limit, limit)
        _add_speck(cover, (float(x), float(y)), float(radius), rng)
    return cover


def _add_speck(cover: FloatMap, centre: tuple[float, float], radius: float, rng: Rng) -> None:
    """Add one irregular grain to the coverage."""
    ratio = rng.uniform(1, 1.7)
    radii = (radius * float(np.sqrt(ratio)), radius / float(np.sqrt(ratio)))
    window, edge = blob_nearby(
        (cover.shape[0], cover.shape[1]),
        centre,
        radii,
        angle_rad=rng.uniform(0, np.pi),
        roughness=0.17,
        rng=rng,
    )
    cover[window] = np.maximum(cover[window], smoothstep(edge, -0.6, 0.6))


def _fibres(surface: Surface, ask: Ask, area_px: float, count: int, rng: Rng) -> FloatMap:
    """Coverage of curled threads."""
    strokes = []
    for _ in range(count):
        length = min(float(np.sqrt(area_px / count * rng.uniform(40, 80))), ask.span_px)
        width = area_px / count / max(length, 1.0)
        place = (ask.x + rng.normal(0, length * 0.15), ask.y + rng.normal(0, length * 0.15))
        path = arc_path(place, rng.uniform(0, np.pi), length, rng.uniform(-3.5, 3.5))
        steps = len(path)
        curl = np.stack([wavy(steps, 4, rng), wavy(steps, 4, rng)], -1)
        path += curl * np.float32(0.04 * length)
        half = np.maximum(0.55 * width * (1 + 0.15 * wavy(steps, 6, rng)), 0.45)
        strokes.append(Stroke(path, half.astype(np.float32), np.ones(steps, np.float32)))
    if not strokes:
        return np.zeros(surface.shape, np.float32)
    return stroke_field(surface.shape, strokes, reach_px=6).coverage()
