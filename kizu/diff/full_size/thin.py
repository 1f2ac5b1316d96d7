"""A second look at a large picture, at full size: what is too thin for the working size.

What the working size explained gives no seeds. Whatever hangs together with a seed is grown and
outlined as at the finest scale of a small picture, in windows, so that memory stays bounded.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.evidence.scale_evidence import FINE
from kizu.diff.full_size.evidence import FullSizeEvidence
from kizu.diff.full_size.pair import FullSizePair
from kizu.diff.full_size.tiles import TILE_PX, Tile, each, enlarge_part, split, tiles_of
from kizu.diff.segment.components import joined_components, labels_within
from kizu.diff.segment.hysteresis import (
    EXPLAINED_MARGIN_PX,
    FAINT_SEED_FRACTION,
    GROW_FRACTION,
    MIN_SEED_AREA,
    PEAK_REACH_PX,
    near_peak,
    upper_level,
)
from kizu.diff.segment.outline import refine
from kizu.diff.segment.small_components import drop_specks, least_peak, peak_of
from kizu.imaging.arrays import Mask
from kizu.imaging.morphology import dilate
from kizu.imaging.slices import Slices, grown

_JOIN_PX = 8  # px; pieces within twice as far are one find; x0.7 to x1.4 no effect
_PAD_PX = 40  # px around a find, to outline it; x0.7 to x1.4 no effect
_WINDOW_PX = 1536  # px a side of a find's part; for memory
_FAINT, _CERTAIN = 2, 3  # levels of a pixel: a seed beside something certain, or on its own


def find_thin(
    pair: FullSizePair,
    evidence: FullSizeEvidence,
    explained: Mask,
    strongest: float,
    min_area_px: int,
    threads: int,
) -> Mask:
    """What the working size missed, with its outlines; (H, W) bool.

    Args:
        pair: The pictures.
        evidence: Of the fine scale at full size.
        explained: (h, w) bool, the mask of the working size.
        strongest: Peak of that mask, in thresholds.
        min_area_px: Smallest component to keep.
        threads: Tiles at a time.
    """
    levels = _levels(evidence, explained, threads)
    seed = _FAINT if explained.any() or bool((levels == _CERTAIN).any()) else _CERTAIN
    mask = np.zeros(levels.shape, np.bool_)
    if not (levels >= seed).any():
        return mask
    pieces = _pieces(_grown(evidence, levels, seed, threads), evidence, min_area_px, threads)
    least = least_peak(max([strongest, *(piece.peak for piece in pieces)]))
    kept = [piece for piece in pieces if piece.peak > 0 and piece.peak >= least]

    def outline(piece: _Piece) -> Mask:
        predicted, edited = pair.part(piece.slices)
        return refine(piece.mask, edited - predicted, predicted) & pair.valid(piece.slices)

    for piece, outlined in zip(kept, each(outline, kept, threads), strict=True):
        mask[piece.slices] |= outlined
    return mask


def _levels(evidence: FullSizeEvidence, explained: Mask, threads: int) -> NDArray[np.uint8]:
    """Of every pixel, whether it is a candidate, a faint seed or a certain one: 1, 2, 3; (H, W)."""
    shape = evidence.z.shape
    levels = np.zeros(shape, np.uint8)
    around = dilate(explained, EXPLAINED_MARGIN_PX).astype(np.float32)

    def level(tile: Tile) -> None:
        fraction = evidence.z[tile.core] / np.float32(evidence.threshold)
        free = enlarge_part(around, shape, tile.core) == 0
        seeds = (fraction > FAINT_SEED_FRACTION).astype(np.uint8) + (fraction > 1)
        levels[tile.core] = (fraction > GROW_FRACTION) + free * seeds

    each(level, tiles_of(shape, TILE_PX, 0), threads)
    return levels


def _grown(evidence: FullSizeEvidence, levels: NDArray[np.uint8], seed: int, threads: int) -> Mask:
    """Candidates that hang together with a seed and reach a share of their local peak; (H, W)."""
    labels, seeded = _seeded(levels, seed)
    found, mask = np.zeros(levels.shape, np.bool_), np.zeros(levels.shape, np.bool_)

    def choose(tile: Tile) -> None:
        found[tile.core] = seeded[labels[tile.core]]

    tiles = tiles_of(levels.shape, TILE_PX, PEAK_REACH_PX)
    each(choose, tiles, threads)
    if not found.any():
        return mask
    inside = np.asarray(labels[found], np.int32)
    least = FINE.level_fraction * upper_level(evidence.z[found], inside, len(seeded))

    def cut(tile: Tile) -> None:
        if found[tile.core].any():
            part = found[tile.around]
            high = near_peak(evidence.z[tile.around], part, least[labels[tile.around]])
            mask[tile.core] = (part & high)[tile.inner]

    each(cut, tiles, threads)
    return mask


def _seeded(levels: NDArray[np.uint8], seed: int) -> tuple[NDArray[np.int32], Mask]:
    """Labels (H, W) of connected candidates, and whether each of them (count,) holds a seed."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (levels > 0).view(np.uint8), connectivity=8
    )
    seeded = labels_within(labels, count, levels >= seed)
    seeded &= stats[:, cv2.CC_STAT_AREA] >= MIN_SEED_AREA
    return np.asarray(labels, np.int32), seeded


@dataclass(frozen=True, eq=False)
class _Piece:
    """A find, or a window's part of a large one, and its peak in thresholds."""

    slices: Slices
    mask: Mask
    peak: float


def _pieces(
    found: Mask, evidence: FullSizeEvidence, min_area_px: int, threads: int
) -> list[_Piece]:
    """Components that are no specks, in windows of bounded size."""
    labels, places = joined_components(found, _JOIN_PX)
    windows = [
        (index, grown(window, _PAD_PX, found.shape))
        for index, slices in enumerate(places, start=1)
        for window in split(slices, _WINDOW_PX)
    ]

    def piece(item: tuple[int, Slices]) -> _Piece:
        index, slices = item
        evidence_ratio = np.asarray(evidence.z[slices] / np.float32(evidence.threshold), np.float32)
        part = drop_specks(found[slices] & (labels[slices] == index), evidence_ratio, min_area_px)
        return _Piece(slices, part, peak_of(part, evidence_ratio))

    return each(piece, windows, threads)
