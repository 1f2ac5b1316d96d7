"""Chooses what of a photo is sent: all of it, scaled down, or a window that stays sharp.

A model's picture holds one or two megapixels. A 24-megapixel photo sent whole comes back at a
quarter of its resolution, and a defect of 0.1 % of it would be a smear of forty pixels. So where
the spec tells where the defect goes or how large it is, a window around that place is sent, at the
photo's own resolution if it fits.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from kizu.edit.regions import GUIDE_SIDE
from kizu.edit.sizing import CheapestSizes
from kizu.imaging.arrays import Mask
from kizu.imaging.geometry import Geometry, SizeChoice

Framing = Literal["auto", "whole"]

SHARP_ENOUGH: Final = 2 / 3
"""A photo that is scaled by this or less is sent whole: that loses less than the model."""

_WHOLE_ENOUGH: Final = 0.7
"""A window of this fraction of the photo or more gains next to nothing: the photo is sent whole."""

_REGION_MARGIN: Final = 1.5
"""The window's sides over the region's: the model needs to see what is around it."""

_DEFECT_MARGIN: Final = 4.0
"""The window's side over that of a square as large as the defect may be."""


@dataclass(frozen=True)
class CropTarget:
    """Where a defect goes, and how much of the photo must be seen around it; pixels of the photo.

    Attributes:
        centre: (x, y).
        width: Least width of the window.
        height: Least height of the window.
    """

    centre: tuple[float, float]
    width: float
    height: float


def plan_crop(
    source: tuple[int, int], rule: SizeChoice, target: CropTarget | None, framing: Framing = "auto"
) -> Geometry:
    """Plan the way from a photo to the model's picture.

    Args:
        source: (width, height) of the photo in pixels.
        rule: Chooses among the sizes the model accepts.
        target: Where the defect goes; None if that is open.
        framing: "whole" always sends the whole photo.

    Example:
        >>> from kizu.imaging.geometry import FixedSizes
        >>> rule = FixedSizes(((1024, 1024), (1536, 1024)))
        >>> plan_crop((6000, 4000), rule, None).scaled
        (1536, 1024)
        >>> plan_crop((6000, 4000), rule, CropTarget((4500, 1000), 600, 600)).crop
        (3988, 488, 1024, 1024)
    """
    whole = Geometry.fit(source, rule)
    if framing == "whole" or target is None or whole.scale >= SHARP_ENOUGH:
        return whole
    model = rule.best_size(math.ceil(target.width), math.ceil(target.height))
    window = _window(source, model, target)
    if window[2] * window[3] >= _WHOLE_ENOUGH * source[0] * source[1]:
        return whole
    # the window has the chosen size's shape already: now it need only be held
    framed = rule.rule if isinstance(rule, CheapestSizes) else rule
    return Geometry.window(source, window, framed)


def _window(
    source: tuple[int, int], model: tuple[int, int], target: CropTarget
) -> tuple[int, int, int, int]:
    """(x, y, width, height) of the model's aspect, at least as large as target and model."""
    factor = max(1.0, target.width / model[0], target.height / model[1])
    width = min(round(model[0] * factor), source[0])
    height = min(round(model[1] * factor), source[1])
    x = min(max(round(target.centre[0] - width / 2), 0), source[0] - width)
    y = min(max(round(target.centre[1] - height / 2), 0), source[1] - height)
    return x, y, width, height


def crop_target(
    source: tuple[int, int], region: Mask | None, area_fraction: float | None, draw: float
) -> CropTarget | None:
    """Find the window a defect needs.

    Args:
        source: (width, height) of the photo in pixels.
        region: (H, W) bool on any grid that covers the photo; None for anywhere.
        area_fraction: How much of the photo the defect covers at most; None if that is open.
        draw: In [0, 1); chooses among the places a small defect may have in its region.

    Returns:
        The target; None if neither region nor size narrow it down.
    """
    if region is not None and not region.any():
        return None
    if area_fraction is not None:
        return _around_defect(source, region, area_fraction, draw)
    return None if region is None else _around_region(source, region)


def _around_region(source: tuple[int, int], region: Mask) -> CropTarget:
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    x0, x1 = (edge * source[0] / region.shape[1] for edge in (columns[0], columns[-1] + 1))
    y0, y1 = (edge * source[1] / region.shape[0] for edge in (rows[0], rows[-1] + 1))
    centre = (float(x0 + x1) / 2, float(y0 + y1) / 2)
    return CropTarget(centre, _REGION_MARGIN * float(x1 - x0), _REGION_MARGIN * float(y1 - y0))


def _around_defect(
    source: tuple[int, int], region: Mask | None, area_fraction: float, draw: float
) -> CropTarget:
    side = _DEFECT_MARGIN * math.sqrt(area_fraction * source[0] * source[1])
    allowed = np.ones((GUIDE_SIDE, GUIDE_SIDE), bool) if region is None else region
    spots = np.flatnonzero(allowed)
    row, column = divmod(int(spots[int(draw * len(spots))]), allowed.shape[1])
    x = (column + 0.5) * source[0] / allowed.shape[1]
    y = (row + 0.5) * source[1] / allowed.shape[0]
    return CropTarget((x, y), side, side)
