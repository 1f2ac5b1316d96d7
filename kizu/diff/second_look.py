"""A second look at a large picture, at full size: what is too thin for the working size.

The fine scale's evidence is gathered tile by tile, with a noise floor and a law of block maxima of
its own over all tiles, so that the stated false-alarm rate holds for the picture as a whole. What
the working size explained gives no seeds.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from kizu.arrays import FloatMap, Mask
from kizu.diff.decision import GROW_SHARE, MIN_SEED_AREA, near_peak, upper_level
from kizu.diff.evidence import (
    FINE,
    FINE_DOUBT_SHARE,
    REGION_MARGIN_PX,
    USUAL_THRESHOLD,
    Suspicion,
    fine_figures,
)
from kizu.diff.extremes import tail_law
from kizu.diff.filters import dilate, disc, enlarge, gaussian
from kizu.diff.full_size import FullSizePair
from kizu.diff.noise import noise_level
from kizu.diff.outline import drop_specks, least_peak, refine
from kizu.diff.tiles import Box, Tile, each, enlarge_part, grown, tiles_of

TILE_PX = 768
"""Side of a tile; even, as the fine scale's noise is measured on every second pixel."""

_MARGIN_PX = 48
_JOIN_PX = 8
_PAD_PX = 40
_EXPLAINED_MARGIN_PX = 2
_CANDIDATE, _FAINT, _CERTAIN = 1, 2, 3
_FAINT_SEED_SHARE = 0.6


@dataclass(frozen=True, eq=False)
class FullSizeEvidence:
    """Evidence of the fine scale over a whole large picture.

    Attributes:
        z: (H, W) float32 evidence in noise-floor units.
        noise: (ceil(H / 2), ceil(W / 2)) float32 delta E, noise floor of every second pixel.
        threshold: Evidence that unchanged pictures reach with the false-alarm rate only.
    """

    z: FloatMap
    noise: FloatMap
    threshold: float


