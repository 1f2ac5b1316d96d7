"""Lines of varying width: their paths and an anti-aliased field around them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kizu.edit.painter.noise_fields import Rng, Shape
from kizu.imaging.arrays import FloatMap

_POINT_SPACING_PX: Final = 4.0  # along an arc: its chords are off by under 0.1 px from radius 20
_POINTS: Final = (8, 100)  # of an arc: least for a smooth width, most for time
_LEAST_HALF_PX: Final = 0.5  # thinner lines are drawn as wide and fainter: that much of a pixel
_LEAST_LIP_PX: Final = 0.55  # a lip narrower than a pixel would not be seen
_FAR_PX: Final = 1e6  # distance where no stroke is near
_TINY: Final = 1e-3  # px, to divide by

Points: TypeAlias = NDArray[np.float32]
"""(N, 2) float32 xy in pixels."""


@dataclass(frozen=True, eq=False)
class Stroke:
    """A polyline with a half width in pixels and an opacity at each of its N points."""

    points: Points
    half_width_px: NDArray[np.float32]
    opacity: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class StrokeField:
    """The nearest stroke of every pixel.

    Attributes:
        x: (H, W) float32 column offset from the centre line in pixels.
        y: (H, W) float32 row offset from the centre line in pixels.
        half_width_px: (H, W) float32 of the stroke there.
        opacity: (H, W) float32 of the stroke there; 0 far from all strokes.
    """

    x: FloatMap
    y: FloatMap
    half_width_px: FloatMap
    opacity: FloatMap

    @property
    def distance_px(self) -> FloatMap:
        """Distance to the centre line."""
        return np.hypot(self.x, self.y)

    def coverage(self, widen: float = 1.0) -> FloatMap:
        """Fraction of each pixel the strokes cover, times their opacity."""
        half = np.maximum(self.half_width_px * widen, _LEAST_HALF_PX)
        thin = np.minimum(self.half_width_px * widen / _LEAST_HALF_PX, 1)
        cover = np.clip(half - self.distance_px + 0.5, 0, 1) * thin * self.opacity
        return np.asarray(cover, np.float32)

    def lip(self, direction: tuple[float, float], reach: float) -> FloatMap:
        """Signed band just outside the border, +1 on the side that `direction` points to."""
        distance = np.maximum(self.distance_px, _TINY)
        sigma = np.maximum(self.half_width_px * reach, _LEAST_LIP_PX)
        band = np.exp(-(((distance - self.half_width_px - 0.5 * sigma) / sigma) ** 2))
        side = (self.x * direction[0] + self.y * direction[1]) / distance
        return np.asarray(band * side * self.opacity, np.float32)


def stroke_field(shape: Shape, strokes: Sequence[Stroke], reach_px: float) -> StrokeField:
    """Offset of every pixel from the nearest stroke, computed within `reach_px` of it."""
    far = np.full((5, *shape), _FAR_PX, np.float32)
    far[3:] = 0
    for stroke in strokes:
        for start in range(len(stroke.points) - 1):
            _add_segment(far, stroke, start, reach_px)
    _, x, y, half_width, opacity = far
    return StrokeField(x, y, np.maximum(half_width, _TINY), opacity)


def arc_path(
    centre: tuple[float, float], angle_rad: float, length_px: float, bend_rad: float
) -> Points:
    """Points on a circular arc of a given length and turn, its middle on a point."""
    count = int(np.clip(length_px / _POINT_SPACING_PX, *_POINTS))
    heading = angle_rad + bend_rad * np.linspace(-0.5, 0.5, count)
    steps = np.stack([np.cos(heading), np.sin(heading)], -1) * length_px / (count - 1)
    points = np.cumsum(steps, 0)
    return np.asarray(points - points[count // 2] + np.asarray(centre), np.float32)


def wavy(count: int, knots: int, rng: Rng) -> NDArray[np.float32]:
    """`count` smooth random values of unit variance with about `knots` hills."""
    values = rng.standard_normal(knots + 2)
    position = np.linspace(0, knots + 1, count)
    left = np.minimum(position.astype(int), knots)
    t = position - left
    ease = t * t * (3 - 2 * t)
    return np.asarray(values[left] * (1 - ease) + values[left + 1] * ease, np.float32)


def _add_segment(field: FloatMap, stroke: Stroke, start: int, reach_px: float) -> None:
    """Enter one segment into the field's rows (score, x, y, half width, opacity)."""
    ends = stroke.points[start : start + 2]
    left, top = np.maximum(np.floor(ends.min(0) - reach_px), 0).astype(int)
    right, bottom = np.ceil(ends.max(0) + reach_px).astype(int) + 1
    window = field[:, top:bottom, left:right]
    if window.size == 0 or right <= 0 or bottom <= 0:
        return
    rows = np.arange(top, top + window.shape[1], dtype=np.float32)[:, None] - ends[0, 1]
    columns = np.arange(left, left + window.shape[2], dtype=np.float32)[None] - ends[0, 0]
    dx, dy = ends[1] - ends[0]
    along = np.clip((columns * dx + rows * dy) / max(float(dx * dx + dy * dy), 1e-6), 0, 1)
    x, y = columns - along * dx, rows - along * dy
    width = stroke.half_width_px[start] * (1 - along) + stroke.half_width_px[start + 1] * along
    opacity = stroke.opacity[start] * (1 - along) + stroke.opacity[start + 1] * along
    score = np.hypot(x, y) - width
    nearer = (score < window[0]) & (np.hypot(x, y) < reach_px)
    for row, value in zip(window, (score, x, y, width, opacity), strict=True):
        row[nearer] = value[nearer]
