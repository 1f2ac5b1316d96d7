"""Searches large photos in overlapping tiles with systems that draw masks, and joins the masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from kizu.grounding.detections import Detections
from kizu.grounding.postprocess.nms import region_iou
from kizu.grounding.postprocess.regions import join
from kizu.grounding.postprocess.tiles import Tile, tiles_of
from kizu.grounding.protocols import TextSegmenter
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.boxes import box_of
from kizu.imaging.masks import mask_containment

SAME_FRACTION = 0.5
"""Two tiles show one region if their masks share this much of the smaller where both look."""


@dataclass(frozen=True)
class TiledTextSegmenter:
    """Runs a text segmenter on the whole photo and on its tiles, and joins the results.

    A region that a border cuts is put together again from the tiles it lies in. Where tiles show a
    region, the coarser mask that the whole photo gave of it is dropped.

    Attributes:
        system: What finds regions in one window; it must not drop those that fill the window.
        tile_px: Side of a tile.
        nms_iou: A region of the whole photo that overlaps the tiles' more than this is theirs.
        max_regions: Regions of the tiles to keep at most, the most confident first.
    """

    system: TextSegmenter
    tile_px: int
    nms_iou: float
    max_regions: int

    def detect_masks(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return the regions of the tiles, then those of the whole photo that no tile shows."""
        shape = (image.shape[0], image.shape[1])
        whole = self.system.detect_masks(image, phrases)
        if max(shape) <= self.tile_px:
            return whole
        pieces = [
            piece
            for tile in tiles_of(shape, self.tile_px)
            for piece in _pieces(self.system, image, phrases, tile)
        ]
        groups = sorted(_groups(pieces), key=_confidence, reverse=True)[: self.max_regions]
        tiled = join([_joined(group, shape) for group in groups], shape)
        return join([tiled, whole.select(~_shown_by(tiled, whole, shape, self.nms_iou))], shape)


@dataclass(frozen=True, eq=False)
class _Piece:
    """What one tile shows of a region; `mask` is (h, w) of the tile, so that many fit in memory."""

    tile: Tile
    mask: Mask
    confidence: float
    phrase: str


def _pieces(
    system: TextSegmenter, image: RgbImage, phrases: Sequence[str], tile: Tile
) -> list[_Piece]:
    window = np.ascontiguousarray(image[tile.y0 : tile.y1, tile.x0 : tile.x1])
    found = system.detect_masks(window, phrases)
    rows = zip(found.areas(window.shape[:2]), found.confidence, found.phrase, strict=True)
    return [_Piece(tile, mask, float(score), phrase) for mask, score, phrase in rows if mask.any()]


def _groups(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Return the pieces by region: those that are linked, directly or through others."""
    group_of = list(range(len(pieces)))
    for left, right in combinations(range(len(pieces)), 2):
        if group_of[left] != group_of[right] and _show_one_region(pieces[left], pieces[right]):
            old, new = group_of[right], group_of[left]
            group_of = [new if group == old else group for group in group_of]
    return [
        [piece for piece, group in zip(pieces, group_of, strict=True) if group == number]
        for number in dict.fromkeys(group_of)
    ]


def _show_one_region(left: _Piece, right: _Piece) -> bool:
    """Return whether two tiles' masks of one phrase agree where both tiles look."""
    x0, y0 = max(left.tile.x0, right.tile.x0), max(left.tile.y0, right.tile.y0)
    x1, y1 = min(left.tile.x1, right.tile.x1), min(left.tile.y1, right.tile.y1)
    if left.phrase != right.phrase or left.tile == right.tile or x0 >= x1 or y0 >= y1:
        return False
    both = Tile(x0, y0, x1, y1)
    one, other = _seen_in(left, both), _seen_in(right, both)
    return max(mask_containment(one, other), mask_containment(other, one)) >= SAME_FRACTION


def _seen_in(piece: _Piece, window: Tile) -> Mask:
    """Return a piece's mask in a window that lies within its tile."""
    rows = slice(window.y0 - piece.tile.y0, window.y1 - piece.tile.y0)
    columns = slice(window.x0 - piece.tile.x0, window.x1 - piece.tile.x0)
    return piece.mask[rows, columns]


def _confidence(group: Sequence[_Piece]) -> float:
    return max(piece.confidence for piece in group)


def _joined(group: Sequence[_Piece], shape: tuple[int, int]) -> Detections:
    """Return one region of (H, W) pixels: all that its pieces show, as sure as the surest."""
    mask = np.zeros(shape, dtype=np.bool_)
    for piece in group:
        tile = piece.tile
        mask[tile.y0 : tile.y1, tile.x0 : tile.x1] |= piece.mask
    confidence = np.array([_confidence(group)], np.float32)
    return Detections(box_of(mask), mask[None], confidence, (group[0].phrase,))


def _shown_by(
    tiled: Detections, whole: Detections, shape: tuple[int, int], least_iou: float
) -> NDArray[np.bool_]:
    """Return (N,) bool: which rows of `whole` a row of `tiled` with the same phrase overlaps."""
    iou = region_iou(join([tiled, whole], shape), least_iou)[: len(tiled), len(tiled) :]
    same = [[name == other for other in whole.phrase] for name in tiled.phrase]
    overlaps = (iou > least_iou) & np.array(same, np.bool_).reshape(iou.shape)
    return np.asarray(overlaps.any(axis=0), np.bool_)
