"""Pastes the change onto the normal image, so that every other pixel is exactly the normal's."""

from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import ArrayLike

from kizu.diff.align.registration import MIN_SIDE_PX, register
from kizu.diff.filters import gaussian
from kizu.diff.result import Affine, Drift
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.borders import mirrored_border
from kizu.imaging.morphology import dilate

RIM_FRACTION: Final = 0.01
"""Of the longer side, the rim that hides the seam: 5 px of 512; not measured."""

_MIN_RIM_PX: Final = 1  # px; no seam is narrower
_MIN_LINE_PX: Final = 4
"""Px; smaller components are crumbs at the ends of outlines, not lines; not measured."""

_TIE: Final = np.float32(1 / 64)
"""Px; halfway between two pixels the latter's turn in every row; cv2 rounds to even ones."""

_TONE_SIGMA_PX = 24.0  # px, surroundings that the change's tone is taken from; not measured
_FAR_TONE_SIGMA_PX = 96.0  # px, where nothing unchanged is nearer; four times as far
_FAR_WEIGHT = 0.05  # weight of the far ones: they decide where near ones are missing; not measured
_MAX_DENSE_PX = 4_000_000  # pixels; larger pictures follow the affine map; for memory


@dataclass(frozen=True, eq=False)
class Composite:
    """The normal image with the change pasted in.

    Attributes:
        image: (H, W, 3) uint8 RGB in the normal's frame; where not touched exactly the normal.
        label: (H, W) bool, the change itself: the mask, carried into the normal's frame.
        touched: (H, W) bool, every pixel that was pasted: the label and the soft rim around it.
    """

    image: RgbImage
    label: Mask
    touched: Mask


class Registered(Protocol):
    """What is known of a pair's geometry, from ``diff_mask`` or from the store."""

    @property
    def drift(self) -> Drift:
        """How far the picture moved away from its normal."""

    @property
    def normal_from_edited(self) -> ArrayLike:
        """(2, 3), the affine part of the geometry; see ``Affine``."""


def composite(
    normal: RgbImage,
    edited: RgbImage,
    mask: Mask,
    pair: Registered,
    label: Mask | None = None,
) -> Composite:
    """Paste the changed regions of an edited image onto its normal.

    The edited image is brought into the normal's frame, its colours are moved by what the
    unchanged surroundings of each region differ, and a soft rim hides the seam.

    Args:
        normal: (H, W, 3) uint8 RGB.
        edited: The same shape.
        mask: (H, W) bool in the edited image's frame, what is pasted: the diff mask, or some of it.
        pair: What `diff_mask` found of the pair's geometry.
        label: (H, W) bool in the same frame, what of that is the label; None for all of it.
    """
    if not mask.any():
        nowhere = np.zeros(normal.shape[:2], np.bool_)
        return Composite(normal.copy(), nowhere, nowhere)
    map_x, map_y = _edited_from_normal(normal, edited, pair)
    mode = mirrored_border(edited)
    moved = np.asarray(cv2.remap(edited, map_x, map_y, cv2.INTER_CUBIC, borderMode=mode), np.uint8)
    pasted = carry_mask(mask, map_x, map_y)
    rim_px = rim_width_px(normal.shape[:2])
    alpha = _feather(pasted, rim_px)
    touched = np.asarray(alpha > 0)
    change = moved.astype(np.float32) + _tone_offset(normal, moved, dilate(pasted, rim_px))
    blended = normal + alpha[..., None] * (change - normal)
    image = np.where(touched[..., None], np.clip(np.rint(blended), 0, 255), normal)
    own = pasted if label is None else carry_mask(label, map_x, map_y) & touched
    return Composite(image.astype(np.uint8), own, touched)


def rim_width_px(shape: tuple[int, int]) -> int:
    """Return how far beyond the label a composite may touch an (H, W) picture.

    Example:
        >>> rim_width_px((96, 128)), rim_width_px((512, 512)), rim_width_px((3000, 4000))
        (1, 5, 40)
    """
    return max(_MIN_RIM_PX, round(RIM_FRACTION * max(shape)))


