"""Defects that cost nothing and know nothing: CutPaste and Perlin noise on normal pictures.

After Li et al., "CutPaste" (CVPR 2021), and Zavrtanik et al., "DRAEM" (ICCV 2021), whose textures
are taken from other normal pictures here.
"""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.noise_fields import smooth_noise
from kizu.imaging.arrays import Mask, RgbImage

_PATCH_AREA: Final = (0.02, 0.15)  # of the picture, as in CutPaste
_PATCH_ASPECT: Final = (0.3, 3.3)  # as in CutPaste
_SCAR_PX: Final = (2, 16)  # width of its narrow patches, as in CutPaste-Scar
_SCAR_LENGTH: Final = (0.1, 0.25)  # of the picture's longer side
_JITTER: Final = 0.1  # of brightness and contrast, as in CutPaste
_NOISE_HILLS: Final = (1, 6)  # powers of two between hills and the picture's side, as in DRAEM
_NOISE_LEVEL: Final = 1.0  # standard deviations; leaves about a sixth of the picture, as in DRAEM
_OPACITY: Final = (0.2, 1.0)  # as in DRAEM
_TRIES: Final = 20  # noise that leaves nothing, or nearly all, is drawn anew


def free_defect(
    normals: Sequence[RgbImage], index: int, rng: np.random.Generator
) -> tuple[RgbImage, Mask]:
    """Return a normal picture with a patch or a noise pattern laid on, and where.

    Args:
        normals: (H, W, 3) uint8 each: the pictures at the size they are judged at.
        index: Chooses the picture, and in turn the pattern: CutPaste, Perlin, scar, Perlin.
        rng: Chooses everything else.

    Returns:
        (H, W, 3) uint8 and (H, W) bool.
    """
    image = normals[index % len(normals)]
    other = normals[int(rng.integers(len(normals)))]
    pattern = (index // len(normals) + index) % 4
    if pattern % 2:
        return _perlin(image, other, rng)
    return _cut_paste(image, rng, is_scar=pattern == 2)


def _cut_paste(
    image: RgbImage, rng: np.random.Generator, *, is_scar: bool
) -> tuple[RgbImage, Mask]:
    height, width = image.shape[:2]
    if is_scar:
        patch_h = rng.uniform(*_SCAR_LENGTH) * max(height, width)
        patch_w = rng.uniform(*_SCAR_PX) / 2  # at half size
        angle_deg = float(rng.uniform(0, 180))
    else:
        area = rng.uniform(*_PATCH_AREA) * height * width
        aspect = np.exp(rng.uniform(*np.log(_PATCH_ASPECT)))
        patch_h, patch_w, angle_deg = np.sqrt(area * aspect), np.sqrt(area / aspect), 0.0
    centre = (float(rng.uniform(0, width)), float(rng.uniform(0, height)))
    box = cv2.boxPoints((centre, (float(patch_w), float(patch_h)), angle_deg))
    mask = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(box).astype(np.int32), 1)
    shift = (int(rng.integers(1, height)), int(rng.integers(1, width)))
    gain, offset = 1 + rng.uniform(-_JITTER, _JITTER), 255 * rng.uniform(-_JITTER, _JITTER)
    patch = np.roll(image, shift, axis=(0, 1)).astype(np.float32) * gain + offset
    return _laid_on(image, patch, mask.astype(bool), 1.0)


def _perlin(image: RgbImage, other: RgbImage, rng: np.random.Generator) -> tuple[RgbImage, Mask]:
    height, width = image.shape[:2]
    mask = np.zeros((height, width), bool)
    for _ in range(_TRIES):
        length_px = max(height, width) / 2 ** rng.uniform(*_NOISE_HILLS)
        mask = smooth_noise((height, width), length_px, rng) > _NOISE_LEVEL
        if mask.any():
            break
    texture = cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA)
    texture = np.rot90(texture, 2 * int(rng.integers(2)))
    if rng.integers(2):
        texture = 255 - texture
    shift = (int(rng.integers(height)), int(rng.integers(width)))
    texture = np.roll(texture, shift, axis=(0, 1)).astype(np.float32)
    return _laid_on(image, texture, mask, float(rng.uniform(*_OPACITY)))


def _laid_on(
    image: RgbImage, patch: np.ndarray, mask: Mask, opacity: float
) -> tuple[RgbImage, Mask]:
    mixed = image * (1 - opacity) + patch * opacity
    laid = np.where(mask[..., None], mixed, image)
    return np.asarray(np.clip(np.rint(laid), 0, 255), np.uint8), mask
