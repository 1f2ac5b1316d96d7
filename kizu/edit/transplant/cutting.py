"""Cuts a real defect out of its picture: what it does to the surface, and what it touches there."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.context import grain_rad
from kizu.edit.painter.foreground import Foreground, split_foreground
from kizu.edit.painter.material import to_lab
from kizu.edit.painter.noise_fields import FloatArray, Rng, blur, pull_push_fill, resize, slope
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.morphology import dilate
from kizu.imaging.slices import slices_around

LIGHTNESS_OFFSET: Final = 16.0
"""L + 16 grows as the cube root of luminance (CIE 1976): its ratios are those of light."""

_RIM: Final = (0.12, 3, 24)  # of the root of the defect's area, least and most px; by eye
_SMOOTH_PX: Final = 1.5  # takes grain off the surroundings before they are carried inward
_RATIO_BOUNDS: Final = (0.15, 6.0)  # of light: beyond lie noise in black and clipped highlights
_JOIN: Final = (0.5, 4)  # of the root of its area, least px: parts so near are one defect; by eye
_LEAST_PART: Final = 0.02  # of the mask: smaller parts are slips of the brush beside larger ones
_BORDER_PX: Final = (0.04, 2)  # of the short side, least px: what ends nearer belongs to the edge
_OUTLINE_PX: Final = (0.012, 2)  # the same to plain ground: masks end a little inside a part's edge
_TOUCHING: Final = (0.01, 4)  # of the defect's area, least px that must lie on ground
_CLEAR_STEP: Final = (
    8.0  # Lab, from part to ground beside a defect; the painter's least for an edge
)
_LIT: Final = 0.35  # of a defect's own contrast, between its two sides, that only light explains
_INWARD_SIGMA: Final = 0.5  # of the root of the defect's area: over which an outline's way is asked


@dataclass(frozen=True, eq=False)
class Cutout:
    """A real defect, as it changes the surface it lies on.

    Attributes:
        light: (h, w) float32, its L + 16 over that of the surface without it.
        colour: (h, w, 2) float32, its a and b less those of the surface, over the surface's L + 16.
        mask: (h, w) bool, where it is.
        x: Column of the point that is laid on the target: its centre, or where it meets an edge.
        y: Row of that point.
        scene: (height, width) of the whole picture.
        offset: (row, column) of the crop in it.
        borders: Which of the picture's borders it meets: left, top, right, bottom.
        inward_rad: The way from the part's edge into the part; None where it meets no edge.
        grain_rad: Direction of the surface's grain; None where it has none.
        is_lit: Whether one side is bright and the other dark, as light from one side makes it.
        fine_std: Standard deviation of the finest texture around it, in units of ``light``.
    """

    light: FloatMap
    colour: FloatArray
    mask: Mask
    x: float
    y: float
    scene: tuple[int, int]
    offset: tuple[int, int]
    borders: tuple[bool, bool, bool, bool]
    inward_rad: float | None
    grain_rad: float | None
    is_lit: bool
    fine_std: float

    @property
    def area_px(self) -> float:
        """Pixels of the mask."""
        return float(self.mask.sum())

    @property
    def extent_px(self) -> tuple[float, float]:
        """(width, height) of the mask."""
        rows, columns = np.nonzero(self.mask)
        return float(np.ptp(columns) + 1), float(np.ptp(rows) + 1)


def rim_px(area_px: float) -> int:
    """Return how broad a rim of surroundings goes with a defect of an area."""
    fraction, least, most = _RIM
    return int(np.clip(fraction * np.sqrt(area_px), least, most))


def surface_without(lab: FloatArray, defect: Mask, rim: int) -> FloatArray:
    """Return the surface as it would be without a defect: its surroundings, carried inward.

    Args:
        lab: (H, W, 3) float32.
        defect: (H, W) bool.
        rim: Width of the rim around it that is not trusted either, in pixels.
    """
    known = (~dilate(defect, rim)).astype(np.float32)
    if not known.any():
        known = (~defect).astype(np.float32)
    return pull_push_fill(blur(lab, _SMOOTH_PX), known)


def cut_out(picture: RgbImage, mask: Mask, rng: Rng) -> Cutout:
    """Cut one defect out of a picture; of several in its mask one is drawn.

    Args:
        picture: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, not empty and not full.
        rng: Draws among several defects.
    """
    own = _one_of(mask, rng)
    rim = rim_px(float(own.sum()))
    window = slices_around(own, 3 * rim + 2)
    lab, crop = to_lab(picture[window]), own[window]
    surface = surface_without(lab, mask[window], rim)
    base = surface[..., 0] + LIGHTNESS_OFFSET
    light = np.clip((lab[..., 0] + LIGHTNESS_OFFSET) / base, *_RATIO_BOUNDS).astype(np.float32)
    foreground = split_foreground(picture, None)
    objects = objects_of(foreground, own.shape)
    around = dilate(crop, 3 * rim) & ~mask[window]
    rows, columns = np.nonzero(crop)
    centre = (float(columns.mean()), float(rows.mean()))
    borders = _borders(own)
    may_meet = foreground.has_objects and sum(borders) <= 1  # else it spans a corner or the photo
    edge = _at_outline(own, objects, picture) if may_meet else None
    inward = None
    if edge is not None:
        x, y, inward = edge
        centre = (x - window[1].start, y - window[0].start)
    return Cutout(
        light=light,
        colour=np.asarray((lab[..., 1:] - surface[..., 1:]) / base[..., None], np.float32),
        mask=crop,
        x=centre[0],
        y=centre[1],
        scene=(own.shape[0], own.shape[1]),
        offset=(window[0].start, window[1].start),
        borders=(False,) * 4 if edge is not None else borders,
        inward_rad=inward,
        grain_rad=grain_rad(lab[..., 0], around),
        is_lit=_is_lit(light, crop),
        fine_std=fine_std(light, around),
    )


def objects_of(foreground: Foreground, shape: tuple[int, ...]) -> Mask:
    """Return the objects of a reduced picture at the picture's own size (H, W)."""
    grown = resize(foreground.objects.astype(np.float32), (shape[0], shape[1]), cv2.INTER_LINEAR)
    return np.asarray(grown > 0.5, bool)


