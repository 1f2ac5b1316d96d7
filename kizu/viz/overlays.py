"""Lays evidence over pictures so that it survives at thumbnail size."""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import Boxes, FloatMap, Mask, RgbImage

Colour: TypeAlias = tuple[int, int, int]

CHANGED_COLOUR: Final = (70, 225, 255)
GROUNDED_COLOURS: Final = (
    (255, 170, 50),
    (240, 120, 220),
    (150, 235, 90),
    (255, 110, 90),
    (170, 160, 255),
    (250, 240, 110),
)
"""One per annotator, in the order of their names; none is taken for the change's own."""

WINDOW_COLOUR: Final = (255, 255, 255)

HEAT_FLOOR: Final = 2.0
HEAT_TOP: Final = 64.0
"""The colour scale is logarithmic from floor to top, in noise-floor units, on every card."""

_HALO_STRENGTH: Final = 0.6
_DASH_PX: Final = 8
_DASH_PERIOD_PX: Final = 13
_DIMMED: Final = 0.38
_FADE_IN: Final = 0.5
"""Share of the scale over which colour covers the photo: noise stays faint, defects are bold."""

_HALF: Final = 0.5


def fitted_size(shape: tuple[int, ...], longest_px: int) -> tuple[int, int]:
    """Return the (width, height) at which a picture of a shape is as long as asked for.

    Args:
        shape: (H, W) or (H, W, 3).
        longest_px: Its longer side, in pixels.

    Example:
        >>> fitted_size((300, 400, 3), 200)
        (200, 150)
    """
    scale = longest_px / max(shape[:2])
    return max(round(shape[1] * scale), 1), max(round(shape[0] * scale), 1)


def fit_image(image: RgbImage, width_px: int, height_px: int) -> RgbImage:
    """Scale to (height_px, width_px, 3): by area when shrinking, cubic when enlarging."""
    shrinks = width_px < image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width_px, height_px), interpolation=method), np.uint8)


def fit_map(values: FloatMap, width_px: int, height_px: int) -> FloatMap:
    """Scale to (height_px, width_px), keeping peaks: one bright pixel stays as bright."""
    shrink = max(values.shape[1] / width_px, values.shape[0] / height_px)
    if shrink > 1:
        side = int(np.ceil(shrink))
        values = np.asarray(cv2.dilate(values, np.ones((side, side), np.uint8)), np.float32)
    method = cv2.INTER_NEAREST if shrink > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (width_px, height_px), interpolation=method), np.float32)


def fit_mask(mask: Mask, width_px: int, height_px: int) -> Mask:
    """Scale to (height_px, width_px); a hair-thin line stays unbroken when shrinking."""
    return fit_map(mask.astype(np.float32), width_px, height_px) >= _HALF


def fit_boxes(boxes: Boxes, scale_x: float, scale_y: float) -> Boxes:
    """Scale (N, 4) xyxy boxes."""
    return np.asarray(boxes * np.array([scale_x, scale_y, scale_x, scale_y]), np.float32)


def shift_boxes(boxes: Boxes, right_px: float, down_px: float) -> Boxes:
    """Move (N, 4) xyxy boxes."""
    return np.asarray(boxes + np.array([right_px, down_px, right_px, down_px]), np.float32)


@dataclass(frozen=True)
class Pen:
    """How lines are drawn: their width, the dark halo's, and their distance from a region."""

    line_px: float
    halo_px: float
    gap_px: float


FINE_PEN: Final = Pen(line_px=1.6, halo_px=3.6, gap_px=2.0)
"""For enlarged parts, where the line should lie where the region ends."""

BOLD_PEN: Final = Pen(line_px=2.8, halo_px=6.0, gap_px=3.5)
"""For whole pictures, which are looked at small."""

_CORNER_PEN: Final = Pen(line_px=1.4, halo_px=3.4, gap_px=0.0)


def outside_of(pen: Pen, number: int) -> Pen:
    """Return a pen whose line runs around so many others', so that equal regions all show."""
    return replace(pen, gap_px=pen.gap_px + number * (pen.line_px + 1))


def outline_mask(image: RgbImage, mask: Mask, colour: Colour, pen: Pen) -> RgbImage:
    """Draw a smooth, dark-haloed line around a mask, outside it so that the defect stays visible.

    Args:
        image: (H, W, 3) picture to draw on.
        mask: (H, W) region.
        colour: RGB of the line.
        pen: Its widths and its distance from the region.

    Returns:
        (H, W, 3) picture.
    """
    if not mask.any():
        return image
    away = np.where(mask, np.inf, np.abs(_distance_to(mask) - pen.gap_px))
    return _stroke(image, np.asarray(away, np.float32), colour, pen)


