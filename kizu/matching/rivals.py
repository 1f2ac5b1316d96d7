"""Which of two normal images that look alike a picture was made from, and whether that is sure.

Scores cannot tell two shots of one part apart: both agree with the picture. What tells is what one
normal has and the other has not: the grain, a speck, a scratch. Block by block, the picture either
contains more of the one's own detail or more of the other's, and over some hundred blocks even a
faint preference is beyond chance.

The difference of both normals also holds what is no one's own: one lies a fraction of a pixel
further to the left, is a little softer, or of higher contrast. All that looks like a derivative of
what both have in common, and is projected out, or the sharper one would always win.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.align.registration import MIN_SIDE_PX, register, warp_normal
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.geometry import Geometry
from kizu.matching.agreement import at_one_contrast, blocks_of

SURE: Final = 5.0
"""Standard errors of the mean over blocks; 3e-7 by chance, of thousands of pictures and rivals."""

_SIDES_PX: Final = (512, 128)
"""Px of the long side: the grain, which tells two shots of one part apart, and coarser detail, all
that models keep which redraw a picture."""
_BLOCK_PX: Final = 12  # px a side; 144 px for the five terms that are projected out
_FINE_SIGMA_PX: Final = 0.7  # px; what cubic resampling keeps alike, wherever it falls
_COMMON_SIGMA_PX: Final = 1.6  # px; blurs the grain of both out of what they have in common
_MIN_BLOCKS: Final = 40  # blocks that tell; of fewer, five deviations cannot come together
_CHANGED_FRACTION: Final = 0.2  # of blocks, those that fit worst: the change is among them
_SAME_LEVELS: Final = 0.05  # grey levels, root mean square; normals that differ by less are one
_RIDGE: Final = 1e-6  # of a term's energy; terms of flat blocks are parallel
_FLAT: Final = 1e-9  # energy of a term that is zero
_MIN_LIKENESS: Final = 0.02
"""Mean partial correlation with the winner's own detail; less is what misfits leave."""


@dataclass(frozen=True)
class Preference:
    """Which of two normals a picture was made from.

    Attributes:
        deviations: Standard errors that the mean is off zero; positive for the first normal.
        likeness: Mean partial correlation with the first normal's own detail.
    """

    deviations: float
    likeness: float

    @property
    def first(self) -> bool:
        """Whether it surely is the first one."""
        return self.deviations >= SURE and self.likeness >= _MIN_LIKENESS

    @property
    def second(self) -> bool:
        """Whether it surely is the second one."""
        return self.deviations <= -SURE and self.likeness <= -_MIN_LIKENESS

    def reversed(self) -> "Preference":
        """Return the same with the normals exchanged."""
        return Preference(-self.deviations, -self.likeness)


_NO_PREFERENCE: Final = Preference(0.0, 0.0)


def prefer(
    picture: RgbImage,
    first: tuple[RgbImage, Geometry],
    second: tuple[RgbImage, Geometry],
) -> Preference:
    """Say which of two normals a picture was made from.

    Args:
        picture: The picture as it came.
        first: A normal, (H, W, 3) uint8, and how the picture lies on it.
        second: Another one.
    """
    for side_px in _SIDES_PX:
        answer = _at_both(side_px, picture, first, second)
        if answer.first or answer.second:
            return answer
    return answer


def _at_both(
    side_px: int,
    picture: RgbImage,
    first: tuple[RgbImage, Geometry],
    second: tuple[RgbImage, Geometry],
) -> Preference:
    """Answer at one size; a sure answer must stay as sure where the second normal leads."""
    answer = _prefer_at(side_px, picture, first, second)
    if not (answer.first or answer.second):
        return answer
    turned = _prefer_at(side_px, picture, second, first)
    if turned.deviations * answer.deviations >= 0:
        return _NO_PREFERENCE
    return min(answer, turned.reversed(), key=lambda either: abs(either.deviations))


def _prefer_at(
    side_px: int,
    picture: RgbImage,
    first: tuple[RgbImage, Geometry],
    second: tuple[RgbImage, Geometry],
) -> Preference:
    """Answer at one size of the long side, in px."""
    frames = _in_one_frame(side_px, picture, first, second)
    if frames is None:
        return _NO_PREFERENCE
    edited, one, other = frames
    onto_edited = register(one, edited)
    one = warp_normal(one, onto_edited)
    # onto the first normal, which is sharper evidence of the place than the redrawn picture is
    onto_one = register(other, one)
    other = warp_normal(other, onto_one)
    known = onto_edited.valid & onto_one.valid
    return _preference(_fine(edited), _fine(one), _fine(other), known)


