"""Searches large photos in overlapping tiles, so that small defects stay visible."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from kizu.grounding.detections import Detections, concatenate
from kizu.grounding.protocols import Detector
from kizu.imaging.arrays import RgbImage

OVERLAP_SHARE = 0.25
BORDER_PX = 2.0


@dataclass(frozen=True)
class Tile:
    """A window `[y0:y1, x0:x1]` of an image, in pixels."""

    x0: int
    y0: int
    x1: int
    y1: int


def tile_starts(length_px: int, tile_px: int) -> list[int]:
    """Return where tiles begin along one side; neighbours overlap by a quarter or more.

    >>> tile_starts(250, 100)
    [0, 75, 150]
    """
    last = max(length_px - tile_px, 0)
    step = max(int(tile_px * (1 - OVERLAP_SHARE)), 1)
    return [*range(0, last, step), last]


def tiles_of(shape: tuple[int, int], tile_px: int) -> Iterator[Tile]:
    """Yield the tiles that cover an image of (H, W) pixels, row by row."""
    height, width = shape
    for y0, x0 in product(tile_starts(height, tile_px), tile_starts(width, tile_px)):
        yield Tile(x0, y0, min(x0 + tile_px, width), min(y0 + tile_px, height))


@dataclass(frozen=True)
class TiledDetector:
    """Runs a detector on the whole photo and on its tiles, and joins the results.

    A box cut by a tile's inner border is dropped: the neighbouring tile sees all of it, or, if
    it is larger than their overlap, the whole photo does.
    """

    detector: Detector
    tile_px: int

    def detect(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return the boxes of the whole photo, then those of each tile, in photo pixels."""
        height, width = image.shape[:2]
        whole = self.detector.detect(image, phrases)
        if max(height, width) <= self.tile_px:
            return whole
        tiles = tiles_of((height, width), self.tile_px)
        return concatenate([whole, *(self._detect_tile(image, phrases, tile) for tile in tiles)])

    def _detect_tile(self, image: RgbImage, phrases: Sequence[str], tile: Tile) -> Detections:
        window = np.ascontiguousarray(image[tile.y0 : tile.y1, tile.x0 : tile.x1])
        found = self.detector.detect(window, phrases)
        offset = np.array([tile.x0, tile.y0, tile.x0, tile.y0], np.float32)
        moved = Detections(found.xyxy + offset, None, found.confidence, found.phrase)
        return moved.select(~_touches_inner_border(moved, tile, (image.shape[0], image.shape[1])))


def _touches_inner_border(
    detections: Detections, tile: Tile, shape: tuple[int, int]
) -> NDArray[np.bool_]:
    height, width = shape
    xyxy = detections.xyxy
    touches = np.zeros(len(detections), dtype=np.bool_)
    if tile.x0 > 0:
        touches |= xyxy[:, 0] < tile.x0 + BORDER_PX
    if tile.y0 > 0:
        touches |= xyxy[:, 1] < tile.y0 + BORDER_PX
    if tile.x1 < width:
        touches |= xyxy[:, 2] > tile.x1 - BORDER_PX
    if tile.y1 < height:
        touches |= xyxy[:, 3] > tile.y1 - BORDER_PX
    return touches
