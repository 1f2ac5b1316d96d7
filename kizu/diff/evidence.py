"""Evidence of change at four scales, each in units of the pair's own noise floor.

The fine scale compares each pixel with the range of its counterpart's neighbourhood, so that half a
pixel of misregistration is no evidence; the coarser ones compare averages, so that re-synthesised
texture is none.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from kizu.arrays import FloatMap, Mask
from kizu.diff.filters import enlarge, gaussian, magnitude, shrink
from kizu.diff.noise import common_activity, noise_level

FINE_SIGMA_PX = 0.8
_DOUBT_SHARE = 0.1
_FINE_DOUBT_SHARE = 0.04


@dataclass(frozen=True)
class Scale:
    """A reduction, the blur there in reduced pixels, and how visible a change must be at least."""

    reduction: int
    sigma: float
    visible_share: float
    level_share: float


FINE = Scale(1, FINE_SIGMA_PX, 2.5, 0.15)
COARSE = (Scale(2, 1.0, 1.75, 0.25), Scale(4, 1.25, 1.25, 0.38), Scale(8, 1.5, 1.0, 0.45))


@dataclass(frozen=True, eq=False)
class ScaleEvidence:
    """Evidence at one scale.

    Attributes:
        scale: Which one.
        residual: (h, w, 3) float32 Lab residual, averaged over the scale's cells, not yet blurred.
        noise: (h, w) float32 noise floor in delta E.
        z: (h, w) float32 evidence in noise-floor units.
        valid: (h, w) bool.
    """

    scale: Scale
    residual: FloatMap
    noise: FloatMap
    z: FloatMap
    valid: Mask


def fine_evidence(
    predicted: FloatMap, edited: FloatMap, valid: Mask, *, doubt: FloatMap, floor: float
) -> ScaleEvidence:
    """Evidence at full size, tolerant of one pixel of misregistration.

    Args:
        predicted: (H, W, 3) float32 Lab, the normal as the edit should show it.
        edited: (H, W, 3) float32 Lab.
        valid: (H, W) bool.
        doubt: (h, w) float32 delta E of uncertain colour correction.
        floor: Smallest noise level in delta E.
    """
    e, p = gaussian(edited, FINE_SIGMA_PX), gaussian(predicted, FINE_SIGMA_PX)
    excess = np.maximum(_beyond(e, p), _beyond(p, e))
    residual = e - p
    half = [shrink(image, 2) for image in (p, e)]
    busy = enlarge(common_activity(half[0], half[1], 0.5), valid.shape)
    noise = np.maximum(noise_level(magnitude(residual), busy, valid), np.float32(floor))
    noise += np.float32(_FINE_DOUBT_SHARE) * enlarge(doubt, valid.shape)
    z = np.asarray(excess / noise * valid, np.float32)
    return ScaleEvidence(FINE, edited - predicted, noise, z, valid)


def coarse_evidence(
    scale: Scale,
    predicted: FloatMap,
    edited: FloatMap,
    valid: Mask,
    *,
    doubt: FloatMap,
    floor: float,
) -> ScaleEvidence:
    """Evidence of averages at a coarser scale; arguments as for `fine_evidence`."""
    e, p = shrink(edited, scale.reduction), shrink(predicted, scale.reduction)
    inside = shrink(valid.astype(np.float32), scale.reduction) > 0.99  # noqa: PLR2004 - whole cells
    size = magnitude(gaussian(e - p, scale.sigma))
    noise = noise_level(size, common_activity(p, e, scale.sigma), inside)
    noise = np.maximum(noise, np.float32(floor))
    noise += np.float32(_DOUBT_SHARE) * enlarge(doubt, inside.shape)
    z = np.asarray(size / noise * inside, np.float32)
    return ScaleEvidence(scale, e - p, noise, z, inside)


def _beyond(image: FloatMap, reference: FloatMap) -> FloatMap:
    """How far each colour lies outside the range of the reference's 3x3 neighbourhood; (H, W)."""
    kernel = np.ones((3, 3), np.uint8)
    above = np.maximum(image - cv2.dilate(reference, kernel), 0)
    below = np.maximum(cv2.erode(reference, kernel) - image, 0)
    return magnitude(np.asarray(above - below, np.float32))