def gather(
    pair: FullSizePair,
    doubt: FloatMap,
    explained: Mask,
    suspicion: Suspicion,
    threads: int,
) -> FullSizeEvidence:
    """Measure the fine scale's evidence, tile by tile.

    Args:
        pair: The pictures.
        doubt: (h, w) float32 delta E of uncertain colour correction.
        explained: (h, w) bool, the mask of the working size.
        suspicion: What counts as evidence; its region at the working size.
        threads: Tiles at a time.
    """
    shape = pair.edited.shape[:2]
    half = ((shape[0] + 1) // 2, (shape[1] + 1) // 2)
    around = _around(explained)
    z, valid = np.empty(shape, np.float32), np.empty(shape, np.bool_)
    size, busy = np.empty(half, np.float32), np.empty(half, np.float32)
    tiles = tiles_of(shape, TILE_PX, _MARGIN_PX)

    def measure(tile: Tile) -> None:
        here = tuple(slice(part.start // 2, (part.stop + 1) // 2) for part in tile.core)
        z[tile.core], size[here], busy[here] = _figures(pair, tile)
        valid[tile.core] = pair.valid(tile.core)

    each(measure, tiles, threads)
    noise = noise_level(size, busy, valid[::2, ::2])
    del size, busy
    noise += np.float32(FINE_DOUBT_SHARE) * enlarge(doubt, half)
    visible = FINE.visible_share * suspicion.visible_delta_e
    np.maximum(noise, np.float32(visible / USUAL_THRESHOLD), out=noise)

    def judge(tile: Tile) -> None:
        z[tile.core] *= valid[tile.core] / noise_part(noise, tile)[tile.inner]
        valid[tile.core] &= enlarge_part(around, shape, tile.core) == 0

    each(judge, tiles, threads)
    law = tail_law(z, valid)
    threshold = law.threshold(suspicion.false_alarm_rate)
    least = np.float32(visible / threshold)
    favour, wanted = 0.0, np.zeros((1, 1), np.float32)
    if suspicion.region is not None and suspicion.region.any():
        wanted = dilate(suspicion.region, REGION_MARGIN_PX).astype(np.float32)
        inside = law.threshold(suspicion.false_alarm_rate, float(wanted.mean()))
        favour = threshold / inside - 1

    def finish(tile: Tile) -> None:
        part = noise_part(noise, tile)[tile.inner]
        z[tile.core] *= part / np.maximum(part, least)
        if favour > 0:
            z[tile.core] *= 1 + np.float32(favour) * enlarge_part(wanted, shape, tile.core)

    each(finish, tiles, threads)
    return FullSizeEvidence(z, noise, threshold)


def _around(explained: Mask) -> FloatMap:
    return dilate(explained, _EXPLAINED_MARGIN_PX).astype(np.float32)


def _figures(pair: FullSizePair, tile: Tile) -> tuple[FloatMap, FloatMap, FloatMap]:
    """The fine scale's figures of a tile's core."""
    odd = [(0, (part.stop - part.start) % 2) for part in tile.around]
    predicted, edited = (
        np.pad(image, [*odd, (0, 0)], mode="edge") for image in pair.part(tile.around)
    )
    excess, size, busy = fine_figures(predicted, edited)
    half = tuple(slice(part.start // 2, (part.stop + 1) // 2) for part in tile.inner)
    return excess[tile.inner], size[half], busy[half]


def noise_part(noise: FloatMap, tile: Tile) -> FloatMap:
    """The noise floor around a tile at full size, from that of every second pixel."""
    half = tuple(slice(part.start // 2, (part.stop + 1) // 2) for part in tile.around)
    part = noise[half]
    height, width = (part.stop - part.start for part in tile.around)
    return enlarge(part, (2 * part.shape[0], 2 * part.shape[1]))[:height, :width]


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
        strongest: Peak of that mask's regions, in thresholds.
        min_area_px: Smallest region to keep.
        threads: Tiles at a time.
    """
    levels = _levels(evidence, explained, threads)
    seed = _FAINT if explained.any() or bool((levels == _CERTAIN).any()) else _CERTAIN
    mask = np.zeros(levels.shape, np.bool_)
    if not (levels >= seed).any():
        return mask
    found = _grown(evidence, levels, seed, threads)
    joined = cv2.dilate(found.view(np.uint8), disc(_JOIN_PX))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    boxes = [(index, _box(stats[index])) for index in range(1, len(stats))]

    def piece(item: tuple[int, Box]) -> tuple[Box, Mask, float]:
        box = grown(item[1], _PAD_PX, mask.shape)
        part = found[box] & (labels[box] == item[0])
        strength = evidence.z[box] / np.float32(evidence.threshold)
        part = drop_specks(part, strength, min_area_px)
        peak = float(gaussian(strength, 1.0)[part].max()) if part.any() else 0.0
        return box, part, peak

    pieces = each(piece, boxes, threads)
    least = least_peak(max([strongest, *(peak for *_, peak in pieces)]))

    def outline(item: tuple[Box, Mask, float]) -> Mask:
        box, part, _ = item
        predicted, edited = pair.part(box)
        return refine(part, edited - predicted) & pair.valid(box)

    kept = [item for item in pieces if item[1].any() and item[2] >= least]
    for (box, *_), outlined in zip(kept, each(outline, kept, threads), strict=True):
        mask[box] |= outlined
    return mask


def _box(stats: np.ndarray) -> Box:
    left, top, width, height = (int(n) for n in stats[:4])
    return slice(top, top + height), slice(left, left + width)


def _levels(evidence: FullSizeEvidence, explained: Mask, threads: int) -> np.ndarray:
    """Of every pixel, whether it is a candidate, a faint seed or a certain one; (H, W) uint8."""
    shape = evidence.z.shape
    levels = np.zeros(shape, np.uint8)
    around = _around(explained)

    def level(tile: Tile) -> None:
        share = evidence.z[tile.core] / np.float32(evidence.threshold)
        free = enlarge_part(around, shape, tile.core) == 0
        seeds = (share > _FAINT_SEED_SHARE).astype(np.uint8) + (share > 1)
        levels[tile.core] = (share > GROW_SHARE) + free * seeds

    each(level, tiles_of(shape, TILE_PX, 0), threads)
    return levels


def _grown(evidence: FullSizeEvidence, levels: np.ndarray, seed: int, threads: int) -> Mask:
    """Candidates that hang together with a seed and reach a share of their local peak."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (levels > 0).view(np.uint8), connectivity=8
    )
    seeded = np.zeros(count, np.bool_)
    seeded[labels[levels >= seed]] = True
    seeded &= stats[:, cv2.CC_STAT_AREA] >= MIN_SEED_AREA
    seeded[0] = False
    found = np.zeros(levels.shape, np.bool_)
    mask = np.zeros(levels.shape, np.bool_)
    tiles = tiles_of(levels.shape, TILE_PX, _JOIN_PX)

    def gather_seeded(tile: Tile) -> None:
        found[tile.core] = seeded[labels[tile.core]]

    each(gather_seeded, tiles, threads)
    least = FINE.level_share * upper_level(evidence.z[found], labels[found], count)

    def cut(tile: Tile) -> None:
        if found[tile.core].any():
            part = found[tile.around]
            high = near_peak(evidence.z[tile.around], part, least[labels[tile.around]])
            mask[tile.core] = (part & high)[tile.inner]

    each(cut, tiles, threads)
    return mask
