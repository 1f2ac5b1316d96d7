"""Paints one defect onto a photo: place, crop, size and contrast, blend."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kizu.edit.painter.context import Window, grain_rad, measure_material, window_around
from kizu.edit.painter.defects import TRAITS, Traits
from kizu.edit.painter.foreground import Foreground, split_foreground
from kizu.edit.painter.kinds import DefectKind
from kizu.edit.painter.material import IS_OBJECT, DefectParameters
from kizu.edit.painter.noise_fields import Rng, blur, component_at, inside_distance, smooth_noise
from kizu.edit.painter.placement import (
    Placement,
    place_at_border,
    place_at_edge,
    place_on_object,
    place_on_whole_object,
)
from kizu.edit.painter.size_search import Attempt, Crop, paint_once, search_size
from kizu.edit.request import Severity
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

_MIN_SIDE_PX: Final = 32  # by eye: below, the smallest defect of every kind is a few pixels
_MIN_AREA_PX: Final = 6.0  # by eye: of fewer pixels no kind can be told
_SLENDERNESS: Final = 45.0  # squared length per area; the least of scratches, under it a bar
_OBJECT_ROOM: Final = 1.5  # defect areas its object must offer; by eye: less leaves a sliver of it
_OUTLINE_BLUR_PX: Final = 1.0  # and of the blurred object:
_OUTLINE_GAIN: Final = 2  # opacity 2 x - 0.5, full from a pixel inside the outline,
_OUTLINE_OFFSET: Final = 0.5  # none from a pixel outside
_LINE_ROOM: Final = 0.5  # of a line's crop must be free: half of it lies on each side of the centre
_ROUND_ROOM: Final = 1.3  # radii free around a round defect; by eye: its irregular border fits
_NATURAL_SLACK: Final = 0.8  # of an area cut to its place that still suits
_NEIGHBOURHOOD: Final = 0.6  # defect sizes around its centre: its own ground and a little around
_NEIGHBOURHOOD_PX: Final = 4  # more, so that a median has some pixels
_CROP_MARGIN_PX: Final = 8  # for blurs and shadows at the crop's border
_CROP_GROWTH: Final = 1.8  # times the area, room for a search that enlarges
_CROP_SPAN: Final = 0.7  # of the extent that fits a line; half of it lies each way, so 0.5 and some
_FADE_PX: Final = 2.5  # over which paint fades before a region ends; by eye: soft, no halo
_FADE_FRACTION: Final = 0.5  # of a region's depth at most, or a small one would get no defect
_RAGGEDNESS: Final = 0.12  # of a region's depth; by eye: a straight end gives the region away


@dataclass(frozen=True)
class Look:
    """What a severity means.

    Attributes:
        area_part: The part of the range of areas that is drawn from, in logarithms (min, max).
        contrast: Multiplies lightness steps and depths.
        breadth: Multiplies the width of lines, whose area stays.
    """

    area_part: tuple[float, float]
    contrast: float
    breadth: float


# By eye on magnetic tiles and photographs: slight is found when one looks for it, severe at once.
LOOKS: Final[Mapping[Severity | None, Look]] = {
    None: Look((0.0, 1.0), 1.0, 1.0),
    Severity.SLIGHT: Look((0.0, 0.4), 0.6, 0.7),
    Severity.MODERATE: Look((0.25, 0.75), 1.0, 1.0),
    Severity.SEVERE: Look((0.6, 1.0), 1.5, 1.4),
}


@dataclass(frozen=True, eq=False)
class Painting:
    """A photo with a painted defect.

    Attributes:
        image: (H, W, 3) uint8.
        truth: (H, W) bool, true where the defect visibly changed the photo.
    """

    image: RgbImage
    truth: Mask


def paint(
    image: RgbImage,
    kind: DefectKind,
    seed: int,
    *,
    region: Mask | None = None,
    area_fraction: tuple[float, float] | None = None,
    severity: Severity | None = None,
    branched: bool | None = None,
) -> Painting:
    """Paint one defect onto a photo; equal arguments give equal bits.

    Args:
        image: (H, W, 3) uint8 RGB, at least 32 pixels a side.
        kind: What to paint.
        seed: Non-negative; chooses place, shape and shade.
        region: (H, W) bool; nothing outside it changes. None allows the whole photo.
        area_fraction: (min, max) fraction of the photo that the truth should cover; where the
            region is too small for it, as much as fits. None takes what is usual for the kind.
        severity: How much it catches the eye: its contrast, its breadth, and where in the range its
            area lies. None draws the area from the whole range, at a moderate contrast.
        branched: Whether a crack branches; None lets it be drawn.

    Returns:
        The painted photo and the mask of its visible change.

    Raises:
        ValueError: If an argument has a shape or value that cannot be painted.
    """
    _check(image, seed, region, area_fraction)
    traits, rng = TRAITS[kind], _rng(seed, kind, "place")
    low, high = (
        fraction * image[..., 0].size for fraction in area_fraction or traits.area_fraction
    )
    look = LOOKS[severity]
    part = rng.uniform(*look.area_part)
    area_px = max(float(np.exp(np.log(low) + part * (np.log(high) - np.log(low)))), _MIN_AREA_PX)
    foreground = split_foreground(image, region)
    whole_grain = grain_rad(foreground.lab[..., 0])
    placement = _within_region(
        _choose_placement(foreground, traits, area_px, (low, high), whole_grain, rng), region
    )
    if area_fraction is None:
        area_px = min(area_px, _natural_limit_px(placement, traits))
        low = min(low, _NATURAL_SLACK * area_px)
    area_px = placement.object_area_px or area_px
    window = window_around(
        placement.x, placement.y, _reach_px(placement, traits, area_px), image.shape
    )
    neighbourhood_px = _NEIGHBOURHOOD * float(np.sqrt(area_px)) + _NEIGHBOURHOOD_PX
    material = measure_material(
        image, foreground, window, placement, neighbourhood_px=neighbourhood_px, rng=rng
    )
    crop = Crop(image[window], material, region_opacity(region, window, rng))
    if traits.on_object and foreground.has_objects:
        crop = _within_object(crop, _parameters(placement, window, area_px))

    def draw(params: DefectParameters) -> Attempt:
        return paint_once(crop, traits.draw, params, _rng(seed, kind, "draw"))

    enough = material.contrast * traits.contrast * look.contrast
    params = replace(
        _parameters(placement, window, area_px),
        strength=look.contrast,
        breadth=look.breadth,
        branched=branched,
        grain_rad=grain_rad(material.lab[..., 0]) if traits.elongated else None,
    )
    best = search_size(draw, params, (low, high), enough)
    return _pasted(image, window, best)


def _check(
    image: RgbImage, seed: int, region: Mask | None, area_fraction: tuple[float, float] | None
) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"image is {image.dtype} {image.shape}; pass (H, W, 3) uint8 RGB")
    if min(image.shape[:2]) < _MIN_SIDE_PX:
        raise ValueError(
            f"image is {image.shape[1]}x{image.shape[0]} pixels; painting needs at least "
            f"{_MIN_SIDE_PX} a side, so enlarge it first"
        )
    if seed < 0:
        raise ValueError(f"seed is {seed}; pass 0 or more")
    if region is not None and region.shape != image.shape[:2]:
        raise ValueError(f"region is {region.shape}, image {image.shape[:2]}; make them equal")
    if region is not None and not region.any():
        raise ValueError("region is empty; mark at least one pixel, or pass None for all")
    if area_fraction is not None and not 0 < area_fraction[0] <= area_fraction[1] <= 1:
        raise ValueError(f"area_fraction is {area_fraction}; pass 0 < min <= max <= 1")


def _rng(seed: int, kind: DefectKind, purpose: str) -> Rng:
    """An independent stream for one purpose."""
    name = int.from_bytes(f"{kind}/{purpose}".encode(), "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, name))))


def _choose_placement(
    foreground: Foreground,
    traits: Traits,
    area_px: float,
    bounds_px: tuple[float, float],
    whole_grain: float | None,
    rng: Rng,
) -> Placement:
    """A place that suits the kind."""
    radius = float(np.sqrt(area_px / np.pi))
    placement = place_on_whole_object(foreground, bounds_px, rng) if traits.whole_object else None
    if traits.at_edge and rng.random() < traits.at_edge:
        placement = place_at_edge(foreground, radius, rng)
        if placement is None and traits.at_border:
            way = None if whole_grain is None else whole_grain + np.pi * int(rng.integers(2))
            placement = place_at_border(
                foreground, radius, rng, near_rad=way if traits.elongated else None
            )
    half = (
        _LINE_ROOM * traits.reach * np.sqrt(area_px) if traits.elongated else _ROUND_ROOM * radius
    )
    return placement or place_on_object(foreground, float(half), rng, elongated=traits.elongated)


def _within_region(placement: Placement, region: Mask | None) -> Placement:
    """The place, moved to the region's nearest pixel where the reduced picture missed it."""
    if region is None or region[round(placement.y), round(placement.x)]:
        return placement
    rows, columns = np.nonzero(region)
    nearest = int(np.argmin((rows - placement.y) ** 2 + (columns - placement.x) ** 2))
    return replace(placement, x=float(columns[nearest]), y=float(rows[nearest]))


