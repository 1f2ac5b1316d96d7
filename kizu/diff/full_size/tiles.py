"""A large picture in tiles: bounded memory, and the same answer whatever the tiles' size."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeVar

import cv2
import numpy as np
from threadpoolctl import ThreadpoolController

from kizu.cores import on_cores
from kizu.imaging.arrays import FloatMap
from kizu.imaging.slices import Slices

TILE_PX: Final = 768
"""Side of a tile, for memory; even, as the fine scale's noise is of every second pixel."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Tile:
    """A part of a picture that is worked on at a time.

    Attributes:
        core: The part that the tile answers for.
        around: The core and what it takes to judge it, within the picture.
        inner: Where the core lies in `around`.
    """

    core: Slices
    around: Slices
    inner: Slices


def tiles_of(shape: tuple[int, ...], side_px: int, margin_px: int) -> list[Tile]:
    """Cover a picture with tiles.

    Args:
        shape: (H, W) or more.
        side_px: Largest side of a core.
        margin_px: How far a tile looks beyond its core.

    Example:
        >>> [tile.inner[1] for tile in tiles_of((4, 10), 6, 2)]
        [slice(0, 6, None), slice(2, 6, None)]
    """
    spans = [_spans(length, side_px, margin_px) for length in shape[:2]]
    return [
        Tile((r.core, c.core), (r.around, c.around), (r.inner, c.inner))
        for r in spans[0]
        for c in spans[1]
    ]


@dataclass(frozen=True)
class _Span:
    core: slice
    around: slice
    inner: slice


def _spans(length: int, side_px: int, margin_px: int) -> list[_Span]:
    found = []
    for start in range(0, length, side_px):
        stop = min(start + side_px, length)
        first, last = max(start - margin_px, 0), min(stop + margin_px, length)
        found.append(
            _Span(slice(start, stop), slice(first, last), slice(start - first, stop - first))
        )
    return found


def split(slices: Slices, side_px: int) -> list[Slices]:
    """A part in pieces of a bounded size."""
    shape = [part.stop - part.start for part in slices]
    top, left = slices[0].start, slices[1].start
    return [
        (
            slice(top + tile.core[0].start, top + tile.core[0].stop),
            slice(left + tile.core[1].start, left + tile.core[1].stop),
        )
        for tile in tiles_of(tuple(shape), side_px, 0)
    ]


def enlarge_part(grid: FloatMap, shape: tuple[int, ...], slices: Slices) -> FloatMap:
    """A part of the bilinear enlargement of a grid.

    Args:
        grid: (h, w) or (h, w, C) float32 over the whole picture.
        shape: (H, W) of the picture.
        slices: Which part of the picture.
    """
    rows, columns = (
        (np.arange(part.start, part.stop, dtype=np.float32) + np.float32(0.5))
        * np.float32(cells / length)
        - np.float32(0.5)
        for part, cells, length in zip(slices, grid.shape, shape, strict=False)
    )
    x, y = np.meshgrid(columns, rows)
    part = cv2.remap(grid, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(part, np.float32)


def each(work: Callable[[Item], Answer], items: Iterable[Item], threads: int) -> list[Answer]:
    """Do one thing to all items, some at a time; answers in the items' order."""
    with limited_threads(1):
        return list(on_cores(work, items, threads))


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Hold OpenCV to a number of threads and BLAS to one, and give back what was set.

    The systems of equations solved here are small: with more threads BLAS spends most of its time
    waiting for its own, and takes several times the CPU time for the same bits.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        with _thread_pools().limit(limits=1, user_api="blas"):
            yield
    finally:
        cv2.setNumThreads(before)


@cache
def _thread_pools() -> ThreadpoolController:
    """Return the numerical libraries of this process; looking for them takes milliseconds."""
    return ThreadpoolController()
