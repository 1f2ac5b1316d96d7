"""Splits a reduced picture into objects and plain background."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.material import to_lab
from kizu.edit.painter.noise_fields import FloatArray, resize
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.morphology import without_pinholes

_SIDE_PX: Final = 256  # longest; 512 takes three times as long, and most of a cat for ground
_SMOOTH_SIGMA_PX: Final = 1.5  # takes noise away, whose steps stop the fill; 3 fills over edges
_FLAT_STEP: Final = 3  # 8-bit, between ground pixels; 1 splits noise, 8 eats a third of coins
_SEED_STEP_PX: Final = 8  # along the border; 2 finds the same grounds, 32 misses some
_GROUND_FRACTION: Final = 0.05  # of the picture; smaller flats are texture: 0.01 finds some in fur
_COMMON_FRACTION: Final = 0.6  # of colours shared with ground; texture: brick 0.76, but coins 0.3
_COLOUR_BINS: Final = (12, 12, 12)  # of Lab; by eye: 8 L and 10 a or b are one colour of one thing
_LAB_BOUNDS: Final = ((0.0, 100.0), (-60.0, 60.0), (-60.0, 60.0))  # all but the most vivid colours
_OBJECT_FRACTION: Final = (0.03, 0.93)  # of the picture; outside it, the split says nothing
_OPENING_PX: Final = 5  # across; of thinner threads 1 keeps so many that a cat is no object
_PINHOLE_FRACTION: Final = 0.004  # of the picture, 16x16 px of 256: a highlight's size; by eye
_EDGE_VARIANCE: Final = 4.0  # L squared: the guided filter keeps edges of more than 2 L
_TRIED: Final = 1  # marks a patch that was filled
_GROUND: Final = 2  # marks a patch that is large enough


@dataclass(frozen=True, eq=False)
class Foreground:
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


def split_foreground(image: RgbImage, region: Mask | None) -> Foreground:
    """Reduce the picture and split objects from plain background.

    Args:
        image: (H, W, 3) uint8.
        region: (H, W) bool, where painting is allowed; None allows the whole picture.
    """
    height, width = image.shape[:2]
    scale = max(max(height, width) / _SIDE_PX, 1.0)
    shape = (max(round(height / scale), 1), max(round(width / scale), 1))
    small = cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    allowed = np.ones(shape, bool)
    if region is not None:
        share = resize(region.astype(np.float32), shape, cv2.INTER_AREA)
        allowed = share >= min(0.5, float(share.max()))
    objects = _objects(np.asarray(small, np.uint8))
    low, high = _OBJECT_FRACTION
    lab = to_lab(np.asarray(small, np.uint8))
    found = low < float(objects.mean()) < high and _common_colours(lab, objects) < _COMMON_FRACTION
    if not found:
        objects = np.ones(shape, bool)
    return Foreground(lab, objects, allowed, scale, found)


def guided_filter(coarse: FloatMap, guide: FloatMap, radius_px: int) -> FloatMap:
    """Return a coarse mask drawn to the edges of a picture (He et al. 2013).

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
        mean(guide * guide) - guide_mean**2 + _EDGE_VARIANCE
    )
    offset = coarse_mean - slope * guide_mean
    return np.asarray(np.clip(mean(slope) * guide + mean(offset), 0, 1), np.float32)


def _objects(small: RgbImage) -> Mask:
    """Everything but the flat ground that is connected with the picture's border."""
    smooth = cv2.GaussianBlur(small, (0, 0), _SMOOTH_SIGMA_PX)
    height, width = small.shape[:2]
    ground = np.zeros((height + 2, width + 2), np.uint8)
    step = (_FLAT_STEP,) * 3
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | (_TRIED << 8)
    for x, y in _border_seeds(height, width):
        if ground[y + 1, x + 1]:
            continue
        area_px, *_ = cv2.floodFill(smooth, ground, (x, y), 0, step, step, flags)
        if area_px >= _GROUND_FRACTION * height * width:
            ground[ground == _TRIED] = _GROUND
    inside = (ground[1:-1, 1:-1] != _GROUND).astype(np.uint8)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_OPENING_PX, _OPENING_PX))
    inside = cv2.morphologyEx(inside, cv2.MORPH_OPEN, ellipse)
    return without_pinholes(np.asarray(inside > 0), _PINHOLE_FRACTION * inside.size)


def _common_colours(lab: FloatArray, objects: Mask) -> float:
    """Share of colour that objects and ground have in common: histogram intersection in Lab."""
    inside, outside = (
        np.histogramdd(lab[part], bins=_COLOUR_BINS, range=_LAB_BOUNDS)[0] / max(int(part.sum()), 1)
        for part in (objects, ~objects)
    )
    return float(np.minimum(inside, outside).sum())


def _border_seeds(height: int, width: int) -> list[tuple[int, int]]:
    """(x, y) of points along the border."""
    ends = [(x, y) for x in range(0, width, _SEED_STEP_PX) for y in (0, height - 1)]
    return ends + [(x, y) for y in range(0, height, _SEED_STEP_PX) for x in (0, width - 1)]
