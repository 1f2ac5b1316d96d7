"""Cracks: dark, kinked, branching gaps with a lit far edge and a soft shadow."""

from collections.abc import Iterator

import numpy as np

from kizu.edit.painter.material import Ask, Layer, Surface, relit
from kizu.edit.painter.noise_fields import Rng, blur, fractal_noise, shifted
from kizu.edit.painter.strokes import Points, Stroke, stroke_field, wavy

_MAX_DEPTH = 2


def crack(surface: Surface, ask: Ask, rng: Rng) -> Layer:
    """Paint a main crack with branches that fork and thin out."""
    length = min(float(np.sqrt(ask.area_px * rng.uniform(28, 60))), ask.span_px)
    width = ask.area_px / max(length * 1.7, 1.0)
    direction = np.array([np.cos(ask.angle_rad), np.sin(ask.angle_rad)])
    start = (np.array([ask.x, ask.y]) - direction * length / 2).astype(np.float32)
    strokes = list(_branches(start, ask.angle_rad, length=length, width=width, depth=0, rng=rng))
    field = stroke_field(surface.shape, strokes, reach_px=3 * width + 4)

    gap = field.coverage() * np.clip(1 + 0.18 * fractal_noise(surface.shape, 3, rng, 2), 0.5, 1.2)
    edge = field.lip((-surface.light[0], -surface.light[1]), reach=0.7)
    offset = 0.8 * width + 0.8
    soft = shifted(
        blur(field.coverage(1.6), 0.9 * width + 0.7), *(-offset * c for c in surface.light)
    )
    depth = surface.contrast * ask.strength
    glint = 0.55 if surface.sign() < 0 else 1.3  # on dark ground only the broken edges show
    delta = depth * ((glint * np.clip(edge, 0, 1) - 0.45 * soft) * (1 - gap) - 2.2 * gap)
    return Layer(relit(surface.lab, blur(delta.astype(np.float32), 0.4)), field.coverage(1.5))


def _branches(
    start: Points, angle_rad: float, *, length: float, width: float, depth: int, rng: Rng
) -> Iterator[Stroke]:
    """A crack and, from points along it, its branches."""
    points, headings = _path(start, angle_rad, length, rng)
    count = len(points)
    t = np.linspace(0, 1, count)
    body = (1 - t) ** 0.6 if depth else np.clip(np.minimum(t / 0.12, (1 - t) / 0.3), 0, 1) ** 0.6
    swell = np.clip(1 + 0.35 * wavy(count, 9, rng), 0.35, 1.9)
    half_width = np.maximum(0.55 * width * body * swell, 0.22).astype(np.float32)
    yield Stroke(points, half_width, np.clip(0.45 + body, 0, 1).astype(np.float32))
    if depth == _MAX_DEPTH:
        return
    for _ in range(rng.integers(2, 5) if depth == 0 else rng.integers(0, 2)):
        at = int(rng.uniform(0.12, 0.85) * (count - 1))
        fork = headings[at] + rng.choice([-1, 1]) * rng.uniform(0.4, 1.1)
        share = rng.uniform(0.2, 0.45)
        yield from _branches(
            points[at], fork, length=length * share, width=width * 0.62, depth=depth + 1, rng=rng
        )


def _path(start: Points, angle_rad: float, length: float, rng: Rng) -> tuple[Points, Points]:
    """A walk whose heading jumps and then pulls back, as a crack seeks the weakest grain."""
    count = int(np.clip(length / 4, 7, 90))
    kinks = rng.standard_t(3, count) * 0.32
    heading = np.zeros(count)
    for step in range(1, count):
        heading[step] = 0.72 * heading[step - 1] + kinks[step]
    heading = angle_rad + np.clip(heading, -1.2, 1.2) + 0.2 * wavy(count, 3, rng)
    strides = rng.uniform(0.4, 1.6, count)
    strides *= length / strides.sum()
    moves = np.stack([np.cos(heading), np.sin(heading)], -1) * strides[:, None]
    points = np.asarray(start) + np.vstack([np.zeros(2), np.cumsum(moves[:-1], 0)])
    return points.astype(np.float32), heading.astype(np.float32)
