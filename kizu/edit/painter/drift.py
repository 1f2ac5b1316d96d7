"""Imitates how a generative editor redraws the whole picture around an edit."""

from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.drift_profiles import DRIFTS, REFERENCE_SIDE_PX, Drift, DriftProfile
from kizu.edit.painter.drift_texture import checkerboard, resynthesise
from kizu.edit.painter.fill import inpaint
from kizu.edit.painter.material import alpha_blend, to_lab, to_rgb
from kizu.edit.painter.noise_fields import (
    FloatArray,
    Rng,
    Shape,
    blob,
    grid,
    smooth_noise,
    smoothstep,
)
from kizu.edit.painter.painting import Painting
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.borders import mirrored_border

__all__ = ["DriftProfile", "imitate_drift"]

_PROXIMITY_FRACTION: Final = 0.06  # of the long side; within it change was 1.6-2.8 times that afar
_COLOUR_FIELD: Final = 0.4  # of the lightness field's strength, in a and b; a guess, not measured
# Places drawn anew, as gpt-image-1 did with 1 to 4 objects of a photo; their looks are by eye:
_REDRAWN_RADIUS: Final = (0.03, 0.07)  # of the long side: a vase, a potted plant
_REDRAWN_AT: Final = (0.1, 0.9)  # of each side: away from the border
_REDRAWN_RATIO: Final = 1.3  # long : short axis
_REDRAWN_ROUGHNESS: Final = 0.1  # of the border
_SEAM_PX: Final = 2.0  # half the ramp to what is around


def imitate_drift(painting: Painting, profile: DriftProfile, seed: int) -> Painting:
    """Redraw a painting as an image model would: slightly elsewhere, in other grain and tone.

    The ranges come from block matching, robust colour fits and band correlations on published
    before-and-after pairs; lengths scale with the picture's long side.

    Args:
        painting: The photo with its defect.
        profile: Whose redraw to imitate; `none` returns the painting as it is.
        seed: Non-negative; chooses within the profile's ranges.

    Returns:
        The redrawn picture, and the truth moved by the same geometry.
    """
    if profile is DriftProfile.NONE:
        return painting
    drift, rng = DRIFTS[profile], _rng(seed, profile)
    shape: Shape = (painting.truth.shape[0], painting.truth.shape[1])
    scale = max(shape) / REFERENCE_SIDE_PX
    proximity = np.float32(drift.nearby) * _proximity(
        painting.truth, _PROXIMITY_FRACTION * max(shape)
    )
    lab = _redraw_places(to_lab(painting.image), painting.truth, drift, rng)
    lab[..., 0] = resynthesise(lab[..., 0], drift, scale, proximity, rng)
    x, y = _source_coordinates(shape, drift, scale, proximity, rng)
    lab = _warp(_shift_tone(lab, drift, scale, rng), x, y)
    pattern = checkerboard(shape, float(rng.uniform(*drift.checkerboard)) * 100 / 255)
    lab[..., 0] += pattern
    truth = _warp(painting.truth.astype(np.float32), x, y, cv2.INTER_LINEAR) > 0.5
    return Painting(to_rgb(lab), truth)


def _rng(seed: int, profile: DriftProfile) -> Rng:
    name = int.from_bytes(profile.encode(), "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, name))))


def _proximity(truth: Mask, reach_px: float) -> FloatMap:
    """1 on the edit, falling to 0 at a distance."""
    away = cv2.distanceTransform((~truth).astype(np.uint8), cv2.DIST_L2, 3)
    if not truth.any():
        return np.zeros(truth.shape, np.float32)
    return np.asarray(np.clip(1 - np.asarray(away) / reach_px, 0, 1), np.float32)


def _source_coordinates(
    shape: Shape, drift: Drift, scale: float, proximity: FloatMap, rng: Rng
) -> tuple[FloatMap, FloatMap]:
    """For every pixel of the redrawn picture, the (x, y) it comes from."""
    centre_x, centre_y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    shift_x, shift_y = (
        float(rng.uniform(*r)) * scale for r in (drift.shift_x_px, drift.shift_y_px)
    )
    angle = np.deg2rad(rng.uniform(*drift.rotation_deg))
    along, across = grid(shape, centre_x + shift_x, centre_y + shift_y, float(angle))
    x = centre_x + along / np.float32(rng.uniform(*drift.scale_x))
    y = centre_y + across / np.float32(rng.uniform(*drift.scale_y))
    rms = rng.uniform(*drift.warp_rms_px) * scale / np.sqrt(2)
    length = float(rng.uniform(*drift.warp_length_px)) * scale
    reach = (np.float32(rms) * (1 + proximity)).astype(np.float32)
    return x + reach * smooth_noise(shape, length, rng), y + reach * smooth_noise(
        shape, length, rng
    )


def _warp(
    field: FloatArray, x: FloatMap, y: FloatMap, interpolation: int = cv2.INTER_CUBIC
) -> FloatArray:
    moved = cv2.remap(field, x, y, interpolation, borderMode=mirrored_border(field))
    return np.asarray(moved, np.float32)


def _shift_tone(lab: FloatArray, drift: Drift, scale: float, rng: Rng) -> FloatArray:
    """Tone and colour offsets, a chroma gain, and slow fields over the picture."""
    shape: Shape = (lab.shape[0], lab.shape[1])
    strength = rng.uniform(*drift.field)
    length = float(rng.uniform(*drift.field_length_px)) * scale
    gain = rng.uniform(*drift.chroma)
    offsets = [rng.normal(*normal) for normal in (drift.lightness, drift.a, drift.b)]
    channels = [
        lab[..., index] * np.float32(chroma)
        + np.float32(offset)
        + np.float32(strength * weight) * smooth_noise(shape, length, rng)
        for index, (chroma, weight, offset) in enumerate(
            zip((1.0, gain, gain), (1.0, _COLOUR_FIELD, _COLOUR_FIELD), offsets, strict=True)
        )
    ]
    return np.stack(channels, -1)


def _redraw_places(lab: FloatArray, truth: Mask, drift: Drift, rng: Rng) -> FloatArray:
    """Some places closed over, as if what stood there had been left out or drawn anew."""
    shape: Shape = (lab.shape[0], lab.shape[1])
    count = int(rng.integers(drift.redrawn_objects[0], drift.redrawn_objects[1] + 1))
    for _ in range(count):
        radius = max(shape) * rng.uniform(*_REDRAWN_RADIUS)
        x, y = (float(rng.uniform(*_REDRAWN_AT)) * side for side in (shape[1], shape[0]))
        edge = blob(
            shape, (x, y), (radius * _REDRAWN_RATIO, radius), roughness=_REDRAWN_ROUGHNESS, rng=rng
        )
        gap = (edge > -_SEAM_PX) & ~truth
        if gap.any():
            other = inpaint(lab, gap, truth, rng)
            lab = alpha_blend(lab, other, smoothstep(edge, -_SEAM_PX, _SEAM_PX) * gap)
    return lab
