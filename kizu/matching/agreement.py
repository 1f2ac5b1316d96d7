"""How well a picture agrees with a normal image once it lies on it: by registration, on pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.align.registration import MIN_SIDE_PX, register, warp_normal
from kizu.imaging.arrays import FloatMap, RgbImage
from kizu.imaging.geometry import Geometry
from kizu.matching.features import contrast_of

_SIDE_PX: Final = 192
"""Px of the long side: coarse detail, which models that redraw a picture keep; 256 told right from
foreign pictures no better and took half as long again."""
_MIN_CELLS: Final = 12  # textured cells of 8 px; the median of fewer is chance
_STRIP_LEVELS: Final = 12.0  # grey levels that JPEG moves a plain border by at most
_STRIP_FACTOR: Final = 3.0  # of the median row's difference; a foreign row differs by so much
_STRIP_ROWS: Final = 0.75  # of the rows of a strip that must
_MIN_STRIP_FRACTION: Final = 0.02  # of a side; at narrower ones nothing is learned from either
_STRIP_CORRELATION: Final = 0.3  # of the detail; a change of colour up to the edge keeps more
_FINE_SIDE_PX: Final = 128
"""Px of the long side at which blocks are counted; at 96 and 192 foreign pictures came closer."""
_BLOCK_PX: Final = 8  # px a side of a block; small ones are many, and a single edge fills few
_PLAIN_LEVELS: Final = 2.0  # grey levels, deviation; a block below it shows nothing


@dataclass(frozen=True)
class Agreement:
    """How well a picture agrees with a normal.

    Attributes:
        score: Median correlation of textured cells after registration, 0 to 1, so that a change of
            less than half of the texture does not count.
        deviations: How much oftener than by chance small blocks agree, in standard deviations of
            the sign test. Cells are blurred over their neighbours, and one edge that two pictures
            share fills many of them, but few blocks.
        foreign: Shares of the frame at its left, top, right and bottom that do not show the normal.
    """

    score: float
    deviations: float
    foreign: tuple[float, float, float, float]


_NONE: Final = Agreement(0.0, 0.0, (0.0, 0.0, 0.0, 0.0))


def agreement(normal: RgbImage, picture: RgbImage, geometry: Geometry) -> Agreement:
    """Return how well a picture agrees with its normal.

    Args:
        normal: (H, W, 3) uint8 RGB.
        picture: The picture as it came.
        geometry: The way from the normal to the picture.
    """
    pair = framed_pair(normal, picture, geometry, _SIDE_PX)
    if pair is None:
        return _NONE
    registration = register(*pair)
    cells = registration.agreement
    judged = cells[~np.isnan(cells)]
    if judged.size < _MIN_CELLS:
        return _NONE
    moved = warp_normal(pair[0], registration)
    score = float(np.clip(np.median(judged), 0, 1))
    return Agreement(score, _deviations(moved, pair[1]), _foreign_strips(moved, pair[1]))


def _foreign_strips(normal: RgbImage, picture: RgbImage) -> tuple[float, float, float, float]:
    """Return the shares at left, top, right and bottom where the picture shows something else."""
    here, there = (image[..., 0].astype(np.float32) for image in (normal, picture))
    sides = [np.rot90(np.stack([here, there]), -turns, axes=(1, 2)) for turns in (1, 0, 3, 2)]
    left, top, right, bottom = (_foreign_rows(first, second) for first, second in sides)
    return (left, top, right, bottom)


def _foreign_rows(here: FloatMap, there: FloatMap) -> float:
    """Return the share of rows (H, W), from the first on, that differ as a whole."""
    off = np.median(np.abs(here - there), axis=1)
    differs = off > max(_STRIP_FACTOR * float(np.median(off)), _STRIP_LEVELS)
    lead = np.cumsum(differs[: len(off) // 2] - _STRIP_ROWS)
    rows = int(np.argmax(lead)) + 1
    if lead[rows - 1] <= 0 or rows < _MIN_STRIP_FRACTION * len(off):
        return 0.0
    details = [part[:rows] - cv2.blur(part[:rows], (9, 9)) for part in (here, there)]
    together = float((details[0] * details[1]).sum())
    apart = float(np.linalg.norm(details[0]) * np.linalg.norm(details[1]))
    return rows / len(off) if together < _STRIP_CORRELATION * max(apart, 1.0) else 0.0


def _deviations(normal: RgbImage, picture: RgbImage) -> float:
    """Return how many more blocks correlate than by chance (sign test), both (H, W, 3) grey."""
    scale = min(_FINE_SIDE_PX / max(normal.shape), 1.0)
    size = round(normal.shape[1] * scale), round(normal.shape[0] * scale)
    here, there = (
        _without_slope(blocks_of(grey_at(image, size).astype(np.float32), _BLOCK_PX))
        for image in (normal, picture)
    )
    energy = np.maximum((here**2).sum(axis=1), (there**2).sum(axis=1))
    shown = energy > (_PLAIN_LEVELS * _BLOCK_PX) ** 2
    alike = (here * there).sum(axis=1)[shown]
    excess = np.count_nonzero(alike > 0) - np.count_nonzero(alike <= 0)
    return float(excess / np.sqrt(max(len(alike), 1)))


def _without_slope(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the plane through every block (N, 64) away: light falls off alike in many pictures."""
    along = np.arange(_BLOCK_PX) - (_BLOCK_PX - 1) / 2
    x, y = np.tile(along, _BLOCK_PX), np.repeat(along, _BLOCK_PX)
    plane = np.stack([np.ones(_BLOCK_PX**2), x, y], axis=1)
    plane /= np.linalg.norm(plane, axis=0)
    return np.asarray(blocks - blocks @ plane @ plane.T, np.float64)


