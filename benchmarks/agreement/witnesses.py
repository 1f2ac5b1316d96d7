"""Simulated annotators of stated quality: what they would say of a picture whose truth is known.

No weights of the real ones are at hand that know all these defects, so recall, overlap and false
regions are set here. Trust orderings, not decimals.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from benchmarks.agreement.pairs import DrawnDefect, Planned
from kizu.edit.painter.noise_fields import Rng, blob_nearby, smooth_noise
from kizu.grounding.encoded import EncodedDetections
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.crops import crop_of
from kizu.imaging.masks import mask_iou
from kizu.imaging.rle import encode_crop

_IOU_SPREAD: Final = 0.08
"""Standard deviation of a mask's IoU about the stated one; a guess, as are all below."""
_CONFIDENCE_SPREAD: Final = 0.1
_LEAST_CONFIDENCE: Final = 0.3  # threshold of the detector; what is less sure is not told
_CONFUSED_CONFIDENCE: Final = 0.45  # mean where another name, or nothing, would be right
_FALSE_AREA: Final = (0.001, 0.03)  # of the picture, by logarithm; as defects are large
_OF_THE_PICTURE: Final = 0.5  # of false regions that the normal picture shows as well
_STEPS: Final = 14  # halvings of the search for an IoU: to less than a thousandth
_FARTHEST: Final = 4.0  # radii that a mask may grow; a line's IoU then is near nothing


@dataclass(frozen=True)
class Witness:
    """The quality of an annotator.

    Attributes:
        name: As in tables.
        recall: Of defects whose name is asked, how many it finds.
        iou: Mean IoU of its mask with the truth.
        line_iou: The same of thin defects, which it draws fat.
        false_regions: Of pictures, by asked name, how many it marks somewhere without cause.
        confidence: Mean of what it finds rightly.
        confused: Of its recall, how often it also finds a defect by a wrong name that is asked.
        competes: Whether it is asked for the spec's other names too, of which the asked one must
            win, and shown the normal image, where it must not find the same.
    """

    name: str
    recall: float
    iou: float
    line_iou: float
    false_regions: float
    confidence: float
    confused: float = 0.0
    competes: bool = False


_HALF: Final = 0.5
_GOOD: Final = Witness("good", 0.85, 0.8, 0.8, 0.05, 0.6)
_REALISTIC: Final = Witness("realistic", 0.44, 0.6, 0.3, 0.15, 0.55)
_POOR: Final = Witness("poor", 0.2, 0.6, 0.3, 0.6, 0.5)
_VARIANTS: Final = tuple(
    each
    for quality in (_GOOD, _REALISTIC)
    for each in (
        quality,
        replace(quality, name=f"{quality.name}+names", competes=True),
        replace(quality, name=f"{quality.name}+confused", confused=_HALF),
        replace(quality, name=f"{quality.name}+confused+names", confused=_HALF, competes=True),
    )
)
WITNESSES: Final[Mapping[str, Witness]] = {each.name: each for each in (*_VARIANTS, _POOR)}
"""A good one, what is to be expected of text grounding on defects, and a poor one; the first two
also in a form that marks another defect by the asked name with half of its recall, and where other
names of the spec compete."""


@dataclass(frozen=True, eq=False)
class Said:
    """What an annotator says when it is asked for all defects of a spec.

    Attributes:
        found: What it finds of the asked name on the edited picture.
        rivals: What it finds there of the spec's other names.
        on_normal: What it finds of the asked name on the normal picture, where there is nothing.
    """

    found: EncodedDetections
    rivals: EncodedDetections
    on_normal: EncodedDetections


@dataclass(frozen=True, eq=False)
class _Marked:
    """One region that is told."""

    mask: Mask
    confidence: float
    phrase: str


def said_by(
    witness: Witness, planned: Planned, drawn: Sequence[DrawnDefect], shape: tuple[int, int]
) -> Said:
    """Say what an annotator would of an edit; equal arguments give equal answers.

    Args:
        witness: Its quality.
        planned: The edit.
        drawn: What can be seen in it.
        shape: (H, W) of the picture.
    """
    quality, _, _ = witness.name.partition("+")  # confused ones find what the others do, and more
    rng = np.random.default_rng((planned.seed, *quality.encode()))
    also = np.random.default_rng((planned.seed, *b"confused", *quality.encode()))
    asked, names = planned.defect_type, (planned.defect_type, *planned.rivals)
    told = [each for defect in drawn for each in _seen(witness, defect, names, rng)]
    told += [each for defect in drawn for each in _mistaken(witness, defect, names, also)]
    false = [
        _false_region(name, shape, rng) for name in names if rng.random() < witness.false_regions
    ]
    of_picture = [each for each in false if rng.random() < _OF_THE_PICTURE]
    everything = [*told, *false]
    return Said(
        found=_encoded([each for each in everything if each.phrase == asked], shape),
        rivals=_encoded([each for each in everything if each.phrase != asked], shape),
        on_normal=_encoded([each for each in of_picture if each.phrase == asked], shape),
    )


