"""A cheap look at the whole picture: what is object, what is plain background."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.material import to_lab
from kizu.edit.painter.noise_fields import FloatArray, resize
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

_SIDE_PX: Final = 256
_FLAT_STEP: Final = 3  # 8-bit colour step that a plain background makes between neighbours
_GROUND_SHARE: Final = 0.05  # of the picture; smaller flat patches are part of a texture
_COMMON_SHARE: Final = 0.6  # of colours; objects that share more with the ground are texture
_TRIED: Final = 1
_GROUND: Final = 2
_OBJECT_SHARE: Final = (0.03, 0.93)  # outside it, the split says nothing


@dataclass(frozen=True, eq=False)
class Scene:
    """The picture reduced to at most 256 pixels a side.

    Attributes:
        lab: (h, w, 3) float32.
        objects: (h, w) bool, true on objects; all true where nothing stands out.
        allowed: (h, w) bool, true where painting is allowed.
        scale: Pixels of the picture per pixel here.
        has_objects: Whether objects stand out from a plain background.
    """

    lab: FloatArray
    objects: Mask
    allowed: Mask
    scale: float
    has_objects: bool


def read_scene(image: RgbImage, region: Mask | None) -> Scene:
    """Reduce the picture and split objects from plain background."""
    height, width = image.shape[:2]
    scale = max(max(height, width) / _SIDE_PX, 1.0)
    shape = (max(round(height / scale), 1), max(round(width / scale), 1))
    small = cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    allowed = np.ones(shape, bool)
    if region is not None:
        share = resize(region.astype(np.float32), shape, cv2.INTER_AREA)
        allowed = share >= min(0.5, float(share.max()))
    objects = _objects(np.asarray(small, np.uint8))
    low, high = _OBJECT_SHARE
    lab = to_lab(np.asarray(small, np.uint8))
    found = low < float(objects.mean()) < high and _common_colours(lab, objects) < _COMMON_SHARE
    if not found:
        objects = np.ones(shape, bool)
    return Scene(lab, objects, allowed, scale, found)


def _objects(small: RgbImage) -> Mask:
    """Everything but the flat ground that is connected with the picture's border."""
    smooth = cv2.GaussianBlur(small, (0, 0), 1.5)
    height, width = small.shape[:2]
    ground = np.zeros((height + 2, width + 2), np.uint8)
    step = (_FLAT_STEP,) * 3
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | (_TRIED << 8)
    for x, y in _border_seeds(height, width):
        if ground[y + 1, x + 1]:
            continue
        area_px, *_ = cv2.floodFill(smooth, ground, (x, y), 0, step, step, flags)
        if area_px >= _GROUND_SHARE * height * width:
            ground[ground == _TRIED] = _GROUND
    inside = (ground[1:-1, 1:-1] != _GROUND).astype(np.uint8)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    inside = cv2.morphologyEx(inside, cv2.MORPH_OPEN, ellipse)
    return _without_pinholes(inside > 0)


def _common_colours(lab: FloatArray, objects: Mask) -> float:
    """Share of colour that objects and ground have in common: histogram intersection in Lab."""
    bounds = ((0.0, 100.0), (-60.0, 60.0), (-60.0, 60.0))
    inside, outside = (
        np.histogramdd(lab[part], bins=(12, 12, 12), range=bounds)[0] / max(int(part.sum()), 1)
        for part in (objects, ~objects)
    )
    return float(np.minimum(inside, outside).sum())


def _border_seeds(height: int, width: int) -> list[tuple[int, int]]:
    """Points along the border, one in eight."""
    top = [(x, y) for x in range(0, width, 8) for y in (0, height - 1)]
    return top + [(x, y) for y in range(0, height, 8) for x in (0, width - 1)]


def _without_pinholes(objects: Mask) -> Mask:
    """Objects with the small enclosed specks of ground filled."""
    limit = 0.004 * objects.size
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        (~objects).astype(np.uint8), connectivity=4
    )
    small = np.asarray(stats)[:, cv2.CC_STAT_AREA] < limit
    small[0] = False
    return np.asarray(objects | small[labels], bool)


def refined(coarse: FloatMap, guide: FloatMap, radius_px: int) -> FloatMap:
    """A coarse mask drawn to the edges of a picture (guided filter, He et al. 2013).

    Args:
        coarse: (H, W) float32 in [0, 1].
        guide: (H, W) float32 lightness.
        radius_px: How far an edge may move.
    """
    size = (2 * radius_px + 1, 2 * radius_px + 1)

    def mean(field: FloatMap) -> FloatMap:
        return np.asarray(cv2.blur(field, size), np.float32)

    guide_mean, coarse_mean = mean(guide), mean(coarse)
    slope = (mean(guide * coarse) - guide_mean * coarse_mean) / (
        mean(guide * guide) - guide_mean**2 + 4.0
    )
    offset = coarse_mean - slope * guide_mean
    return np.asarray(np.clip(mean(slope) * guide + mean(offset), 0, 1), np.float32)
