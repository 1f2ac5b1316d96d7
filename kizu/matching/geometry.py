"""How a picture lies on its normal image: resized, cropped, padded, turned.

What the local features say is brought to the simplest geometry that explains the picture: the
whole frame, then a crop, then the frame inside a border, then both. Models move what they redraw by
some pixels, which is no crop: ``kizu.diff`` registers it away.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kizu.imaging.arrays import RgbImage
from kizu.imaging.geometry import Geometry
from kizu.matching.agreement import agreement
from kizu.matching.axis_fit import AxisFit, fit_axes
from kizu.matching.features import ImageFeatures, describe_image, turned_thumbnails

MIN_SCORE: Final = 0.3
"""Of a picture that shows the normal; foreign ones reached 0.24, but for walls of equal bricks."""

_EDGE_FRACTION: Final = 0.01  # of a side; an edge so near to the normal's is the normal's
_DRIFT_FRACTION: Final = 0.05  # of a side; registration finds shifts up to 5.5 % of it
_SHARP_FACTOR: Final = 8.0
"""Edges off by so many deviations of the fit are a crop; drift moves features among each other."""
_NEARLY_AS_GOOD: Final = 0.05  # of the score; so much less is taken for a simpler geometry
_MAX_ASPECT_CHANGE: Final = (
    1.4  # squeezed more, a whole frame is not looked for; 4:3 to 1:1 is 1.33
)
_LIKELY_TURNS: Final = 2  # whole frames looked at, of four turns, by their thumbnails
_UNIT_PX: Final = 3.0  # px that a scale of one may be off by, over the overlap, as it is fitted
_UNIT_REACH_PX: Final = 2  # px around the fitted place where the very pixels are looked for
_COMPARED_PX: Final = 200_000  # pixels compared there; as many as 450 x 450
_FRAME_PX: Final = 24  # px a side; less of a picture is no frame


@dataclass(frozen=True)
class Match:
    """A picture found on a normal image.

    Attributes:
        geometry: The way from the normal to the picture.
        score: How well the picture's detail agrees with the normal's, 0 to 1.
    """

    geometry: Geometry
    score: float


def find_geometry(
    normal: RgbImage,
    picture: RgbImage,
    normal_features: ImageFeatures | None = None,
    picture_features: ImageFeatures | None = None,
) -> Match | None:
    """Find how a picture lies on its normal image.

    Args:
        normal: (H, W, 3) uint8 RGB.
        picture: (H, W, 3) uint8 RGB, of any size.
        normal_features: What the normal is recognised by, where it is known already.
        picture_features: The same of the picture.

    Returns:
        The simplest geometry that explains the picture; None where it does not show the normal.
    """
    features = normal_features or describe_image(normal)
    seen = picture_features or describe_image(picture)
    frames = _whole_frames(features, seen)
    found = _best(normal, picture, frames, fit_axes(features, seen))
    return found if found is not None and found.score >= MIN_SCORE else None


def _whole_frames(normal: ImageFeatures, picture: ImageFeatures) -> list[Geometry]:
    """Return the likeliest whole frames, with and without the picture's border, likest first."""
    frames = []
    whole = (0, 0, *picture.size)
    boxes = {whole: picture.thumbnail, picture.content: picture.content_thumbnail}
    for box, thumbnail in boxes.items():
        likeness = turned_thumbnails(thumbnail) @ normal.thumbnail.ravel()
        for turns in np.argsort(-likeness, kind="stable")[:_LIKELY_TURNS]:
            geometry = _framed(normal.size, picture.size, box, int(turns))
            if _keeps_aspect(geometry):
                frames.append((float(likeness[turns]), geometry))
    likely = sorted(frames, key=lambda frame: -frame[0])[:_LIKELY_TURNS]
    return [geometry for _, geometry in likely]


def whole_frame(normal: tuple[int, int], picture: tuple[int, int], turns: int = 0) -> Geometry:
    """Return the geometry of a picture that shows the whole normal; sizes are (width, height)."""
    return _framed(normal, picture, (0, 0, *picture), turns)


def _framed(
    normal: tuple[int, int], picture: tuple[int, int], box: tuple[int, int, int, int], turns: int
) -> Geometry:
    """Return the geometry of a picture that shows the whole normal inside a box of its own."""
    x, y, width, height = box
    right, bottom = picture[0] - x - width, picture[1] - y - height
    upright = {
        0: (x, y, width, height),
        1: (bottom, x, height, width),
        2: (right, bottom, width, height),
        3: (y, right, height, width),
    }[turns]
    return Geometry(normal, (0, 0, *normal), upright[2:], upright[:2], picture, turns)


def _keeps_aspect(geometry: Geometry) -> bool:
    (_, _, width, height), scaled = geometry.crop, geometry.scaled
    squeeze = scaled[0] * height / (scaled[1] * width)
    return 1 / _MAX_ASPECT_CHANGE <= squeeze <= _MAX_ASPECT_CHANGE


def _best(
    normal: RgbImage, picture: RgbImage, wholes: list[Geometry], fit: AxisFit | None
) -> Match | None:
    """Return the simplest of those that agree with the picture nearly best."""
    source = normal.shape[1], normal.shape[0]
    model = picture.shape[1], picture.shape[0]
    tried = [*wholes]
    if fit is not None:
        fitted = geometry_of_fit(fit, source, model)
        if fitted is not None:
            exact = _to_the_pixel(normal, picture, fitted, fit)
            whole = whole_frame(source, model, fit.turns)
            drifted = _only_drifted(fit, exact, whole)
            tried = [whole] if drifted else [exact]
            tried += [frame for frame in wholes if frame not in tried and not drifted]
    matches = [Match(geometry, agreement(normal, picture, geometry)) for geometry in tried]
    top = max((match.score for match in matches), default=0.0)
    near = [match for match in matches if match.score >= top - _NEARLY_AS_GOOD]
    return near[0] if near else None