def _natural_limit_px(placement: Placement, traits: Traits) -> float:
    """The largest area that does not look squeezed at a place."""
    if traits.elongated:
        return max(placement.span_px**2 / _SLENDERNESS, _MIN_AREA_PX)
    return max(float(np.pi) * placement.room_px**2, _MIN_AREA_PX)


def _reach_px(placement: Placement, traits: Traits, area_px: float) -> float:
    """Half the side of the crop that a defect of an area needs, with room to grow."""
    reach = traits.reach * float(np.sqrt(_CROP_GROWTH * area_px))
    return _CROP_MARGIN_PX + (
        min(reach, _CROP_SPAN * placement.span_px) if traits.elongated else reach
    )


def _parameters(placement: Placement, window: Window, area_px: float) -> DefectParameters:
    """The place in the crop's own pixels."""
    return DefectParameters(
        x=placement.x - window.columns.start,
        y=placement.y - window.rows.start,
        angle_rad=placement.angle_rad,
        area_px=area_px,
        span_px=placement.span_px,
        at_edge=placement.at_edge,
        at_border=placement.at_border,
        whole_object=placement.object_area_px is not None,
    )


def region_opacity(region: Mask | None, window: Window, rng: Rng) -> FloatMap | None:
    """Return an opacity that fades to nothing before a region ends, along an uneven line.

    Args:
        region: (H, W) bool; None for the whole photo.
        window: The part of the photo that is asked for.
        rng: Source of the unevenness.

    Returns:
        The window's (h, w) float32 in [0, 1]; None where there is no region.
    """
    if region is None:
        return None
    inside = inside_distance(region)[window]
    deepest = max(float(inside.max()), 1.0)
    shape = (inside.shape[0], inside.shape[1])
    uneven = _RAGGEDNESS * deepest * np.abs(smooth_noise(shape, deepest, rng))
    return np.asarray(
        np.clip((inside - uneven) / min(_FADE_PX, _FADE_FRACTION * deepest), 0, 1), np.float32
    )


def _within_object(crop: Crop, params: DefectParameters) -> Crop:
    """The crop with painting kept to the object at the place, if one large enough is there."""
    objects = crop.material.objects > IS_OBJECT
    own = component_at(objects, params.x, params.y)
    if not objects[int(params.y), int(params.x)] or own.sum() < _OBJECT_ROOM * params.area_px:
        return crop
    soft = blur(own.astype(np.float32), _OUTLINE_BLUR_PX)
    opacity = np.clip(_OUTLINE_GAIN * soft - _OUTLINE_OFFSET, 0, 1)
    return replace(crop, allowed=opacity * (1 if crop.allowed is None else crop.allowed))


def _pasted(image: RgbImage, window: Window, attempt: Attempt) -> Painting:
    """The photo with the painted crop, and the mask in the photo's frame."""
    painted, truth = image.copy(), np.zeros(image.shape[:2], bool)
    painted[window] = attempt.rgb
    truth[window] = attempt.truth
    return Painting(painted, truth)