def _seen(
    witness: Witness, defect: DrawnDefect, names: Sequence[str], rng: Rng
) -> Iterator[_Marked]:
    """A defect by its own name, if that is asked and the annotator finds it."""
    if defect.defect_type in names and rng.random() < witness.recall:
        yield _marked(witness, defect, defect.defect_type, witness.confidence, rng)


def _mistaken(
    witness: Witness, defect: DrawnDefect, names: Sequence[str], rng: Rng
) -> Iterator[_Marked]:
    """A defect by another name that is asked; by the first, if that is not its own."""
    others = [name for name in names if name != defect.defect_type]
    name = names[0] if names[0] in others else others[int(rng.integers(len(others)))]
    if rng.random() < witness.confused * witness.recall:
        yield _marked(witness, defect, name, _CONFUSED_CONFIDENCE, rng)


def _marked(
    witness: Witness, defect: DrawnDefect, name: str, confidence: float, rng: Rng
) -> _Marked:
    wanted = rng.normal(witness.line_iou if defect.is_line else witness.iou, _IOU_SPREAD)
    mask = like(defect.mask, float(np.clip(wanted, 0.05, 0.99)), rng, fat=defect.is_line)
    return _Marked(mask, _drawn_confidence(confidence, rng), name)


def like(truth: Mask, iou: float, rng: Rng, *, fat: bool) -> Mask:
    """Return a mask that overlaps a truth as asked, or as nearly as pixels allow.

    Args:
        truth: (H, W) bool with at least one pixel.
        iou: The IoU wanted.
        rng: Chooses the shape.
        fat: Whether it is only ever larger; else its outline wanders to both sides.
    """
    window = _around(truth)
    inside = truth[window]
    distance = _signed_distance(inside)
    radius = max(float(np.sqrt(inside.sum() / np.pi)), 2.0)
    noise = smooth_noise((inside.shape[0], inside.shape[1]), radius, rng)
    push = 1 + 0.2 * noise if fat else noise + float(rng.normal(0, 0.5))
    low, high = 0.0, _FARTHEST * radius
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (
            (middle, high)
            if mask_iou(_pushed(distance, push, middle), inside) > iou
            else (low, middle)
        )
    mask = np.zeros_like(truth)
    mask[window] = _pushed(distance, push, low)
    return mask


def _pushed(distance: FloatMap, push: FloatMap, by_px: float) -> Mask:
    return np.asarray(distance + by_px * push > 0)


def _around(truth: Mask) -> tuple[slice, slice]:
    """The part of a picture that a mask like this one can reach into."""
    x0, y0, x1, y1 = crop_of(truth).xyxy
    reach = round(_FARTHEST * max(float(np.sqrt(truth.sum() / np.pi)), 2.0)) + 2
    return slice(max(y0 - reach, 0), y1 + reach), slice(max(x0 - reach, 0), x1 + reach)


def _signed_distance(mask: Mask) -> FloatMap:
    """Pixels to the outline, positive inside, (H, W)."""
    inner = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 5)
    outer = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(inner - outer + np.where(mask, -0.5, 0.5), np.float32)  # between pixels


def _false_region(name: str, shape: tuple[int, int], rng: Rng) -> _Marked:
    """A lump somewhere."""
    share = float(np.exp(rng.uniform(*np.log(_FALSE_AREA))))
    radius = float(np.sqrt(share * shape[0] * shape[1] / np.pi))
    centre = float(rng.uniform(0, shape[1])), float(rng.uniform(0, shape[0]))
    axes = (radius * 1.3, radius / 1.3)  # longer than wide, by eye
    window, inside = blob_nearby(shape, centre, axes, roughness=0.1, rng=rng)
    mask = np.zeros(shape, np.bool_)
    mask[window] = inside > 0
    return _Marked(mask, _drawn_confidence(_CONFUSED_CONFIDENCE, rng), name)


def _drawn_confidence(mean: float, rng: Rng) -> float:
    return float(np.clip(rng.normal(mean, _CONFIDENCE_SPREAD), _LEAST_CONFIDENCE, 0.99))


def _encoded(marked: Sequence[_Marked], shape: tuple[int, int]) -> EncodedDetections:
    shown = [each for each in marked if each.mask.any()]
    crops = [crop_of(each.mask) for each in shown]
    boxes = np.array([crop.xyxy for crop in crops], np.float32)
    return EncodedDetections(
        boxes.reshape(-1, 4),
        tuple(encode_crop(crop, shape) for crop in crops),
        np.array([each.confidence for each in shown], np.float32),
        tuple(each.phrase for each in shown),
    )
