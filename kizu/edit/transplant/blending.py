"""Lays a real defect onto a photo, in the photo's own light, colour and texture."""

from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.context import is_grey
from kizu.edit.painter.foreground import split_foreground
from kizu.edit.painter.material import alpha_blend, to_lab, to_rgb
from kizu.edit.painter.noise_fields import FloatArray, Rng, smoothstep
from kizu.edit.painter.painting import Painting, region_opacity
from kizu.edit.request import Severity
from kizu.edit.transplant.cutting import (
    LIGHTNESS_OFFSET,
    Cutout,
    cut_out,
    fine_std,
    rim_px,
    surface_without,
)
from kizu.edit.transplant.pose import Pose, Target, Wanted, choose_pose
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.morphology import dilate

_RIM_KEPT: Final = 0.3  # of the rim that comes along whole; by eye: less cuts off soft flanks
_CONTRAST_POWER: Final = 0.5  # of the ratio of both textures' strength: half of it is the camera's
_CONTRAST_BOUNDS: Final = (0.75, 1.33)  # by eye: a defect stays the one it was
_SEVERITY_CONTRAST: Final = {
    Severity.SLIGHT: 0.6,
    Severity.MODERATE: 1.0,
    Severity.SEVERE: 1.4,
}
"""Powers of the defect's light, by eye: slight still shows, severe is not drawn with a pen."""
_MOST_GAIN: Final = (0.1, 4.0)  # of the surface's light; beyond, photographs clip


def transplant(
    photo: RgbImage,
    picture: RgbImage,
    mask: Mask,
    seed: int,
    *,
    region: Mask | None = None,
    wanted: Wanted | None = None,
) -> Painting | None:
    """Move a real defect onto a photo; equal arguments give equal bits.

    Args:
        photo: (H, W, 3) uint8 RGB.
        picture: (h, w, 3) uint8 RGB, with the defect.
        mask: (h, w) bool, where it is.
        seed: Non-negative; draws the place, the pose and, of several, the defect.
        region: (H, W) bool; nothing outside it changes. None allows the whole photo.
        wanted: Size and severity; as it is where nothing is asked.

    Returns:
        The photo with the defect, and its mask moved with it; None where the region has no room.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    cutout = cut_out(picture, mask, rng)
    lab = to_lab(photo)
    everywhere = np.ones(photo.shape[:2], bool)
    target = Target(
        np.ascontiguousarray(lab[..., 0]),
        split_foreground(photo, region),
        everywhere if region is None else region,
    )
    pose = choose_pose(cutout, target, wanted or Wanted(), rng)
    if pose is None:
        return None
    severity = wanted.severity if wanted else None
    return _blended(photo, lab, cutout, pose, target, region, severity, rng)


def _blended(
    photo: RgbImage,
    lab: FloatArray,
    cutout: Cutout,
    pose: Pose,
    target: Target,
    region: Mask | None,
    severity: Severity | None,
    rng: Rng,
) -> Painting:
    """Change the surface as the defect changed its own, softly up to the end of its rim."""
    window = pose.window
    crop = lab[window]
    rim = rim_px(float(pose.mask.sum()))
    surface = surface_without(crop, pose.mask, rim)
    around = dilate(pose.mask, 3 * rim) & ~pose.mask
    power = _power(cutout, crop[..., 0] / (surface[..., 0] + LIGHTNESS_OFFSET), around)
    power *= max(_SEVERITY_CONTRAST[severity], 1.0) if severity else 1.0
    light = np.clip(pose.carry(cutout.light) ** power, *_MOST_GAIN)
    base = surface[..., 0] + LIGHTNESS_OFFSET
    laid = np.empty_like(crop)
    laid[..., 0] = base * light - LIGHTNESS_OFFSET
    laid[..., 1:] = surface[..., 1:] + pose.carry(cutout.colour) * base[..., None]
    if is_grey(target.foreground.lab):
        laid[..., 1:] = crop[..., 1:]
    opacity = _opacity(pose.mask, rim)
    opacity *= min(_SEVERITY_CONTRAST[severity], 1.0) if severity else 1.0
    truth = pose.mask.copy()
    if (fade := region_opacity(region, window, rng)) is not None:
        opacity *= fade
        truth &= fade > 0
    changed = opacity > 0
    image, whole = photo.copy(), np.zeros(photo.shape[:2], bool)
    blended = to_rgb(alpha_blend(crop, laid, opacity))
    image[window] = np.where(changed[..., None], blended, photo[window])
    whole[window] = truth
    return Painting(image, whole)


def _power(cutout: Cutout, light: FloatMap, around: Mask) -> float:
    """How much stronger than in its own picture a defect shows, as the texture around it does."""
    own, here = cutout.fine_std, fine_std(light.astype(np.float32), around)
    if min(own, here) == 0:
        return 1.0
    return float(np.clip((here / own) ** _CONTRAST_POWER, *_CONTRAST_BOUNDS))


def _opacity(mask: Mask, rim: int) -> FloatMap:
    """1 on a defect and close to it, 0 at the end of its rim."""
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(
        1 - smoothstep(np.asarray(away, np.float32), _RIM_KEPT * rim, rim), np.float32
    )