def blocks_of(image: FloatMap, side_px: int) -> NDArray[np.float64]:
    """Cut a map (H, W) into whole blocks, (N, side * side) float64."""
    rows, columns = (side // side_px for side in image.shape)
    whole = image[: rows * side_px, : columns * side_px].astype(np.float64)
    cut = whole.reshape(rows, side_px, columns, side_px).transpose(0, 2, 1, 3)
    return cut.reshape(rows * columns, side_px**2)


def framed_pair(
    normal: RgbImage, picture: RgbImage, geometry: Geometry, side_px: int
) -> tuple[RgbImage, RgbImage] | None:
    """Return what both show of the same part, grey and of one size and contrast.

    Args:
        normal: (H, W, 3) uint8 RGB.
        picture: The picture as it came.
        geometry: The way from the normal to the picture.
        side_px: Long side of the result in px, at most; neither is enlarged much for it.

    Returns:
        Two (h, w, 3) uint8 pictures with three equal channels; None if the part is too small.
    """
    x, y, width, height = geometry.crop
    scale = min(side_px / max(width, height), 1.0)
    size = round(width * scale), round(height * scale)
    if min(size) < MIN_SIDE_PX:
        return None
    parts = (normal[y : y + height, x : x + width], geometry.sent_part(picture))
    here, there = at_one_contrast(parts, size)
    return here, there


def at_one_contrast(pictures: Sequence[RgbImage], size: tuple[int, int]) -> list[RgbImage]:
    """Return pictures as registration takes them: grey, of one size, stretched as the first is.

    Args:
        pictures: (H, W, 3) uint8 each.
        size: (width, height) of the results, in px.
    """
    greys = [grey_at(picture, size) for picture in pictures]
    contrast = contrast_of(greys[0])
    return [grey_to_rgb(contrast.stretch(grey)) for grey in greys]


def grey_at(image: RgbImage, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a picture as grey levels, (h, w) uint8, brought to (width, height)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def grey_to_rgb(grey: NDArray[np.uint8]) -> RgbImage:
    """Return grey levels (H, W) as a picture of three equal channels, as registration takes it."""
    return np.repeat(grey[..., None], 3, axis=2)
