"""Imitates how a generative editor redraws the whole picture around an edit."""

from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.drift_profiles import DRIFTS, REFERENCE_SIDE_PX, Drift, DriftProfile
from kizu.edit.painter.drift_texture import checkerboard, resynthesised
from kizu.edit.painter.fill import filled
from kizu.edit.painter.material import mixed, to_lab, to_rgb
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

__all__ = ["DriftProfile", "imitate_drift"]

_NEAR_SHARE: Final = 0.06  # of the long side; within it models redraw more freely

_SEAM_PX: Final = 2.0


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
    unit = max(shape) / REFERENCE_SIDE_PX
    near = np.float32(drift.nearby) * _near(painting.truth, _NEAR_SHARE * max(shape))
    lab = _with_other_objects(to_lab(painting.image), painting.truth, drift, rng)
    lab[..., 0] = resynthesised(lab[..., 0], drift, unit, near, rng)
    x, y = _source(shape, drift, unit, near, rng)
    lab = _moved(_toned(lab, drift, unit, rng), x, y)
    pattern = checkerboard(shape, float(rng.uniform(*drift.checkerboard)) * 100 / 255)
    lab[..., 0] += pattern
    truth = _moved(painting.truth.astype(np.float32), x, y, cv2.INTER_LINEAR) > 0.5  # noqa: PLR2004
    return Painting(to_rgb(lab), truth)


def _rng(seed: int, profile: DriftProfile) -> Rng:
    name = int.from_bytes(profile.encode(), "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, name))))


def _near(truth: Mask, reach_px: float) -> FloatMap:
    """1 on the edit, falling to 0 at a distance."""
    away = cv2.distanceTransform((~truth).astype(np.uint8), cv2.DIST_L2, 3)
    if not truth.any():
        return np.zeros(truth.shape, np.float32)
    return np.asarray(np.clip(1 - np.asarray(away) / reach_px, 0, 1), np.float32)


def _source(
    shape: Shape, drift: Drift, unit: float, near: FloatMap, rng: Rng
) -> tuple[FloatMap, FloatMap]:
    """For every pixel of the redrawn picture, the (x, y) it comes from."""
    centre_x, centre_y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    shift_x, shift_y = (float(rng.uniform(*r)) * unit for r in (drift.shift_x_px, drift.shift_y_px))
    angle = np.deg2rad(rng.uniform(*drift.rotation_deg))
    along, across = grid(shape, centre_x + shift_x, centre_y + shift_y, float(angle))
    x = centre_x + along / np.float32(rng.uniform(*drift.scale_x))
    y = centre_y + across / np.float32(rng.uniform(*drift.scale_y))
    rms = rng.uniform(*drift.warp_rms_px) * unit / np.sqrt(2)
    length = float(rng.uniform(*drift.warp_length_px)) * unit
    reach = (np.float32(rms) * (1 + near)).astype(np.float32)
    return x + reach * smooth_noise(shape, length, rng), y + reach * smooth_noise(
        shape, length, rng
    )


def _moved(
    field: FloatArray, x: FloatMap, y: FloatMap, interpolation: int = cv2.INTER_CUBIC
) -> FloatArray:
    moved = cv2.remap(field, x, y, interpolation, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.float32)


def _toned(lab: FloatArray, drift: Drift, unit: float, rng: Rng) -> FloatArray:
    """Tone and colour offsets, a chroma gain, and slow fields over the picture."""
    shape: Shape = (lab.shape[0], lab.shape[1])
    strength = rng.uniform(*drift.field)
    length = float(rng.uniform(*drift.field_length_px)) * unit
    gain = rng.uniform(*drift.chroma)
    offsets = [rng.normal(*normal) for normal in (drift.lightness, drift.a, drift.b)]
    channels = [
        lab[..., index] * np.float32(chroma)
        + np.float32(offset)
        + np.float32(strength * share) * smooth_noise(shape, length, rng)
        for index, (chroma, share, offset) in enumerate(
            zip((1.0, gain, gain), (1.0, 0.4, 0.4), offsets, strict=True)
        )
    ]
    return np.stack(channels, -1)


def _with_other_objects(lab: FloatArray, truth: Mask, drift: Drift, rng: Rng) -> FloatArray:
    """Some places closed over, as if what stood there had been left out or drawn anew."""
    shape: Shape = (lab.shape[0], lab.shape[1])
    count = int(rng.integers(drift.redrawn_objects[0], drift.redrawn_objects[1] + 1))
    for _ in range(count):
        radius = max(shape) * rng.uniform(0.03, 0.07)
        x, y = (float(rng.uniform(0.1, 0.9)) * side for side in (shape[1], shape[0]))
        edge = blob(shape, (x, y), (radius * 1.3, radius), roughness=0.1, rng=rng)
        gap = (edge > -_SEAM_PX) & ~truth
        if gap.any():
            other = filled(lab, gap, truth, rng)
            lab = mixed(lab, other, smoothstep(edge, -_SEAM_PX, _SEAM_PX) * gap)
    return lab