def outline_boxes(image: RgbImage, boxes: Boxes, colour: Colour, pen: Pen) -> RgbImage:
    """Draw (N, 4) xyxy boxes as dashed lines; sides outside the picture are not drawn."""
    height, width = image.shape[:2]
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height))
    for x1, y1, x2, y2 in boxes:
        beyond_x = np.abs(across - (x1 + x2) / 2) - (x2 - x1) / 2
        beyond_y = np.abs(down - (y1 + y2) / 2) - (y2 - y1) / 2
        outside = np.hypot(np.maximum(beyond_x, 0), np.maximum(beyond_y, 0))
        inside = np.minimum(np.maximum(beyond_x, beyond_y), 0)
        along = np.where(np.abs(beyond_x) < np.abs(beyond_y), down - y1, across - x1)
        gaps = np.where(along % _DASH_PERIOD_PX < _DASH_PX, 0.0, np.inf)
        distance = np.asarray(np.abs(outside + inside) + gaps, np.float32)
        image = _stroke(image, distance, colour, pen)
    return image


def corner_marks(image: RgbImage, window: NDArray[np.float32]) -> RgbImage:
    """Mark the corners of one (4,) xyxy window, quietly: here lies the enlarged part."""
    x1, y1, x2, y2 = np.rint(window).astype(int)
    marks = np.zeros(image.shape[:2], np.uint8)
    arm = int(max(5, min(x2 - x1, y2 - y1) // 6))
    for x, y, step_x, step_y in (
        (x1, y1, 1, 1),
        (x2, y1, -1, 1),
        (x1, y2, 1, -1),
        (x2, y2, -1, -1),
    ):
        cv2.line(marks, (x, y), (x + step_x * arm, y), 1)
        cv2.line(marks, (x, y), (x, y + step_y * arm), 1)
    if not marks.any():
        return image
    return _stroke(image, _distance_to(marks > 0), WINDOW_COLOUR, _CORNER_PEN)


def heat_picture(image: RgbImage, anomaly_map: FloatMap) -> RgbImage:
    """Lay a (H, W) map in noise-floor units over the dimmed (H, W, 3) picture."""
    dimmed = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None] * np.float32(_DIMMED)
    level = _heat_level(anomaly_map)
    cover = np.clip(level / _FADE_IN, 0, 1)[..., None]
    return _to_uint8(dimmed + cover * (_heat_colour(level) - dimmed))


def heat_overlay(anomaly_map: FloatMap) -> NDArray[np.uint8]:
    """Return (H, W, 4) RGBA of a (H, W) map in noise-floor units, clear where nothing changed."""
    level = _heat_level(anomaly_map)
    cover = np.clip(level / _FADE_IN, 0, 1)[..., None] * 255
    return np.dstack([_to_uint8(_heat_colour(level)), _to_uint8(cover)])


def heat_legend(steps: int = 16) -> list[str]:
    """Return the scale's colours from floor to top as CSS colours, as drawn over mid grey."""
    units = np.geomspace(HEAT_FLOOR, HEAT_TOP, steps, dtype=np.float32)[None]
    grey = np.full((1, steps, 3), 128, np.uint8)
    return ["#{:02x}{:02x}{:02x}".format(*rgb) for rgb in heat_picture(grey, units)[0]]


def _heat_level(anomaly_map: FloatMap) -> FloatMap:
    known = np.nan_to_num(anomaly_map, nan=HEAT_FLOOR, posinf=HEAT_TOP)
    octaves = np.log2(np.maximum(known, HEAT_FLOOR) / HEAT_FLOOR)
    return np.asarray(np.clip(octaves / np.log2(HEAT_TOP / HEAT_FLOOR), 0, 1), np.float32)


def _heat_colour(level: FloatMap) -> FloatMap:
    """Inferno, the perceptually uniform map of van der Walt and Smith, without its black end."""
    index = np.rint(70 + level * 185).astype(np.uint8)
    bgr = cv2.applyColorMap(index, cv2.COLORMAP_INFERNO)
    return np.asarray(bgr[..., ::-1], np.float32)


def _distance_to(mask: Mask) -> FloatMap:
    """Return (H, W) pixels from each pixel to the nearest one of the mask, 0 on it."""
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away, np.float32)


def _stroke(image: RgbImage, distance: FloatMap, colour: Colour, pen: Pen) -> RgbImage:
    """Paint an antialiased line along distance 0 over a soft dark halo."""
    halo = np.clip((pen.halo_px + 1) / 2 - distance, 0, 1)[..., None] * _HALO_STRENGTH
    line = np.clip((pen.line_px + 1) / 2 - distance, 0, 1)[..., None]
    darkened = image * (1 - halo)
    return _to_uint8(darkened + line * (np.array(colour) - darkened))


def _to_uint8(values: NDArray[np.floating]) -> RgbImage:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
