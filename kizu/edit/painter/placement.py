"""Where on the picture a defect belongs."""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from kizu.edit.painter.foreground import Scene
from kizu.edit.painter.noise_fields import Rng, blur, inside_distance, slope, smoothstep
from kizu.imaging.arrays import FloatMap, Mask

_BORDER_SHARE: Final = 0.04
_EDGE_CHANCE: Final = 0.85
_ANGLES: Final = 12
_SIDE_SIGMA_PX: Final = 3.0
_ROOM_POWER: Final = 6
_OUTLINE_ERROR: Final = 1.5  # of the scene's object mask, in its pixels
_CRAMPED: Final = 0.5  # share of the wanted radius below which an object is too small
_EVENNESS_POWER: Final = 3.0


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
        object_area_px: Area of the small object that stands there, if a whole one is meant.
    """

    x: float
    y: float
    angle_rad: float
    span_px: float
    room_px: float
    at_edge: bool = False
    object_area_px: float | None = None


def place(scene: Scene, radius_px: float, rng: Rng, *, elongated: bool) -> Placement:
    """Choose a place on an object with room for a radius, away from the picture's border."""
    usable = _usable(scene, radius_px)
    room = _room_px(scene, usable)
    weight = np.clip(room / max(radius_px, 1.0), 0, 1) ** _ROOM_POWER
    weight = weight * usable * _evenness(scene, radius_px)
    y, x = _draw(weight, usable, rng)
    angles = rng.uniform(0, np.pi) + np.arange(_ANGLES) * np.pi / _ANGLES
    spans = [_span(usable, x, y, float(angle)) * scene.scale for angle in angles]
    best = _good_angle(spans, radius_px * 2, rng) if elongated else 0
    spot = _placement(scene, x, y, float(angles[best]))
    return replace(spot, span_px=max(spans[best], 2.0), room_px=max(float(room[y, x]), 1.0))


def place_at_edge(scene: Scene, radius_px: float, rng: Rng) -> Placement | None:
    """Choose a place on an object's outline; None where no object stands out."""
    if not scene.has_objects:
        return None
    solid = blur(scene.objects.astype(np.float32), 2.0)
    outline = (solid > 0.4) & (solid < 0.6) & scene.allowed & _off_border(scene.objects.shape)  # noqa: PLR2004
    if not outline.any() or rng.random() > _EDGE_CHANCE:
        return None
    around = blur(scene.objects.astype(np.float32), max(radius_px / scene.scale, 2.0))
    weight = outline * np.exp(-(((around - 0.5) / 0.2) ** 2)) * _step_across(scene)
    y, x = _draw(weight.astype(np.float32), outline, rng)
    broad = blur(solid, max(radius_px / scene.scale, 1.0))
    angle = float(np.arctan2(slope(broad, (0, 1))[y, x], slope(broad, (1, 0))[y, x]))
    return replace(_placement(scene, x, y, angle), at_edge=True)


def _step_across(scene: Scene) -> FloatMap:
    """0 where object and ground look alike on both sides, 1 where they clearly differ."""
    sides = []
    for part in (scene.objects, ~scene.objects):
        share = blur(part.astype(np.float32), _SIDE_SIGMA_PX)[..., None]
        sides.append(blur(scene.lab * part[..., None], _SIDE_SIGMA_PX) / np.maximum(share, 1e-3))
    return smoothstep(np.linalg.norm(sides[0] - sides[1], axis=-1), 8, 30)


def place_on_whole_object(scene: Scene, area_px: tuple[float, float], rng: Rng) -> Placement | None:
    """Choose a small object to take away whole; None where none has about that area."""
    if not scene.has_objects:
        return None
    _, labels, stats, centroids = cv2.connectedComponentsWithStats(scene.objects.astype(np.uint8))
    areas = np.asarray(stats)[:, cv2.CC_STAT_AREA] * scene.scale**2
    fits = []
    for label in range(1, len(areas)):
        own = np.asarray(labels) == label
        inside = bool((scene.allowed & _off_border(own.shape, 0.0))[own].all())
        if inside and area_px[0] <= areas[label] <= area_px[1]:
            fits.append(label)
    if rng.random() > len(fits) / (len(fits) + 1):  # else one object would be every variant
        return None
    label = int(rng.choice(fits))
    x, y = (int(value) for value in centroids[label])
    return replace(_placement(scene, x, y, 0.0), object_area_px=float(areas[label]))


def _evenness(scene: Scene, radius_px: float) -> FloatMap:
    """1 where colour is as even as the picture gets within a radius, less across edges."""
    sigma = max(0.6 * radius_px / scene.scale, 1.0)
    mean, square = blur(scene.lab, sigma), blur(scene.lab**2, sigma)
    spread = np.sqrt(np.clip((square - mean**2).sum(-1), 0, None)) + 1
    return np.asarray((np.percentile(spread, 10) / spread) ** _EVENNESS_POWER, np.float32)


def _room_px(scene: Scene, usable: Mask) -> FloatMap:
    """Radius, in pixels of the picture, of the largest circle around each pixel that fits."""
    inside = inside_distance(_bordered(usable)) - _OUTLINE_ERROR * scene.has_objects
    return np.asarray(np.maximum(inside, 0) * scene.scale, np.float32)


def _usable(scene: Scene, radius_px: float) -> Mask:
    """Allowed object pixels away from the border; less strict where they leave too little room."""
    inner = _off_border(scene.objects.shape)
    on_object = scene.allowed & scene.objects & inner
    if float(_room_px(scene, on_object).max()) >= _CRAMPED * radius_px:
        return on_object
    for choice in (scene.allowed & inner, scene.allowed):
        if choice.any():
            return choice
    return np.ones_like(scene.allowed)


def _off_border(shape: tuple[int, ...], share: float = _BORDER_SHARE) -> Mask:
    """True away from the picture's border."""
    edge = max(round(share * min(shape[:2])), 1)
    inner = np.zeros(shape[:2], bool)
    inner[edge:-edge, edge:-edge] = True
    return inner


def _bordered(mask: Mask) -> Mask:
    """The mask with the outermost pixels cleared, so that distances count the border."""
    return mask & _off_border(mask.shape, 0.0) if min(mask.shape) > 2 else mask  # noqa: PLR2004


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
    for sign in (-1, 1):
        columns = np.rint(x + sign * steps * np.cos(angle_rad)).astype(int)
        rows = np.rint(y + sign * steps * np.sin(angle_rad)).astype(int)
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


def _placement(scene: Scene, x: int, y: int, angle_rad: float) -> Placement:
    """A place in the picture's own pixels, with the whole picture as room."""
    scale = scene.scale
    extent = float(max(scene.objects.shape)) * scale
    return Placement((x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5, angle_rad, extent, extent)
