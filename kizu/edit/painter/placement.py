"""Chooses where on the picture a defect goes."""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.foreground import Foreground
from kizu.edit.painter.noise_fields import Rng, blur, inside_distance, slope, smoothstep
from kizu.imaging.arrays import FloatMap, Mask

_BORDER_FRACTION: Final = 0.04  # of the short side left free; by eye: products stand off the border
_ROOM_POWER: Final = 6  # how strongly room counts; by eye: less puts more of them at the rim
_MIN_ROOM: Final = 0.5  # of the wanted radius; below, all that is allowed is used; by eye
_OUTLINE_ERROR: Final = 1.5  # reduced pixels the object mask may be too wide; a disc's is by 2.3
_EVEN_SIGMA: Final = 0.6  # of the defect's radius: where colour must be even (1 px at least)
_EVEN_PERCENTILE: Final = 10  # what counts as even in this picture; the minimum would be one pixel
_EVEN_POWER: Final = 3.0  # std of L under a defect is 7.2 with it, 8.8 with 1, 10.7 with 0
_ANGLES: Final = 12  # tried for a line: every 15 degrees, finer than its own wandering
_WANTED_SPAN: Final = 2  # radii a line must find free
_OUTLINE_BLUR_PX: Final = 2.0  # reduced pixels: smooths the outline, as its direction is asked
_OUTLINE_BAND: Final = (0.4, 0.6)  # of the blurred objects: a line about 1 px wide
_EVEN_SIDES: Final = 0.2  # tolerance for the object's fraction around: 0.5 is a straight edge
_SIDE_SIGMA_PX: Final = 3.0  # reduced pixels over which a side's colour is averaged
_CLEAR_EDGE_DELTA_E: Final = (8, 30)  # no step, clear step; by eye


@dataclass(frozen=True)
class Placement:
    """A place for one defect, in pixels of the picture.

    Attributes:
        x: Column of the centre.
        y: Row of the centre.
        angle_rad: Direction of long shapes; at an edge, the way into the object.
        span_px: Longest straight extent that fits along that direction.
        room_px: Largest radius that fits.
        at_edge: Whether the centre lies on an object's edge.
        at_border: Whether that edge is the photo's own border, the object going on beyond it.
        object_area_px: Area of the small object that stands there, if a whole one is meant.
    """

    x: float
    y: float
    angle_rad: float
    span_px: float
    room_px: float
    at_edge: bool = False
    at_border: bool = False
    object_area_px: float | None = None


def place_on_object(
    foreground: Foreground, radius_px: float, rng: Rng, *, elongated: bool
) -> Placement:
    """Choose a place on an object with room for a radius, away from the picture's border."""
    usable = _usable(foreground, radius_px)
    room = _room_px(foreground, usable)
    weight = np.clip(room / max(radius_px, 1.0), 0, 1) ** _ROOM_POWER
    weight = weight * usable * _evenness(foreground, radius_px)
    y, x = _draw(weight, usable, rng)
    angles = rng.uniform(0, np.pi) + np.arange(_ANGLES) * np.pi / _ANGLES
    spans = [_span(usable, x, y, float(angle)) * foreground.scale for angle in angles]
    best = _good_angle(spans, radius_px * _WANTED_SPAN, rng) if elongated else 0
    placement = _placement(foreground, x, y, float(angles[best]))
    return replace(placement, span_px=max(spans[best], 2.0), room_px=max(float(room[y, x]), 1.0))


