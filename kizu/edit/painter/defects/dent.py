"""Dents: shading that follows a height field, and a slight bending of what lies on it."""

import cv2
import numpy as np

from kizu.edit.painter.material import Ask, Layer, Surface, relit
from kizu.edit.painter.noise_fields import Rng, blur, fractal_noise, grid, slope, smoothstep
from kizu.imaging.arrays import FloatMap


def dent(surface: Surface, ask: Ask, rng: Rng) -> Layer:
    """Press a bowl with a raised rim into the surface and shade its slopes."""
    ratio = rng.uniform(1.0, 1.6)
    radius = float(np.sqrt(ask.area_px / np.pi / ratio))
    along, across = grid(surface.shape, ask.x, ask.y, ask.angle_rad)
    wobble = 0.07 * fractal_noise(surface.shape, radius * 1.2, rng, 3)
    r = np.hypot(along / (radius * ratio), across / radius) + wobble
    bowl = -np.exp(-((r / 0.62) ** 2 * (1 + 0.35 * r)))
    rim = 0.16 * np.exp(-(((r - 0.98) / 0.2) ** 2))
    height = blur((bowl + rim).astype(np.float32), 0.04 * radius + 0.5)

    shade = slope(height, (-surface.light[0], -surface.light[1])) * radius
    depth = surface.contrast * ask.strength
    delta = np.tanh(0.5 * shade) * 1.7 * depth + 0.3 * depth * bowl
    glint = np.clip(shade / max(float(shade.max()), 1e-6), 0, 1) ** 10 * 0.5 * depth
    bent = _bent(surface, height, 0.09 * radius)
    return Layer(relit(bent, (delta + glint).astype(np.float32)), smoothstep(1 - r, -0.15, 0.1))


def _bent(surface: Surface, height: FloatMap, pull_px: float) -> FloatMap:
    """The surface seen through the bowl: texture is drawn towards its middle."""
    rows, columns = np.mgrid[: surface.shape[0], : surface.shape[1]].astype(np.float32)
    dy, dx = np.gradient(height)
    norm = pull_px / max(float(np.hypot(dx, dy).max()), 1e-6)
    moved = cv2.remap(
        surface.lab,
        (columns + dx * norm).astype(np.float32),
        (rows + dy * norm).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(moved, np.float32)