def fine_std(light: FloatMap, where: Mask) -> float:
    """Return how much the finest texture of a surface varies, as a ratio of light."""
    fine = light - blur(light, 2 * _SMOOTH_PX)
    return float(fine[where].std()) if where.any() else 0.0


def _one_of(mask: Mask, rng: Rng) -> Mask:
    """One defect of a mask: parts that lie near each other belong together."""
    fraction, least = _JOIN
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = np.asarray(stats)[1:, cv2.CC_STAT_AREA]
    large = np.flatnonzero(areas >= _LEAST_PART * areas.sum()) + 1
    kept = np.isin(labels, large)
    reach = int(max(fraction * np.sqrt(float(np.median(areas[large - 1]))), least))
    count, groups = cv2.connectedComponents(dilate(kept, reach).astype(np.uint8))
    sizes = np.bincount(np.asarray(groups)[kept], minlength=count)[1:].astype(float)
    chosen = 1 + int(rng.choice(count - 1, p=np.sqrt(sizes) / np.sqrt(sizes).sum()))
    return np.asarray(kept & (np.asarray(groups) == chosen), bool)


def _borders(mask: Mask) -> tuple[bool, bool, bool, bool]:
    """Which borders of its picture a mask meets: left, top, right, bottom."""
    near = max(int(_BORDER_PX[0] * min(mask.shape)), _BORDER_PX[1])
    sides = mask[:, :near], mask[:near], mask[:, -near:], mask[-near:]
    left, top, right, bottom = (bool(side.any()) for side in sides)
    return left, top, right, bottom


def _at_outline(mask: Mask, objects: Mask, picture: RgbImage) -> tuple[float, float, float] | None:
    """Where (x, y) a defect meets its part's outline, and the way in; None where it does not."""
    near = max(int(_OUTLINE_PX[0] * min(mask.shape)), _OUTLINE_PX[1])
    objects = objects | mask  # the part as it was before the defect
    on_ground = dilate(mask, near) & ~objects
    fraction, least = _TOUCHING
    if on_ground.sum() < max(fraction * mask.sum(), least):
        return None
    beside = dilate(mask, 4 * near) & ~mask
    if not (beside & objects).any() or not (beside & ~objects).any():
        return None
    part, ground = (np.median(to_lab(picture)[beside & side], 0) for side in (objects, ~objects))
    if float(np.linalg.norm(part - ground)) < _CLEAR_STEP:
        return None
    sigma = max(_INWARD_SIGMA * float(np.sqrt(mask.sum())), 2.0)
    solid = blur(objects.astype(np.float32), sigma)
    met = dilate(on_ground, near) & dilate(mask, near) & (np.abs(solid - 0.5) < _NEAR_HALF)
    if not met.any():
        return None
    rows, columns = np.nonzero(met)
    dx, dy = (float(slope(solid, way)[met].sum()) for way in ((1, 0), (0, 1)))
    return float(columns.mean()), float(rows.mean()), float(np.arctan2(dy, dx))


_NEAR_HALF: Final = 0.35  # of a blurred outline, to either side of its middle


def _is_lit(light: FloatMap, mask: Mask) -> bool:
    """Whether a defect is bright on one side and dark on the other."""
    rows, columns = np.nonzero(mask)
    values = np.asarray(np.log(light[mask]))
    contrast = float(np.abs(values).sum())
    if contrast == 0:
        return False
    reach = np.hypot(columns - columns.mean(), rows - rows.mean()).max() or 1.0
    dx, dy = (columns - columns.mean()) / reach, (rows - rows.mean()) / reach
    even = values - values.mean()
    side = np.hypot((even * dx).sum(), (even * dy).sum()) / np.hypot(dx, dy).mean()
    return bool(side > _LIT * contrast)