def place_at_edge(foreground: Foreground, radius_px: float, rng: Rng) -> Placement | None:
    """Choose a place on an object's outline; None where no object stands out."""
    if not foreground.has_objects:
        return None
    low, high = _OUTLINE_BAND
    solid = blur(foreground.objects.astype(np.float32), _OUTLINE_BLUR_PX)
    off_border = _off_border(foreground.objects.shape)
    outline = (solid > low) & (solid < high) & foreground.allowed & off_border
    if not outline.any():
        return None
    around = blur(foreground.objects.astype(np.float32), max(radius_px / foreground.scale, 2.0))
    weight = outline * np.exp(-(((around - 0.5) / _EVEN_SIDES) ** 2)) * _step_across(foreground)
    y, x = _draw(weight.astype(np.float32), outline, rng)
    broad = blur(solid, max(radius_px / foreground.scale, 1.0))
    angle = float(np.arctan2(slope(broad, (0, 1))[y, x], slope(broad, (1, 0))[y, x]))
    return replace(_placement(foreground, x, y, angle), at_edge=True)


def place_at_border(
    foreground: Foreground, radius_px: float, rng: Rng, near_rad: float | None = None
) -> Placement | None:
    """Choose a place on the photo's border where an object goes on beyond it.

    Args:
        foreground: The photo.
        radius_px: Of the defect.
        rng: Draws the place.
        near_rad: The way into the object that the border is to have, as near as there is one.

    Returns:
        The place, at an edge; None where no object that may be painted reaches the border.
    """
    usable = foreground.allowed & foreground.objects
    reach = max(radius_px / foreground.scale, 1.0)
    height, width = usable.shape
    found: list[tuple[float, int, int]] = []
    for angle, row, column in (
        (0.0, None, 0),
        (np.pi / 2, 0, None),
        (np.pi, None, width - 1),
        (-np.pi / 2, height - 1, None),
    ):
        line = usable[:, column] if row is None else usable[row]
        room = inside_distance(np.pad(line, 1)[None])[0, 1:-1]
        if room.any():
            at = int(rng.choice(np.flatnonzero(room >= min(reach, float(room.max())))))
            found.append((angle, at if row is None else row, at if column is None else column))
    if not found:
        return None
    if near_rad is None:
        angle, y, x = found[int(rng.integers(len(found)))]
    else:
        angle, y, x = max(found, key=lambda side: float(np.cos(side[0] - near_rad)))
    place = _placement(foreground, x, y, angle)
    half_px = 0.5 * foreground.scale
    away = -half_px * np.cos(angle), -half_px * np.sin(angle)  # to the border of its reduced pixel
    return replace(
        place,
        x=float(np.clip(place.x + away[0], 0, width * foreground.scale - 1)),
        y=float(np.clip(place.y + away[1], 0, height * foreground.scale - 1)),
        at_edge=True,
        at_border=True,
    )


def place_on_whole_object(
    foreground: Foreground, area_px: tuple[float, float], rng: Rng
) -> Placement | None:
    """Choose a small object to take away whole; None where none has about that area."""
    if not foreground.has_objects:
        return None
    _, labels, stats, centroids = cv2.connectedComponentsWithStats(
        foreground.objects.astype(np.uint8)
    )
    areas = np.asarray(stats)[:, cv2.CC_STAT_AREA] * foreground.scale**2
    fits = []
    for label in range(1, len(areas)):
        own = np.asarray(labels) == label
        inside = bool((foreground.allowed & _off_border(own.shape, 0.0))[own].all())
        if inside and area_px[0] <= areas[label] <= area_px[1]:
            fits.append(label)
    if rng.random() > len(fits) / (len(fits) + 1):  # else one object would be every variant
        return None
    label = int(rng.choice(fits))
    x, y = (int(value) for value in centroids[label])
    return replace(_placement(foreground, x, y, 0.0), object_area_px=float(areas[label]))


def _step_across(foreground: Foreground) -> FloatMap:
    """0 where object and ground look alike on both sides, 1 where they clearly differ."""
    sides = []
    for part in (foreground.objects, ~foreground.objects):
        share = blur(part.astype(np.float32), _SIDE_SIGMA_PX)[..., None]
        sides.append(
            blur(foreground.lab * part[..., None], _SIDE_SIGMA_PX) / np.maximum(share, 1e-3)
        )
    return smoothstep(np.linalg.norm(sides[0] - sides[1], axis=-1), *_CLEAR_EDGE_DELTA_E)