def carry_mask(mask: Mask, map_x: FloatMap, map_y: FloatMap) -> Mask:
    """Return a mask in another frame.

    A pixel belongs where the mask covers half of it. Of a component so thin that most of it would
    be lost, the nearest pixels stand for it: a line one pixel wide must not vanish between rows.

    Args:
        mask: (H, W) bool.
        map_x: (H, W) float32, where each pixel of the other frame lies in the mask, in px.
        map_y: The same, downwards.
    """
    covered = cv2.remap(mask.astype(np.float32), map_x, map_y, cv2.INTER_LINEAR)
    half = np.asarray(covered > 0.5)  # half of a pixel
    count, components = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    numbers = components.astype(np.float32)
    nearest = cv2.remap(numbers, map_x + _TIE, map_y + _TIE, cv2.INTER_NEAREST).astype(int)
    area_px = np.bincount(nearest.ravel(), minlength=count)
    lost = 2 * np.bincount(nearest[half], minlength=count) < area_px
    if half.any():  # else even a crumb is all there is
        lost &= area_px >= _MIN_LINE_PX
    lost[0] = False
    return np.asarray(half | lost[nearest])


def carry_map(values: FloatMap, normal_from_edited: Affine) -> FloatMap:
    """Return an (H, W) map of the edited image in the normal's frame, by the affine map alone."""
    size = (values.shape[1], values.shape[0])
    return np.asarray(cv2.warpAffine(values, normal_from_edited, size), np.float32)


def mask_on_edited(mask: Mask, normal_from_edited: ArrayLike) -> Mask:
    """Return an (H, W) mask of the normal's frame in the edited image's, by the affine map alone.

    What lies beyond the normal's border is taken to be as its nearest pixel.
    """
    size = (mask.shape[1], mask.shape[0])
    affine = np.array(normal_from_edited, np.float64)  # where a pixel of the edited one comes from
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(
        mask.view(np.uint8), affine, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved > 0)


def _edited_from_normal(
    normal: RgbImage, edited: RgbImage, pair: Registered
) -> tuple[FloatMap, FloatMap]:
    """Where every normal pixel lies in the edited image: densely, or by the affine map if huge."""
    height, width = normal.shape[:2]
    dense = min(height, width) >= MIN_SIDE_PX and height * width <= _MAX_DENSE_PX
    if dense and pair.drift is not Drift.NONE:
        registration = register(edited, normal)
        return registration.map_x, registration.map_y
    inverse = np.linalg.inv(np.vstack([pair.normal_from_edited, [0.0, 0.0, 1.0]]))[:2]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    places = np.stack([x, y], axis=-1) @ inverse[:, :2].T + inverse[:, 2]
    return places[..., 0].astype(np.float32), places[..., 1].astype(np.float32)


def _feather(label: Mask, rim_px: int) -> FloatMap:
    """One inside the label, falling to zero over the rim; (H, W)."""
    distance = cv2.distanceTransform((~label).view(np.uint8), cv2.DIST_L2, 5)
    ramp = np.clip(1 - distance / (rim_px + 1), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)


def _tone_offset(normal: RgbImage, moved: RgbImage, changed: Mask) -> FloatMap:
    """Colour difference of the unchanged surroundings, carried smoothly into the change."""
    keep = (~changed).astype(np.float32)
    difference = (normal.astype(np.float32) - moved) * keep[..., None]
    near = gaussian(keep, _TONE_SIGMA_PX)
    far = gaussian(keep, _FAR_TONE_SIGMA_PX)
    local = gaussian(difference, _TONE_SIGMA_PX) + _FAR_WEIGHT * gaussian(
        difference, _FAR_TONE_SIGMA_PX
    )
    return np.asarray(local / np.maximum(near + _FAR_WEIGHT * far, 1e-4)[..., None], np.float32)
