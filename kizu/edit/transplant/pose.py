"""Chooses where on a photo a real defect goes, and how it is turned, mirrored and scaled."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.edit.painter.context import Window, grain_rad
from kizu.edit.painter.foreground import Foreground
from kizu.edit.painter.noise_fields import FloatArray, Rng, smooth_noise
from kizu.edit.painter.placement import place_at_border, place_at_edge, place_on_object
from kizu.edit.request import Severity
from kizu.edit.transplant.cutting import Cutout, objects_of
from kizu.imaging.arrays import FloatMap, Mask

# Where nothing else is said, a value was chosen by eye on photographs of magnetic tiles.
_SIZE: Final = 0.22  # largest change of size, natural logarithm: 0.8 to 1.25
_SEVERITY_SIZE: Final = {Severity.SLIGHT: -0.2, Severity.MODERATE: 0.0, Severity.SEVERE: 0.2}
"""Shift of the logarithm of the size: what is worse is larger."""
_ASPECT: Final = 0.12  # largest change of one side against the other, natural logarithm
_SHEAR: Final = 0.08  # more tilts drilled holes
_LIT_TURN_RAD: Final = 0.2  # of what is lit from one side: more, and its light stands elsewhere
_GRAIN_TURN_RAD: Final = 0.05  # off the target's grain, as grains of one part differ
_EDGE_TURN_RAD: Final = 0.08  # off the way into the part, which the edge says
_SAME_CAMERA: Final = (0.4, 2.5)  # ratio of the photos' sides in which a pixel has one length
_LARGEST: Final = 0.9  # of the photo's side that a defect may take
_WITHIN: Final = 0.15  # of an asked range that is kept free at either end: masks are rounded
_ELASTIC: Final = (0.025, 0.6)  # of the defect's size: how far its parts move, over what length
_TRIES: Final = 10  # places; the one that keeps most of the defect is taken
_KEPT_ENOUGH: Final = 0.98  # of the defect, within region and part: no other place is tried
_SHRINK: Final = 0.85  # per place that keeps less than that
_SLENDER: Final = 3.0  # long : short axis from which a defect is turned to where it has room

_Matrix: TypeAlias = NDArray[np.float64]
"""2 x 2: what an offset (x, y) of the cutout becomes on the photo."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for of a transplant.

    Attributes:
        area_px: Least and most pixels of the defect; None leaves its size.
        severity: How bad it is; None leaves it as it is.
    """

    area_px: tuple[float, float] | None = None
    severity: Severity | None = None


@dataclass(frozen=True, eq=False)
class Pose:
    """How a cutout lies on a photo.

    Attributes:
        x: (h, w) float32, the column of the cutout that comes to each pixel.
        y: (h, w) float32, the row.
        window: The pixels of the photo, rows and columns.
        mask: (h, w) bool, the defect there.
    """

    x: FloatMap
    y: FloatMap
    window: Window
    mask: Mask

    def carry(self, field: FloatArray) -> FloatArray:
        """Return a field of the cutout, (h, w) or (h, w, C), on the photo."""
        moved = cv2.remap(field, self.x, self.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.float32)


@dataclass(frozen=True, eq=False)
class Target:
    """A photo that a defect is to lie on.

    Attributes:
        lightness: (H, W) float32 L.
        foreground: The photo, reduced and split into part and ground; knows the region.
        allowed: (H, W) bool, where it may be changed.
    """

    lightness: FloatMap
    foreground: Foreground
    allowed: Mask

    @property
    def sides(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.lightness.shape[1], self.lightness.shape[0]


def choose_pose(cutout: Cutout, target: Target, wanted: Wanted, rng: Rng) -> Pose | None:
    """Choose how a cutout lies on a photo; what met an edge lies at one again.

    Args:
        cutout: The defect.
        target: The photo.
        wanted: Size and severity.
        rng: Draws among what is plausible.

    Returns:
        None where nothing of it comes to lie within the region.
    """
    usable = target.allowed & objects_of(target.foreground, target.lightness.shape)
    scale = _scale(cutout, target, wanted, rng)
    best: tuple[float, Pose] | None = None
    for choose in _ways(cutout, target):
        pose = choose(cutout, target, scale, rng)
        area_px = max(float(pose.mask.sum()), 1.0)
        kept_px = float((pose.mask & target.allowed[pose.window]).sum())
        on_part = float((pose.mask & usable[pose.window]).sum()) / area_px
        kept, misses = kept_px / area_px, _miss(kept_px, wanted)
        score = kept / misses * (1 + (on_part if choose is _on_part else 1.0))
        if kept_px and (best is None or score > best[0]):
            best = (score, pose)
        if kept > _KEPT_ENOUGH and misses == 1.0:
            break
        scale *= _SHRINK if kept < _KEPT_ENOUGH else _correction(kept_px, wanted)
    return best[1] if best else None


_Way: TypeAlias = Callable[[Cutout, Target, float, Rng], Pose]


def _ways(cutout: Cutout, target: Target) -> Iterator[_Way]:
    """Yield how to look for a place, each time anew; what met an edge is tried there first."""
    first = _on_part
    if any(cutout.borders) and not (
        sum(cutout.borders) == 1 and _stands_free(target.foreground, cutout.borders)
    ):
        first = _at_same_borders
    elif cutout.inward_rad is not None or any(cutout.borders):
        first = _at_edge
    for number in range(_TRIES):
        yield first if number < _TRIES - 2 else _on_part


def _stands_free(foreground: Foreground, borders: tuple[bool, bool, bool, bool]) -> bool:
    """Whether the part ends before the one border of the photo that a defect met."""
    objects = foreground.objects
    sides = objects[:, 0], objects[0], objects[:, -1], objects[-1]
    met = next(side for side, is_met in zip(sides, borders, strict=True) if is_met)
    return foreground.has_objects and not met.any()


def _scale(cutout: Cutout, target: Target, wanted: Wanted, rng: Rng) -> float:
    """How much larger than in its own picture the defect becomes."""
    sides = float(np.sqrt(target.lightness.size / (cutout.scene[0] * cutout.scene[1])))
    same_camera = _SAME_CAMERA[0] < sides < _SAME_CAMERA[1]
    worse = _SEVERITY_SIZE[wanted.severity] if wanted.severity else 0.0
    scale = (1.0 if same_camera else sides) * float(np.exp(rng.uniform(-_SIZE, _SIZE) + worse))
    scale *= _correction(cutout.area_px * scale**2, wanted)
    fits = min(
        _LARGEST * side / own for side, own in zip(target.sides, cutout.extent_px, strict=True)
    )
    return scale if any(cutout.borders) else min(scale, fits)


def _correction(area_px: float, wanted: Wanted) -> float:
    """What brings an area into the asked range, as a factor of lengths."""
    if wanted.area_px is None:
        return 1.0
    low, high = wanted.area_px
    inset = 1 + _WITHIN * min(1.0, np.log(high / low))
    goal = float(np.clip(area_px, low * inset, max(high / inset, low * inset)))
    return float(np.sqrt(goal / max(area_px, 1.0)))


def _miss(area_px: float, wanted: Wanted) -> float:
    """By what factor an area misses the asked range; 1 within it."""
    if wanted.area_px is None:
        return 1.0
    low, high = wanted.area_px
    return max(low / max(area_px, 1.0), area_px / high, 1.0)


def _on_part(cutout: Cutout, target: Target, scale: float, rng: Rng) -> Pose:
    """A place on the part with room, the defect turned as grain and light let it."""
    width, height = cutout.extent_px
    axis_rad, ratio = _axis(cutout.mask)
    slender = ratio > _SLENDER
    reach = 0.5 * scale * (max(width, height) if slender else float(np.sqrt(width * height)))
    place = place_on_object(target.foreground, reach, rng, elongated=slender)
    grain = _grain_at(target, place.x, place.y, 2 * reach)
    mirror = 1
    if cutout.is_lit:
        turn = float(rng.uniform(-_LIT_TURN_RAD, _LIT_TURN_RAD))
    elif cutout.grain_rad is not None and grain is not None:
        mirror = int(rng.choice([-1, 1]))
        turn = grain - mirror * cutout.grain_rad + float(rng.normal(0, _GRAIN_TURN_RAD))
        turn += np.pi * int(rng.integers(2))
    else:
        mirror = int(rng.choice([-1, 1]))
        turn = float(rng.uniform(0, 2 * np.pi))
        if slender:
            turn = place.angle_rad - mirror * axis_rad + np.pi * int(rng.integers(2))
    matrix = _turned(turn) @ _shaped(scale, rng) @ np.diag([1.0, mirror])
    return _posed(cutout, target, matrix, (place.x, place.y), rng)


def _at_edge(cutout: Cutout, target: Target, scale: float, rng: Rng) -> Pose:
    """A place on the part's outline, or else at the photo's border, the defect turned into it."""
    radius = 0.5 * scale * float(np.sqrt(cutout.area_px))
    inward = cutout.inward_rad if cutout.inward_rad is not None else _border_way(cutout.borders)
    mirror = 1 if cutout.is_lit else int(rng.choice([-1, 1]))
    inward *= mirror
    place = place_at_edge(target.foreground, radius, rng)
    if place is None:
        place = place_at_border(target.foreground, radius, rng, near_rad=inward)
    if place is None:
        return _on_part(cutout, target, scale, rng)
    turn = place.angle_rad - inward + float(rng.normal(0, _EDGE_TURN_RAD))
    matrix = _turned(turn) @ _shaped(scale, rng) @ np.diag([1.0, mirror])
    return _posed(cutout, target, matrix, (place.x, place.y), rng)


def _at_same_borders(cutout: Cutout, target: Target, scale: float, rng: Rng) -> Pose:
    """A place at the borders that the defect met in its own picture, or at those opposite."""
    left, top, right, bottom = cutout.borders
    factors, place = [], []
    rows, columns = np.nonzero(cutout.mask)
    for axis, (first, last, found) in enumerate(((left, right, columns), (top, bottom, rows))):
        side, scene = target.sides[axis], cutout.scene[1 - axis]
        own = cutout.offset[1 - axis] + (cutout.y if axis else cutout.x)
        mirror = -1 if not cutout.is_lit and rng.random() < _MIRRORED else 1
        most = _LARGEST * side / float(np.ptp(found) + 1)
        factor = side / scene if first and last else min(scale, most)
        at = own if mirror > 0 else scene - 1 - own
        if first and last:
            place.append((at + 0.5) * factor - 0.5)
        elif first or last:
            from_start = first == (mirror > 0)
            place.append(at * factor if from_start else side - 1 - (scene - 1 - at) * factor)
        else:
            half = 0.5 * factor * float(np.ptp(found) + 1)
            place.append(float(rng.uniform(min(half, side / 2), max(side - half, side / 2))))
        factors.append(mirror * factor)
    return _posed(cutout, target, np.diag(factors), (place[0], place[1]), rng)


_MIRRORED: Final = 0.5  # of defects; photos of one part look alike from either side


def _border_way(borders: tuple[bool, bool, bool, bool]) -> float:
    """The way from a border of the photo inward."""
    return (0.0, np.pi / 2, np.pi, -np.pi / 2)[borders.index(True)]


def _axis(mask: Mask) -> tuple[float, float]:
    """Direction of a mask's long axis, and how much longer it is than the short one."""
    rows, columns = np.nonzero(mask)
    spread = np.cov(np.stack([columns, rows])) if rows.size > 1 else np.eye(2)
    values, vectors = np.linalg.eigh(spread + np.eye(2) / 12)  # a pixel is a square
    return float(np.arctan2(vectors[1, 1], vectors[0, 1])), float(np.sqrt(values[1] / values[0]))


