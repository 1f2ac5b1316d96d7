"""Painting one defect onto a photo: place, paint a crop, fit size and contrast, blend."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kizu.edit.painter.context import Window, survey, window_around
from kizu.edit.painter.defects import TRAITS, Traits
from kizu.edit.painter.foreground import Scene, read_scene
from kizu.edit.painter.kinds import DefectKind
from kizu.edit.painter.material import Ask
from kizu.edit.painter.noise_fields import Rng, blur, component_at, inside_distance, smooth_noise
from kizu.edit.painter.placement import Placement, place, place_at_edge, place_on_whole_object
from kizu.edit.painter.size_search import Attempt, Canvas, attempt_once, fitted
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

PAINTER_VERSION: Final = "2"
"""Goes into request keys; another version paints other pixels."""

_MIN_SIDE_PX: Final = 32
_MIN_AREA_PX: Final = 6.0
_SLENDERNESS: Final = 45.0  # squared length per area, at which a line still looks like one
_OBJECT_ROOM: Final = 1.5  # areas of the defect that its object must offer


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
) -> Painting:
    """Paint one defect onto a photo; equal arguments give equal bits.

    Args:
        image: (H, W, 3) uint8 RGB, at least 32 pixels a side.
        kind: What to paint.
        seed: Non-negative; chooses place, shape and shade.
        region: (H, W) bool; nothing outside it changes. None allows the whole photo.
        area_fraction: (min, max) share of the photo that the truth should cover; where the region
            is too small for it, as much as fits. None takes what is usual for the kind.

    Returns:
        The painted photo and the mask of its visible change.

    Raises:
        ValueError: If an argument has a shape or value that cannot be painted.
    """
    _check(image, seed, region, area_fraction)
    traits, rng = TRAITS[kind], _rng(seed, kind, "place")
    low, high = (share * image[..., 0].size for share in area_fraction or traits.area_fraction)
    area_px = max(float(np.exp(rng.uniform(np.log(low), np.log(high)))), _MIN_AREA_PX)
    scene = read_scene(image, region)
    spot = _within_region(_spot(scene, traits, area_px, (low, high), rng), region)
    if area_fraction is None:
        area_px = min(area_px, _natural_limit_px(spot, traits))
        low = min(low, 0.8 * area_px)
    area_px = spot.object_area_px or area_px
    window = window_around(spot.x, spot.y, _reach_px(spot, traits, area_px), image.shape)
    near_px = 0.6 * float(np.sqrt(area_px)) + 4
    surface = survey(image, scene, window, spot, near_px=near_px, rng=rng)
    canvas = Canvas(image[window], surface, _allowance(region, window, rng))
    if traits.on_object and scene.has_objects:
        canvas = _within_object(canvas, _ask(spot, window, area_px))

    def draw(ask: Ask) -> Attempt:
        return attempt_once(canvas, traits.draw, ask, _rng(seed, kind, "draw"))

    enough = surface.contrast * traits.contrast
    best = fitted(draw, _ask(spot, window, area_px), (low, high), enough)
    return _pasted(image, window, best)


def _check(
    image: RgbImage, seed: int, region: Mask | None, area_fraction: tuple[float, float] | None
) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:  # noqa: PLR2004 - RGB
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


def _spot(
    scene: Scene, traits: Traits, area_px: float, bounds_px: tuple[float, float], rng: Rng
) -> Placement:
    """A place that suits the kind."""
    radius = float(np.sqrt(area_px / np.pi))
    spot = place_on_whole_object(scene, bounds_px, rng) if traits.whole_object else None
    if traits.at_edge:
        spot = place_at_edge(scene, radius, rng)
    half = 0.5 * traits.reach * np.sqrt(area_px) if traits.elongated else 1.3 * radius
    return spot or place(scene, float(half), rng, elongated=traits.elongated)


def _within_region(spot: Placement, region: Mask | None) -> Placement:
    """The place, moved to the region's nearest pixel where the reduced scene missed it."""
    if region is None or region[round(spot.y), round(spot.x)]:
        return spot
    rows, columns = np.nonzero(region)
    nearest = int(np.argmin((rows - spot.y) ** 2 + (columns - spot.x) ** 2))
    return replace(spot, x=float(columns[nearest]), y=float(rows[nearest]))


def _natural_limit_px(spot: Placement, traits: Traits) -> float:
    """The largest area that does not look squeezed at a place."""
    if traits.elongated:
        return max(spot.span_px**2 / _SLENDERNESS, _MIN_AREA_PX)
    return max(float(np.pi) * spot.room_px**2, _MIN_AREA_PX)


def _reach_px(spot: Placement, traits: Traits, area_px: float) -> float:
    """Half the side of the crop that a defect of an area needs, with room to grow."""
    reach = traits.reach * float(np.sqrt(1.8 * area_px))
    return 8 + (min(reach, 0.7 * spot.span_px) if traits.elongated else reach)


def _ask(spot: Placement, window: Window, area_px: float) -> Ask:
    """The place in the crop's own pixels."""
    return Ask(
        x=spot.x - window.columns.start,
        y=spot.y - window.rows.start,
        angle_rad=spot.angle_rad,
        area_px=area_px,
        span_px=spot.span_px,
        at_edge=spot.at_edge,
        whole_object=spot.object_area_px is not None,
    )


def _allowance(region: Mask | None, window: Window, rng: Rng) -> FloatMap | None:
    """Opacity that fades to nothing before the region ends, along a slightly uneven line."""
    if region is None:
        return None
    inside = inside_distance(region)[window]
    deepest = max(float(inside.max()), 1.0)
    shape = (inside.shape[0], inside.shape[1])
    uneven = 0.12 * deepest * np.abs(smooth_noise(shape, deepest, rng))
    return np.asarray(np.clip((inside - uneven) / min(2.5, 0.5 * deepest), 0, 1), np.float32)


def _within_object(canvas: Canvas, ask: Ask) -> Canvas:
    """The canvas with painting kept to the object at the place, if one large enough is there."""
    objects = canvas.surface.objects > 0.5  # noqa: PLR2004 - more object than not
    own = component_at(objects, ask.x, ask.y)
    if not objects[int(ask.y), int(ask.x)] or own.sum() < _OBJECT_ROOM * ask.area_px:
        return canvas
    opacity = np.clip(2 * blur(own.astype(np.float32), 1.0) - 0.5, 0, 1)
    return replace(canvas, allowed=opacity * (1 if canvas.allowed is None else canvas.allowed))


def _pasted(image: RgbImage, window: Window, attempt: Attempt) -> Painting:
    """The photo with the painted crop, and the mask in the photo's frame."""
    painted, truth = image.copy(), np.zeros(image.shape[:2], bool)
    painted[window] = attempt.rgb
    truth[window] = attempt.truth
    return Painting(painted, truth)
