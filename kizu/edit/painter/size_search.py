"""Painting a crop until its defect has the wanted size and contrast."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.material import Ask, Defect, Surface, mixed, to_lab, to_rgb
from kizu.edit.painter.noise_fields import Rng, blur
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

_MAX_PASSES: Final = 5
_MAX_GROWTH: Final = 2.5
_MAX_STRENGTH: Final = 3.0
_PROGRESS: Final = 0.95  # of the best miss so far; a pass that gains less was the last
_VISIBLE_DELTA_E: Final = 4.0
_UNCHANGED_DELTA_E: Final = 0.4


@dataclass(frozen=True, eq=False)
class Canvas:
    """The crop to paint on; `allowed` is the (H, W) opacity that a region leaves, if one is set."""

    rgb: RgbImage
    surface: Surface
    allowed: FloatMap | None


@dataclass(frozen=True, eq=False)
class Attempt:
    """A painted crop, what visibly changed in it, and by how much (median Lab distance)."""

    rgb: RgbImage
    truth: Mask
    contrast: float


def fitted(
    draw: Callable[[Ask], Attempt], ask: Ask, bounds_px: tuple[float, float], enough: float
) -> Attempt:
    """Paint again, larger or smaller, stronger or weaker, until size and contrast suit."""
    limits_px = (0.15 * ask.area_px, _MAX_GROWTH * ask.area_px)
    target_px = ask.area_px
    attempts: list[tuple[float, Attempt]] = []
    for _ in range(_MAX_PASSES):
        attempt = draw(ask)
        area_px = max(float(attempt.truth.sum()), 1.0)
        weakness = max(enough / max(attempt.contrast, 1e-3), 1.0)
        miss = max(bounds_px[0] / area_px, area_px / bounds_px[1], 1.0) * weakness
        stuck = len(attempts) > 1 and miss > _PROGRESS * min(other for other, _ in attempts)
        attempts.append((miss, attempt))
        if miss <= 1.0 or stuck:
            break
        resized = float(np.clip(ask.area_px * (target_px / area_px) ** 0.9, *limits_px))
        strength = min(ask.strength * min(weakness, 1.8), _MAX_STRENGTH)
        ask = replace(ask, area_px=resized, strength=strength)
    return min(attempts, key=lambda scored: scored[0])[1]


def attempt_once(canvas: Canvas, draw: Defect, ask: Ask, rng: Rng) -> Attempt:
    """Paint once and see what changed."""
    surface = canvas.surface
    layer = draw(surface, ask, rng)
    lab = layer.lab
    if surface.grey:
        lab = np.concatenate([lab[..., :1], surface.lab[..., 1:]], -1)
    if canvas.allowed is not None:
        lab = mixed(surface.lab, lab, canvas.allowed)
    changed = np.linalg.norm(lab - surface.lab, axis=-1) > _UNCHANGED_DELTA_E
    painted = np.where(changed[..., None], to_rgb(lab), canvas.rgb)
    seen = np.linalg.norm(to_lab(painted) - surface.lab, axis=-1)
    truth = _visible(seen, layer.body)
    if canvas.allowed is not None:
        truth &= canvas.allowed > 0
    return Attempt(painted, truth, float(np.median(seen[truth])) if truth.any() else 0.0)


def _visible(seen: FloatMap, body: FloatMap) -> Mask:
    """Visible change, and the gaps in it within the defect's own body."""
    visible = np.maximum(seen * 0.9, blur(seen, 0.7)) > _VISIBLE_DELTA_E
    within = body > 0.5  # noqa: PLR2004 - more defect than not
    side = 5 + 2 * int(0.05 * np.sqrt(float(within.sum())))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = cv2.morphologyEx(visible.astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0
    return np.asarray(visible | (closed & within), bool)
