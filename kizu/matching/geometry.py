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
from kizu.matching.agreement import Agreement, agreement
from kizu.matching.axis_fit import AxisFit, fit_axes
from kizu.matching.features import ImageFeatures, describe_image, turned_thumbnails

MIN_SCORE: Final = 0.3
"""Of a picture whose features say where it lies; nine in ten redrawn ones reach 0.26, half 0.65
(``benchmarks/label/chance.py``)."""

_MIN_DEVIATIONS: Final = 4.0  # of the blocks' agreement, where few features say so
_MIN_SCORE_ALONE: Final = 0.2
"""Of a whole frame that no features speak for; then the blocks decide, and the score counts little:
edges alike brought foreign pictures to 0.99."""
_MIN_DEVIATIONS_ALONE: Final = 7.0
"""Likewise; of 1,035 foreign frames the best reached 5.0, a nearly equal magnetic tile 6.5."""
_SURE_INLIERS: Final = 10  # features that agree; of 1,035 foreign pictures none had 7
_EDGE_FRACTION: Final = 0.01  # of a side; an edge so near to the normal's is the normal's
_DRIFT_FRACTION: Final = 0.05  # of a side; registration finds shifts up to 5.5 % of it
_SHARP_FACTOR: Final = 8.0
"""Edges off by so many deviations of the fit are a crop; drift moves features among each other."""
_NEARLY_AS_GOOD: Final = 0.05  # of the score; so much less is taken for a simpler geometry
_MAX_ASPECT_CHANGE: Final = 1.4
"""Squeezed more, a whole frame is not looked for; 4:3 to 1:1 is 1.33."""
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
    fit = fit_axes(features, seen)
    return _best(normal, picture, frames, fit)


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
    exact = None if fit is None else _fitted(normal, picture, fit)
    tried = wholes
    if fit is not None and exact is not None:
        whole = Geometry.whole(exact.source, exact.model, fit.turns)
        simplest = whole if _only_drifted(fit, exact, whole) else exact
        tried = [simplest, *(frame for frame in wholes if frame != simplest)]
    looked_at = [(geometry, agreement(normal, picture, geometry)) for geometry in tried]
    good = [(geometry, found) for geometry, found in looked_at if _shows(found, fit)]
    if not good:
        return None
    top = max(found.score for _, found in good)
    geometry, found = next(pair for pair in good if pair[1].score >= top - _NEARLY_AS_GOOD)
    if any(found.foreign) and exact is not None:  # a border was drawn, so nothing only drifted
        closer = agreement(normal, picture, exact)
        if closer.score >= found.score - _NEARLY_AS_GOOD:
            geometry, found = exact, closer
    return Match(without_strips(geometry, found.foreign), found.score)


def _shows(found: Agreement, fit: AxisFit | None) -> bool:
    """Say whether a picture surely shows the normal: the fewer features agree, the more pixels."""
    inliers = 0 if fit is None else fit.inliers
    if inliers >= _SURE_INLIERS:
        return found.score >= MIN_SCORE
    if inliers:
        return found.score >= MIN_SCORE and found.deviations >= _MIN_DEVIATIONS
    return found.score >= _MIN_SCORE_ALONE and found.deviations >= _MIN_DEVIATIONS_ALONE


def _fitted(normal: RgbImage, picture: RgbImage, fit: AxisFit) -> Geometry | None:
    """Return the geometry that the features say, to the pixel; None if it shows nothing."""
    source = normal.shape[1], normal.shape[0]
    model = picture.shape[1], picture.shape[0]
    geometry = geometry_of_fit(fit, source, model)
    return None if geometry is None else _to_the_pixel(normal, picture, geometry, fit)


def without_strips(geometry: Geometry, strips: tuple[float, float, float, float]) -> Geometry:
    """Return a geometry that leaves out what of the picture does not show the normal.

    Args:
        geometry: The geometry.
        strips: Shares of the part that is shown, at its left, top, right and bottom.
    """
    if not any(strips):
        return geometry
    axes = []
    for axis in (0, 1):
        start, length = geometry.crop[axis], geometry.crop[2 + axis]
        shown, lies = geometry.scaled[axis], geometry.offset[axis]
        first, last = round(strips[axis] * length), round(strips[2 + axis] * length)
        before, after = (round(cut * shown / length) for cut in (first, last))
        axes.append((start + first, length - first - last, shown - before - after, lies + before))
    (x, width, across, left), (y, height, down, top) = axes
    return replace(geometry, crop=(x, y, width, height), scaled=(across, down), offset=(left, top))


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
