"""Regions as polygons, for formats that have no masks.

A polygon has no way to say "hole", so a hole is reached by a bridge that is walked there and back.
Readers fill polygons in two ways, and each needs points of its own: through the centres of border
pixels, where the outline belongs to the region (OpenCV's ``fillPoly``, as in Ultralytics), or along
the corners of pixels, where the polygon is an area (COCO's own).
"""

from collections.abc import Iterator, Sequence
from math import inf
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from kizu.imaging.arrays import Mask
from kizu.imaging.crops import MaskCrop

Ring = NDArray[np.int64]
"""(N, 2) xy of pixels or their corners, in order; the last is joined to the first."""

_LEAST_POINTS: Final = 3
"""Shorter polygons are refused by readers."""


def centre_polygon(inside: Mask) -> Ring:
    """Return one polygon through pixels, which fills to exactly this region with its outline.

    Args:
        inside: (H, W) bool, one region whose pixels touch at sides or corners.

    Returns:
        (N, 2) xy of pixels, N at least 3.

    Example:
        >>> centre_polygon(np.array([[True, True], [True, True]])).tolist()
        [[0, 0], [0, 1], [1, 1], [1, 0]]
    """
    rings, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    joined = _joined([ring[:, 0].astype(np.int64) for ring in rings])
    return np.resize(joined, (max(len(joined), _LEAST_POINTS), 2))


def corner_polygons(region: MaskCrop) -> Iterator[Ring]:
    """Yield polygons along the corners of pixels, whose areas together are exactly this region.

    There is one for every part whose pixels touch at sides.

    Args:
        region: A region of an image.

    Returns:
        (N, 2) xy each, of the upper left corners of the image's pixels.

    Example:
        >>> [ring.tolist() for ring in corner_polygons(MaskCrop(1, 0, np.array([[True, True]])))]
        [[[1, 0], [3, 0], [3, 1], [1, 1]]]
    """
    count, parts = cv2.connectedComponents(region.inside.view(np.uint8), connectivity=4)
    for part in range(1, count):
        ring = _joined(_corner_rings(parts == part))
        yield ring + np.array([region.x0, region.y0])


def _joined(rings: Sequence[Ring]) -> Ring:
    """Join holes to the ring around them, nearest first, each over the shortest bridge.

    So no bridge crosses a hole: what it crossed would be nearer.

    Args:
        rings: The outer one first.
    """
    outer, *holes = rings
    trees = [KDTree(hole) for hole in holes]
    low, high = (np.array([side(hole, axis=0) for hole in holes]) for side in (np.min, np.max))
    bridges = [_Bridge(inf, 0, 0) for _ in holes]
    numbers = newest = np.arange(len(outer))  # which points stay what they are as others come
    points, left = outer, set(range(len(holes)))
    while left:
        gaps = np.maximum(0, np.maximum(low - points.max(axis=0), points.min(axis=0) - high))
        least = np.hypot(*gaps.T)  # from box to box
        for n in [n for n in left if least[n] < bridges[n].length_px]:
            found = trees[n].query(points, distance_upper_bound=bridges[n].length_px)
            far, ends = (np.asarray(each) for each in found)
            nearest = int(far.argmin())
            if far[nearest] < bridges[n].length_px:
                bridges[n] = _Bridge(float(far[nearest]), int(newest[nearest]), int(ends[nearest]))
        n = min(left, key=lambda n: bridges[n].length_px)
        left.remove(n)
        points, newest = holes[n], np.arange(len(holes[n])) + len(numbers)
        walk = np.roll(np.arange(len(points)), -bridges[n].end)
        walk = np.append(walk, walk[0])
        at = int(np.flatnonzero(numbers == bridges[n].start)[0])
        outer = np.concatenate([outer[: at + 1], points[walk], outer[at:]])
        numbers = np.concatenate([numbers[: at + 1], newest[walk], numbers[at:]])
    return outer


class _Bridge(NamedTuple):
    """A line from the joined rings to a hole.

    Attributes:
        length_px: How long it is.
        start: Number of the point it leaves.
        end: Index of the hole's point it leads to.
    """

    length_px: float
    start: int
    end: int


def _corner_rings(inside: Mask) -> list[Ring]:
    """Return the rings around a part whose pixels touch at sides, the outer one first.

    Args:
        inside: (H, W) bool.

    Returns:
        (N, 2) xy of corners each; only those at which the ring turns.
    """
    onward = _edges(inside)
    rings = []
    while onward:  # the first corner left in reading order is the outer ring's, then a hole's
        corner = start = next(iter(onward))
        step, ring = (0, 0), []
        while True:
            following = _turn_right(onward[corner], step)
            onward[corner].remove(following)
            if not onward[corner]:
                del onward[corner]
            if following != step:
                ring.append(corner)
            corner, step = (corner[0] + following[0], corner[1] + following[1]), following
            if corner == start:
                break
        rings.append(np.array(ring, np.int64))
    return rings


def _edges(inside: Mask) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return the steps along the border that leave each corner, with the region to their right."""
    padded = np.pad(inside, 1)
    down = np.diff(padded.astype(np.int8), axis=0)[:, 1:-1]
    right = np.diff(padded.astype(np.int8), axis=1)[1:-1]
    found: list[tuple[int, int, tuple[int, int]]] = []
    for (rows, columns), (dx, dy), step in (
        (np.nonzero(down > 0), (0, 0), (1, 0)),
        (np.nonzero(down < 0), (1, 0), (-1, 0)),
        (np.nonzero(right > 0), (0, 1), (0, -1)),
        (np.nonzero(right < 0), (0, 0), (0, 1)),
    ):
        corners = zip((rows + dy).tolist(), (columns + dx).tolist(), strict=True)
        found.extend((y, x, step) for y, x in corners)
    onward: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for y, x, step in sorted(found):
        onward.setdefault((x, y), []).append(step)
    return onward


def _turn_right(steps: Sequence[tuple[int, int]], came: tuple[int, int]) -> tuple[int, int]:
    """Choose the step that stays with the pixel, where another one touches at the corner."""
    return max(steps, key=lambda step: came[0] * step[1] - came[1] * step[0])
