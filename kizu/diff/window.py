"""Compares a part of two pictures: of a large photo the editor may have seen no more than that.

Outside of the window the pictures are the same photo. Compared as a whole they would look perfectly
registered, and the drift inside the window would pass for change.
"""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kizu.diff.api import diff_mask
from kizu.diff.result import Affine, DiffResult, Region
from kizu.diff.settings import DiffSettings
from kizu.imaging.arrays import Mask, RgbImage

Scalar = TypeVar("Scalar", bound=np.generic)

Window = tuple[int, int, int, int]
"""(x, y, width, height) in pixels."""


def diff_window(
    normal: RgbImage,
    edited: RgbImage,
    window: Window,
    settings: DiffSettings | None = None,
    *,
    region: Mask | None = None,
) -> DiffResult:
    """Find where an edited image differs from its normal image inside a window.

    Args:
        normal: (H, W, 3) uint8 RGB.
        edited: The same shape.
        window: The part that was edited.
        settings: What counts as a change.
        region: (H, W) bool, where the edit was asked for.

    Returns:
        The answer of ``diff_mask`` for the window, on the whole image's grid; outside the window
        nothing is changed.
    """
    if window == (0, 0, normal.shape[1], normal.shape[0]):
        return diff_mask(normal, edited, settings, region=region)
    x, y, width, height = window
    part = (slice(y, y + height), slice(x, x + width))
    inside = None if region is None else region[part]
    found = diff_mask(
        np.ascontiguousarray(normal[part]),
        np.ascontiguousarray(edited[part]),
        settings,
        region=inside if inside is not None and inside.any() else None,
    )
    return _lifted(found, x, y, normal.shape[:2])


def _lifted(found: DiffResult, x: int, y: int, shape: tuple[int, ...]) -> DiffResult:
    return replace(
        found,
        anomaly_map=_placed(found.anomaly_map, x, y, shape),
        mask=_placed(found.mask, x, y, shape),
        normal_from_edited=_shifted(found.normal_from_edited, x, y),
        regions=tuple(_moved(region, x, y) for region in found.regions),
    ).with_judged(~_placed(~found.judged, x, y, shape))


def _placed(part: NDArray[Scalar], x: int, y: int, shape: tuple[int, ...]) -> NDArray[Scalar]:
    whole = np.zeros(shape, part.dtype)
    whole[y : y + part.shape[0], x : x + part.shape[1]] = part
    return whole


def _shifted(affine: Affine, x: int, y: int) -> Affine:
    """The same map for coordinates that start at the whole image's corner."""
    corner = np.array([x, y], np.float64)
    shifted = affine.copy()
    shifted[:, 2] += corner - affine[:, :2] @ corner
    return shifted


def _moved(region: Region, x: int, y: int) -> Region:
    x0, y0, x1, y1 = region.xyxy
    return replace(region, xyxy=(x0 + x, y0 + y, x1 + x, y1 + y))
