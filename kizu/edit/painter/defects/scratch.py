"""Scratches: a groove with a lit and a shaded lip, pressed harder here and lighter there."""

import numpy as np

from kizu.edit.painter.material import Ask, Layer, Surface, relit
from kizu.edit.painter.noise_fields import Rng, blur, fractal_noise
from kizu.edit.painter.strokes import Points, Stroke, arc_path, stroke_field, wavy


def scratch(surface: Surface, ask: Ask, rng: Rng) -> Layer:
    """Paint one main scratch and up to three fainter companions."""
    elongation = rng.uniform(45, 110)
    length = min(float(np.sqrt(ask.area_px * elongation)), ask.span_px)
    width = ask.area_px / max(length, 1.0)
    strokes = _strokes(ask, length, width, rng)
    field = stroke_field(surface.shape, strokes, reach_px=3 * width + 3)

    grit = 1 + 0.25 * fractal_noise(surface.shape, max(width * 1.5, 1.5), rng, 2)
    core = field.coverage() * grit
    lips = field.lip((-surface.light[0], -surface.light[1]), reach=0.8)
    polarity = surface.sign() if rng.random() < 0.4 else _bright_if_room(surface)  # noqa: PLR2004
    delta = 1.35 * polarity * core + 0.75 * lips
    delta = blur(delta.astype(np.float32), 0.35) * surface.contrast * ask.strength
    return Layer(relit(surface.lab, delta), field.coverage(widen=1.5))


def _bright_if_room(surface: Surface) -> float:
    """Most scratches expose brighter material, where the surface is not white already."""
    return 1.0 if surface.tone[0] + surface.contrast < 90 else -1.0  # noqa: PLR2004 - L of near-white


def _strokes(ask: Ask, length: float, width: float, rng: Rng) -> list[Stroke]:
    """The main stroke, then companions a few widths aside, shorter and fainter."""
    direction = np.array([np.cos(ask.angle_rad), np.sin(ask.angle_rad)])
    across = np.array([-direction[1], direction[0]])
    bend = float(rng.normal(0, 0.12))
    strokes = [_stroke(arc_path((ask.x, ask.y), ask.angle_rad, length, bend), width, 1.0, rng)]
    for _ in range(rng.choice([0, 0, 1, 2, 3])):
        aside = across * rng.uniform(2.5, 7) * max(width, 1.2) * rng.choice([-1, 1])
        x, y = np.array([ask.x, ask.y]) + aside + direction * length * rng.uniform(-0.25, 0.25)
        share = float(rng.uniform(0.2, 0.5))
        tilt = ask.angle_rad + float(rng.normal(0, 0.03))
        path = arc_path((float(x), float(y)), tilt, length * share, bend * share)
        strokes.append(_stroke(path, 0.6 * width, float(rng.uniform(0.35, 0.7)), rng))
    return strokes


def _stroke(path: Points, width: float, opacity: float, rng: Rng) -> Stroke:
    """A line whose pressure comes and goes, a little unsteady."""
    count = len(path)
    length = float(np.hypot(*(path[-1] - path[0])))
    path = path + np.stack([wavy(count, 5, rng), wavy(count, 5, rng)], -1) * np.float32(
        0.004 * length
    )
    t = np.linspace(0, 1, count)
    taper = np.clip(np.minimum(t / 0.25, (1 - t) / 0.35), 0, 1) ** 0.7
    unsteady = 1 + 0.3 * wavy(count, 8, rng) + 0.15 * wavy(count, 30, rng)
    pressure = taper * np.clip(unsteady, 0.25, 1.8)
    skips = np.clip(1.15 + 0.5 * wavy(count, 10, rng), 0.15, 1)
    half_width = np.maximum(0.6 * width * pressure, 0.25)
    strength = opacity * skips * (0.35 + 0.65 * taper)
    return Stroke(path, half_width.astype(np.float32), strength.astype(np.float32))