def _in_one_frame(
    side_px: int,
    picture: RgbImage,
    first: tuple[RgbImage, Geometry],
    second: tuple[RgbImage, Geometry],
) -> tuple[RgbImage, RgbImage, RgbImage] | None:
    """Return picture and both normals as they lie in it, of one size and contrast."""
    part = first[1].sent_part
    scale = min(side_px / max(first[1].scaled), 1.0)
    width, height = (round(side * scale) for side in first[1].scaled)
    if min(width, height) < MIN_SIDE_PX:
        return None
    shown = (part(picture), *(part(geometry.apply(normal)) for normal, geometry in (first, second)))
    edited, one, other = at_one_contrast(shown, (width, height))
    return edited, one, other


def _fine(image: RgbImage) -> FloatMap:
    return np.asarray(
        cv2.GaussianBlur(image[..., 0].astype(np.float32), (0, 0), _FINE_SIGMA_PX), np.float32
    )


def _preference(edited: FloatMap, one: FloatMap, other: FloatMap, known: Mask) -> Preference:
    """Compare block by block; the weaker of two answers counts, so that both must agree.

    What the normals have in common is projected out twice: blurred, so that what only one has is
    kept (a softer normal has nothing of its own), and as it is, so that the sharper normal does not
    win by being sharper.
    """
    mean = (one + other) / 2
    common = np.asarray(cv2.GaussianBlur(mean, (0, 0), _COMMON_SIGMA_PX), np.float32)
    slopes = [cv2.Sobel(common, cv2.CV_32F, dx, dy) for dx, dy in ((1, 0), (0, 1))]
    terms = [np.ones_like(common), common, *slopes, cv2.Laplacian(common, cv2.CV_32F)]
    whole = blocks_of(known.astype(np.float32), _BLOCK_PX).min(axis=1) > 0
    own = _likeness(edited, one - other, terms)
    nearer = _likeness(edited, one - other, [*terms, mean - common])
    answers = [_mean_test(own[whole]), _mean_test(nearer[whole])]
    if answers[0].deviations * answers[1].deviations <= 0:
        return _NO_PREFERENCE
    return min(answers, key=lambda answer: abs(answer.deviations))


def _likeness(
    edited: FloatMap, difference: FloatMap, terms: Sequence[NDArray[np.generic]]
) -> NDArray[np.float64]:
    """Return the partial correlation of picture and difference in every block, NaN if changed."""
    design = np.stack(
        [blocks_of(np.asarray(term, np.float32), _BLOCK_PX) for term in terms], axis=-1
    )
    design -= design.mean(axis=1, keepdims=True)
    design[..., 0] = 1
    size = np.sqrt((design**2).sum(axis=1, keepdims=True))
    design = design / np.maximum(size, _FLAT)
    target = np.stack([blocks_of(edited, _BLOCK_PX), blocks_of(difference, _BLOCK_PX)], axis=-1)
    gram = design.transpose(0, 2, 1) @ design + _RIDGE * np.eye(design.shape[-1])
    left = target - design @ np.linalg.solve(gram, design.transpose(0, 2, 1) @ target)
    energy = np.sqrt((left**2).sum(axis=1))
    likeness = (left[..., 0] * left[..., 1]).sum(axis=1) / np.maximum(energy.prod(axis=1), _FLAT)
    changed = energy[:, 0] > np.quantile(energy[:, 0], 1 - _CHANGED_FRACTION)
    flat = energy.min(axis=1) < _SAME_LEVELS * _BLOCK_PX
    return np.where(changed | flat, np.nan, likeness)


def _mean_test(likeness: NDArray[np.float64]) -> Preference:
    """Compare the mean of blocks (N,) with its standard error; NaN does not vote."""
    voting = likeness[~np.isnan(likeness)]
    if len(voting) < _MIN_BLOCKS:
        return _NO_PREFERENCE
    mean = float(voting.mean())
    error = max(float(voting.std()), _FLAT) / np.sqrt(len(voting))
    return Preference(float(mean / error), mean)
