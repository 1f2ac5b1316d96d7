"""Evidence of change at four scales, each in units of the pair's own noise floor.

The fine scale compares each pixel with the range of its counterpart's neighbourhood, so that half a
pixel of misregistration is no evidence; the coarser ones compare averages, so that re-synthesised
texture is none.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from kizu.arrays import FloatMap, Mask
from kizu.diff.extremes import GumbelLaw, block_maxima_law
from kizu.diff.filters import dilate, enlarge, gaussian, magnitude, shrink
from kizu.diff.noise import common_activity, noise_level

FINE_SIGMA_PX = 0.8
FINE_DOUBT_SHARE = 0.04
_DOUBT_SHARE = 0.1
REGION_MARGIN_PX = 16
USUAL_THRESHOLD = 12.0


@dataclass(frozen=True)
class Scale:
    """A reduction, the blur there in reduced pixels, and how visible a change must be at least."""

    reduction: int
    sigma: float
    visible_share: float
    level_share: float


FINE = Scale(1, FINE_SIGMA_PX, 2.5, 0.08)
COARSE = (Scale(2, 1.0, 1.75, 0.08), Scale(4, 1.25, 1.25, 0.1), Scale(8, 1.5, 1.0, 0.1))


@dataclass(frozen=True)
class Suspicion:
    """What counts as evidence: the false-alarm rate per scale and the smallest visible change."""

    false_alarm_rate: float
    visible_delta_e: float
    region: Mask | None = None


@dataclass(frozen=True, eq=False)
class ScaleEvidence:
    """Evidence at one scale.

    Attributes:
        scale: Which one.
        residual: (h, w, 3) float32 Lab residual, averaged over the scale's cells, not yet blurred.
        noise: (h, w) float32 delta E of one unit of evidence.
        z: (h, w) float32 evidence in noise-floor units.
        threshold: Evidence that unchanged pictures reach with the false-alarm rate only.
        valid: (h, w) bool.
    """

    scale: Scale
    residual: FloatMap
    noise: FloatMap
    z: FloatMap
    threshold: float
    valid: Mask

    @classmethod
    def of(
        cls,
        scale: Scale,
        residual: FloatMap,
        *,
        size: FloatMap,
        noise: FloatMap,
        valid: Mask,
        suspicion: Suspicion,
    ) -> "ScaleEvidence":
        """Judge sizes (h, w) in delta E against a noise floor and the law of their maxima."""
        visible = scale.visible_share * suspicion.visible_delta_e
        noise = np.maximum(noise, np.float32(visible / USUAL_THRESHOLD))
        law = block_maxima_law(np.asarray(size / noise, np.float32), valid)
        threshold = law.threshold(suspicion.false_alarm_rate)
        noise = np.maximum(noise, np.float32(visible / threshold))
        if suspicion.region is not None:
            noise = noise / _favour(suspicion, law, threshold, valid.shape)
        z = np.asarray(size / noise * valid, np.float32)
        return cls(scale, residual, np.asarray(noise, np.float32), z, threshold, valid)


def _favour(
    suspicion: Suspicion, law: GumbelLaw, threshold: float, shape: tuple[int, ...]
) -> FloatMap:
    """How much more evidence counts where the edit was asked for: fewer places to be wrong."""
    region = suspicion.region
    if region is None or not region.any():
        return np.ones(shape, np.float32)
    wanted = enlarge(dilate(region, REGION_MARGIN_PX).astype(np.float32), shape)
    inside = law.threshold(suspicion.false_alarm_rate, float(wanted.mean()))
    return np.asarray(1 + (threshold / inside - 1) * wanted, np.float32)


def fine_evidence(
    predicted: FloatMap, edited: FloatMap, valid: Mask, *, doubt: FloatMap, suspicion: Suspicion
) -> ScaleEvidence:
    """Evidence at full size, tolerant of one pixel of misregistration.

    Args:
        predicted: (H, W, 3) float32 Lab, the normal as the edit should show it.
        edited: (H, W, 3) float32 Lab.
        valid: (H, W) bool.
        doubt: (h, w) float32 delta E of uncertain colour correction.
        suspicion: What counts as evidence.
    """
    excess, size, busy = fine_figures(predicted, edited)
    height, width = busy.shape
    noise = noise_level(size, busy, valid[::2, ::2][:height, :width])
    noise += np.float32(FINE_DOUBT_SHARE) * enlarge(doubt, busy.shape)
    noise = enlarge(noise, valid.shape)
    return ScaleEvidence.of(
        FINE, edited - predicted, size=excess, noise=noise, valid=valid, suspicion=suspicion
    )


def fine_figures(predicted: FloatMap, edited: FloatMap) -> tuple[FloatMap, FloatMap, FloatMap]:
    """What the fine scale is judged by.

    Args:
        predicted: (H, W, 3) float32 Lab.
        edited: (H, W, 3) float32 Lab.

    Returns:
        How far colours lie outside of their counterpart's neighbourhood (H, W); of every second
        pixel, the length of the residual and the activity, both (H // 2, W // 2).
    """
    e, p = gaussian(edited, FINE_SIGMA_PX), gaussian(predicted, FINE_SIGMA_PX)
    excess = np.maximum(_beyond(e, p), _beyond(p, e))
    half = [shrink(image, 2) for image in (p, e)]
    busy = common_activity(half[0], half[1], 0.5)
    height, width = busy.shape
    sample = (e[::2, ::2] - p[::2, ::2])[:height, :width]
    return excess, magnitude(sample), busy


def coarse_evidence(
    scale: Scale,
    predicted: FloatMap,
    edited: FloatMap,
    valid: Mask,
    *,
    doubt: FloatMap,
    suspicion: Suspicion,
) -> ScaleEvidence:
    """Evidence of averages at a coarser scale; arguments as for `fine_evidence`."""
    e, p = shrink(edited, scale.reduction), shrink(predicted, scale.reduction)
    inside = shrink(valid.astype(np.float32), scale.reduction) > 0.99  # noqa: PLR2004 - whole cells
    size = magnitude(gaussian(e - p, scale.sigma))
    noise = noise_level(size, common_activity(p, e, scale.sigma), inside)
    noise += np.float32(_DOUBT_SHARE) * enlarge(doubt, inside.shape)
    return ScaleEvidence.of(scale, e - p, size=size, noise=noise, valid=inside, suspicion=suspicion)


def _beyond(image: FloatMap, reference: FloatMap) -> FloatMap:
    """How far each colour lies outside the range of the reference's 3x3 neighbourhood; (H, W)."""
    kernel = np.ones((3, 3), np.uint8)
    nearest = cv2.max(image, cv2.erode(reference, kernel))
    nearest = cv2.min(nearest, cv2.dilate(reference, kernel))
    return magnitude(np.asarray(image - nearest, np.float32))
