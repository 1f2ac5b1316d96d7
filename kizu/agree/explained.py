"""Which regions of a change the annotators' detections explain.

A detection names one thing. Drawn fat, it may hold a second change that has nothing to do with the
first; so it explains the region that it is drawn of, and of all else it touches what looks like it.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kizu.agree.look import Look
from kizu.agree.regions import near, regions_of, within
from kizu.agree.testimony import SAME_PLACE_IOU
from kizu.grounding.encoded import EncodedDetections
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.boxes import box_iou
from kizu.imaging.crops import MaskCrop, crop_iou, shared_px

Shape = tuple[int, int]


def explained_by(
    regions: Sequence[MaskCrop],
    testimony: Mapping[str, EncodedDetections],
    edited: RgbImage,
    changed: Mask,
) -> list[tuple[str, ...]]:
    """Return of each region the annotators that explain it, in order.

    A detection touches what lies as near to it as ``NEAR_FRACTION`` tells. It is drawn of the
    region that it fits best, by the IoU of the masks or of the boxes around them; where it fits
    none and touches some that others fit, of these. Pieces of a mask that lie apart say each what
    they say.

    Args:
        regions: Regions of the change.
        testimony: What each annotator found, by its version.
        edited: (H, W, 3) uint8 RGB, the edited picture.
        changed: (H, W) bool, all that changed.
    """
    shape = changed.shape[0], changed.shape[1]
    names = sorted(testimony)
    marks = [
        (annotator, piece)
        for annotator in names
        for crop in testimony[annotator].crops(shape)
        for piece in _pieces(crop, near(shape))
    ]
    pieces = [piece for _, piece in marks]
    touched = _touched(regions, pieces, near(shape))
    fits = np.where(touched, _fits(regions, pieces), -1.0)
    fitted = np.flatnonzero((fits >= SAME_PLACE_IOU).any(axis=1)).tolist()

    @cache
    def look(row: int) -> Look:
        return Look.of(regions[row], edited, changed)

    explaining: list[set[str]] = [set() for _ in regions]
    for column, (annotator, _) in enumerate(marks):
        rows = np.flatnonzero(touched[:, column]).tolist()
        own = _drawn_of(rows, fits[:, column], fitted)
        for row in rows:
            if row in own or any(look(row).is_like(look(each)) for each in own):
                explaining[row].add(annotator)
    return [tuple(sorted(each)) for each in explaining]


def _drawn_of(rows: Sequence[int], fit: NDArray[np.float64], fitted: Sequence[int]) -> set[int]:
    """Return which of the regions that a detection touches it is drawn of."""
    if not rows:
        return set()
    best = max(rows, key=lambda row: fit[row])  # the largest of equal ones, for it comes first
    others = {*rows} & {*fitted}
    return others if others and fit[best] < SAME_PLACE_IOU else {best}


def _pieces(crop: MaskCrop, near_px: int) -> list[MaskCrop]:
    """Return the parts of a detection that lie apart."""
    return [
        MaskCrop(crop.x0 + piece.x0, crop.y0 + piece.y0, piece.inside)
        for piece in regions_of(crop.inside, near_px)
    ]


def _touched(
    regions: Sequence[MaskCrop], pieces: Sequence[MaskCrop], near_px: int
) -> NDArray[np.bool_]:
    """Return (N, M) bool, which of N regions lie near which of M pieces."""
    touched = _are_near(regions, pieces, near_px)
    for column, piece in enumerate(pieces):
        rows = np.flatnonzero(touched[:, column]).tolist()
        reach = _grown(piece, near_px) if rows else piece
        for row in rows:
            touched[row, column] = shared_px(regions[row], reach) > 0
    return touched


def _are_near(
    regions: Sequence[MaskCrop], pieces: Sequence[MaskCrop], near_px: int
) -> NDArray[np.bool_]:
    """Return (N, M) bool, whose boxes are no farther apart than that, along both sides."""
    a, b = _boxes(regions)[:, None], _boxes(pieces)[None]
    apart = np.maximum(a[..., :2] - b[..., 2:], b[..., :2] - a[..., 2:])
    return np.asarray((apart <= near_px).all(axis=2))


def _grown(piece: MaskCrop, by_px: int) -> MaskCrop:
    """Return a piece with all that is so near to it; it may reach out of the picture."""
    return MaskCrop(piece.x0 - by_px, piece.y0 - by_px, within(np.pad(piece.inside, by_px), by_px))


def _fits(regions: Sequence[MaskCrop], pieces: Sequence[MaskCrop]) -> NDArray[np.float64]:
    """Return (N, M) the larger of two IoU: of the masks, and of the boxes around them."""
    fits = box_iou(_boxes(regions), _boxes(pieces)).astype(np.float64)
    for row, column in np.argwhere((fits > 0) & (fits < 1)).tolist():
        fits[row, column] = max(fits[row, column], crop_iou(regions[row], pieces[column]))
    return fits


def _boxes(crops: Sequence[MaskCrop]) -> NDArray[np.float32]:
    return np.array([crop.xyxy for crop in crops], np.float32).reshape(-1, 4)
