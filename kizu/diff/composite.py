"""Pastes the change onto the normal image, so that every other pixel is exactly the normal's."""

from dataclasses import dataclass

import cv2
import numpy as np

from kizu.arrays import FloatMap, Mask, RgbImage
from kizu.diff.filters import dilate, gaussian
from kizu.diff.registration import MIN_SIDE_PX, register
from kizu.diff.result import DiffResult, Drift

_RIM_PX = 5
_TONE_SIGMA_PX = 24.0
_MAX_DENSE_PX = 4_000_000


@dataclass(frozen=True, eq=False)
class Composite:
    """The normal image with the change pasted in.

    Attributes:
        image: (H, W, 3) uint8 RGB in the normal's frame; outside the mask exactly the normal.
        mask: (H, W) bool, every pixel that was touched.
    """

    image: RgbImage
    mask: Mask


def composite(normal: RgbImage, edited: RgbImage, result: DiffResult) -> Composite:
    """Paste the changed regions of an edited image onto its normal.

    The edited image is brought into the normal's frame, its colours are moved by what the
    unchanged surroundings of each region differ, and a soft rim hides the seam.

    Args:
        normal: (H, W, 3) uint8 RGB.
        edited: The same shape.
        result: What `diff_mask` found for this pair.
    """
    if not result.mask.any():
        return Composite(normal.copy(), np.zeros(normal.shape[:2], np.bool_))
    map_x, map_y = _edited_from_normal(normal, edited, result)
    mode = cv2.BORDER_REFLECT_101
    moved = np.asarray(cv2.remap(edited, map_x, map_y, cv2.INTER_CUBIC, borderMode=mode), np.uint8)
    soft = cv2.remap(result.mask.astype(np.float32), map_x, map_y, cv2.INTER_LINEAR)
    core = np.asarray(soft > 0.5)  # noqa: PLR2004 - nearest
    alpha = _feather(core)
    mask = alpha > 0
    change = moved.astype(np.float32) + _tone_offset(normal, moved, dilate(core, _RIM_PX))
    blended = normal + alpha[..., None] * (change - normal)
    image = np.where(mask[..., None], np.clip(np.rint(blended), 0, 255), normal).astype(np.uint8)
    return Composite(image, mask)


def _edited_from_normal(
    normal: RgbImage, edited: RgbImage, result: DiffResult
) -> tuple[FloatMap, FloatMap]:
    """Where every normal pixel lies in the edited image: densely, or by the affine map if huge."""
    height, width = normal.shape[:2]
    dense = min(height, width) >= MIN_SIDE_PX and height * width <= _MAX_DENSE_PX
    if dense and result.drift is not Drift.NONE:
        registration = register(edited, normal)
        return registration.map_x, registration.map_y
    inverse = np.linalg.inv(np.vstack([result.normal_from_edited, [0.0, 0.0, 1.0]]))[:2]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    places = np.stack([x, y], axis=-1) @ inverse[:, :2].T + inverse[:, 2]
    return places[..., 0].astype(np.float32), places[..., 1].astype(np.float32)


def _feather(core: Mask) -> FloatMap:
    """One inside the core, falling to zero over the rim; (H, W)."""
    distance = cv2.distanceTransform((~core).view(np.uint8), cv2.DIST_L2, 5)
    ramp = np.clip(1 - distance / (_RIM_PX + 1), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)


def _tone_offset(normal: RgbImage, moved: RgbImage, changed: Mask) -> FloatMap:
    """Colour difference of the unchanged surroundings, carried smoothly into the change."""
    keep = (~changed).astype(np.float32)
    difference = (normal.astype(np.float32) - moved) * keep[..., None]
    near = gaussian(keep, _TONE_SIGMA_PX)
    far = gaussian(keep, 4 * _TONE_SIGMA_PX)
    local = gaussian(difference, _TONE_SIGMA_PX) + 0.05 * gaussian(difference, 4 * _TONE_SIGMA_PX)
    return np.asarray(local / np.maximum(near + 0.05 * far, 1e-4)[..., None], np.float32)