def geometry_of_fit(
    fit: AxisFit, source: tuple[int, int], model: tuple[int, int]
) -> Geometry | None:
    """Return the geometry of a fitted map; edges near those of the normal are taken for them.

    Args:
        fit: The map.
        source: (width, height) of the normal.
        model: (width, height) of the picture as it came.
    """
    upright = model[::-1] if fit.turns % 2 else model
    axes = [_axis(fit.scale[i], fit.offset[i], source[i], upright[i]) for i in (0, 1)]
    (x, width, left, across), (y, height, top, down) = axes
    if min(width, height, across, down) < _FRAME_PX:
        return None
    return Geometry(source, (x, y, width, height), (across, down), (left, top), model, fit.turns)


def _axis(scale: float, offset: float, source: int, shown: int) -> tuple[int, int, int, int]:
    """Return where the seen part starts and how long it is, on the normal and in the picture."""
    first, last = -offset / scale, (shown - offset) / scale
    tolerance = _EDGE_FRACTION * source
    starts = 0.0 if abs(first) <= tolerance else first
    ends = float(source) if abs(last - source) <= tolerance else last
    start = min(max(round(starts), 0), source)
    end = min(max(round(ends), start), source)
    lies = round(offset) if starts < 0 else 0
    stops = round(offset + scale * source) if ends > source else shown
    lies, stops = min(max(lies, 0), shown), min(max(stops, 0), shown)
    return start, end - start, lies, max(stops - lies, 0)


def _only_drifted(fit: AxisFit, found: Geometry, whole: Geometry) -> bool:
    """Say whether a picture shows the whole frame, moved by no more than models move it."""
    if found == whole:
        return True
    if not _keeps_aspect(whole):
        return False
    edges = []
    upright = whole.scaled
    for axis in (0, 1):
        first = -fit.offset[axis] / fit.scale[axis]
        last = (upright[axis] - fit.offset[axis]) / fit.scale[axis]
        side = whole.source[axis]
        edges += [abs(first) / side, abs(last - side) / side]
    if max(edges) > _DRIFT_FRACTION:
        return False
    same_size = upright == whole.source
    blurred = max(edges) * max(whole.source) < _SHARP_FACTOR * fit.deviation_px
    return same_size or blurred


def _to_the_pixel(
    normal: RgbImage, picture: RgbImage, geometry: Geometry, fit: AxisFit
) -> Geometry:
    """Return a geometry without scaling where the fit comes near to one, at the very pixel."""
    upright = np.rot90(picture, -fit.turns)
    source = geometry.source
    shown = upright.shape[1], upright.shape[0]
    seen = geometry.crop[2:]
    if any(abs(fit.scale[i] - 1) * seen[i] > _UNIT_PX for i in (0, 1)):
        return geometry
    middle = [geometry.crop[i] + seen[i] / 2 for i in (0, 1)]
    at = [round(fit.scale[i] * middle[i] + fit.offset[i] - middle[i]) for i in (0, 1)]
    reach = range(-_UNIT_REACH_PX, _UNIT_REACH_PX + 1)
    places = [(at[0] + dx, at[1] + dy) for dy in reach for dx in reach]
    off = [_difference(normal, upright, place) for place in places]
    left, top = places[int(np.argmin(off))]
    (x, width, lies_x), (y, height, lies_y) = (
        _overlap(place, source[i], shown[i]) for i, place in enumerate((left, top))
    )
    if min(width, height) < _FRAME_PX:
        return geometry
    exact = replace(
        geometry, crop=(x, y, width, height), scaled=(width, height), offset=(lies_x, lies_y)
    )
    return exact if min(off) <= _difference_of(normal, picture, geometry) else geometry


def _difference_of(normal: RgbImage, picture: RgbImage, geometry: Geometry) -> float:
    """Return the mean difference of a picture that is brought back to the normal."""
    x, y, width, height = geometry.crop
    back = geometry.undo(picture, normal)
    part = np.s_[y : y + height, x : x + width]
    return float(np.abs(normal[part].astype(np.int16) - back[part]).mean())


def _overlap(place: int, source: int, shown: int) -> tuple[int, int, int]:
    """Return start and length of the seen part, and where it lies in the picture."""
    start = max(-place, 0)
    end = min(source, shown - place)
    return start, end - start, start + place


def _difference(normal: RgbImage, upright: RgbImage, place: tuple[int, int]) -> float:
    """Return the mean difference of a picture that lies at a place of the normal, unscaled."""
    (x, width, left), (y, height, top) = (
        _overlap(place[i], normal.shape[1 - i], upright.shape[1 - i]) for i in (0, 1)
    )
    if min(width, height) < _FRAME_PX:
        return np.inf
    step = max(int(np.sqrt(width * height / _COMPARED_PX)), 1)
    here = normal[y : y + height : step, x : x + width : step].astype(np.int16)
    there = upright[top : top + height : step, left : left + width : step].astype(np.int16)
    return float(np.abs(here - there).mean())