def _grain_at(target: Target, x: float, y: float, reach: float) -> float | None:
    """Direction of the grain around a place."""
    height, width = target.lightness.shape
    rows = slice(max(int(y - reach), 0), min(int(y + reach) + 2, height))
    columns = slice(max(int(x - reach), 0), min(int(x + reach) + 2, width))
    return grain_rad(target.lightness[rows, columns])


def _turned(angle_rad: float) -> _Matrix:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[cos, -sin], [sin, cos]])


def _shaped(scale: float, rng: Rng) -> _Matrix:
    """Size, with sides and angles a little changed."""
    aspect = np.exp(rng.uniform(-_ASPECT, _ASPECT) / 2)
    return scale * np.array([[aspect, rng.uniform(-_SHEAR, _SHEAR)], [0.0, 1 / aspect]])


def _posed(
    cutout: Cutout, target: Target, matrix: _Matrix, place: tuple[float, float], rng: Rng
) -> Pose:
    """Lay a cutout down: its point on the place, its parts a little moved."""
    height, width = cutout.mask.shape
    centre = np.array([cutout.x, cutout.y])
    corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]])
    laid = (corners - centre) @ matrix.T + np.array(place)
    (left, top), (right, bottom) = (
        np.floor(laid.min(0)).astype(int),
        np.ceil(laid.max(0)).astype(int),
    )
    columns = slice(
        int(np.clip(left, 0, target.sides[0] - 1)), int(np.clip(right + 1, 1, target.sides[0]))
    )
    rows = slice(
        int(np.clip(top, 0, target.sides[1] - 1)), int(np.clip(bottom + 1, 1, target.sides[1]))
    )
    grid_y, grid_x = np.mgrid[rows, columns].astype(np.float32)
    back = np.linalg.inv(matrix)
    x, y = grid_x - place[0], grid_y - place[1]
    size = float(np.sqrt(cutout.area_px))
    far, length = _ELASTIC
    shape = (grid_x.shape[0], grid_x.shape[1])
    scale = float(np.sqrt(abs(np.linalg.det(matrix))))
    left_met, top_met, right_met, bottom_met = cutout.borders
    move = [
        far * size * smooth_noise(shape, length * size * scale, rng) * (not met)
        for met in (left_met or right_met, top_met or bottom_met)
    ]
    source_x = back[0, 0] * x + back[0, 1] * y + cutout.x + move[0]
    source_y = back[1, 0] * x + back[1, 1] * y + cutout.y + move[1]
    maps = np.asarray(source_x, np.float32), np.asarray(source_y, np.float32)
    solid = cv2.remap(
        cutout.mask.astype(np.float32), *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return Pose(*maps, Window(rows, columns), np.asarray(np.asarray(solid) > _IS_DEFECT, bool))


_IS_DEFECT: Final = 0.4  # of a moved mask; under a half, so that lines of one pixel stay whole