def _evenness(foreground: Foreground, radius_px: float) -> FloatMap:
    """1 where colour is as even as the picture gets within a radius, less across edges."""
    sigma = max(_EVEN_SIGMA * radius_px / foreground.scale, 1.0)
    mean, square = blur(foreground.lab, sigma), blur(foreground.lab**2, sigma)
    spread = np.sqrt(np.clip((square - mean**2).sum(-1), 0, None)) + 1
    return np.asarray((np.percentile(spread, _EVEN_PERCENTILE) / spread) ** _EVEN_POWER, np.float32)


def _room_px(foreground: Foreground, usable: Mask) -> FloatMap:
    """Radius, in pixels of the picture, of the largest circle around each pixel that fits."""
    inside = inside_distance(_bordered(usable)) - _OUTLINE_ERROR * foreground.has_objects
    return np.asarray(np.maximum(inside, 0) * foreground.scale, np.float32)


def _usable(foreground: Foreground, radius_px: float) -> Mask:
    """Allowed object pixels away from the border; less strict where they leave too little room."""
    inner = _off_border(foreground.objects.shape)
    on_object = foreground.allowed & foreground.objects & inner
    if float(_room_px(foreground, on_object).max()) >= _MIN_ROOM * radius_px:
        return on_object
    for choice in (foreground.allowed & inner, foreground.allowed):
        if choice.any():
            return choice
    return np.ones_like(foreground.allowed)


def _off_border(shape: tuple[int, ...], fraction: float = _BORDER_FRACTION) -> Mask:
    """True away from the picture's border."""
    edge = max(round(fraction * min(shape[:2])), 1)
    inner = np.zeros(shape[:2], bool)
    inner[edge:-edge, edge:-edge] = True
    return inner


def _bordered(mask: Mask) -> Mask:
    """The mask with the outermost pixels cleared, so that distances count the border."""
    return mask & _off_border(mask.shape, 0.0) if min(mask.shape) > 2 else mask


def _draw(weight: FloatMap, fallback: Mask, rng: Rng) -> tuple[int, int]:
    """(row, column) drawn with a probability proportional to the weight."""
    chances = np.cumsum((weight if weight.any() else fallback).astype(np.float64))
    index = int(np.searchsorted(chances, rng.random() * chances[-1], side="right"))
    row, column = divmod(min(index, weight.size - 1), weight.shape[1])
    return row, column


def _span(usable: Mask, x: int, y: int, angle_rad: float) -> float:
    """Twice the shorter of the ways from a point to the end of the mask, both ways."""
    steps = np.arange(1, max(usable.shape))
    ways = []
    for sense in (-1, 1):
        columns = np.rint(x + sense * steps * np.cos(angle_rad)).astype(int)
        rows = np.rint(y + sense * steps * np.sin(angle_rad)).astype(int)
        valid = (
            (rows >= 0) & (rows < usable.shape[0]) & (columns >= 0) & (columns < usable.shape[1])
        )
        inside = np.zeros(len(steps), bool)
        inside[valid] = usable[rows[valid], columns[valid]]
        ways.append(int(np.argmin(inside)) if not inside.all() else len(steps))
    return 2.0 * min(ways) + 1


def _good_angle(spans: list[float], wanted_px: float, rng: Rng) -> int:
    """An index of a direction long enough; of the longest where none is."""
    enough = [index for index, span in enumerate(spans) if span >= wanted_px]
    return int(rng.choice(enough)) if enough else int(np.argmax(spans))


def _placement(foreground: Foreground, x: int, y: int, angle_rad: float) -> Placement:
    """A place in the picture's own pixels, with the whole picture as room."""
    scale = foreground.scale
    extent = float(max(foreground.objects.shape)) * scale
    return Placement((x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5, angle_rad, extent, extent)
