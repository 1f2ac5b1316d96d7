"""Evidence of change at four scales, each in units of the pair's own noise floor.

The fine scale compares each pixel with the range of its counterpart's neighbourhood, so that half a
pixel of misregistration is no evidence; the coarser ones compare averages, so that re-synthesised
texture is none.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from kizu.diff.evidence.gumbel import (
    GumbelFit,
    fit_block_maxima,
    fit_frame_maxima,
    fit_remaining_maxima,
)
from kizu.diff.evidence.noise import common_activity, noise_level
from kizu.diff.filters import WHOLE, dot, enlarge, gaussian, magnitude, shrink, strips
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.morphology import dilate

_REGION_MARGIN_PX = 16
"""Px around the region that was asked for; editors overstep; x0.7 to x1.4 no effect."""
_SEEN_PX = 8  # px; as far as the finest blur and 3 x 3 pixels see, and more
_ACTIVITY_SIGMA = 0.5  # in every second pixel; x1.4 costs .003 IoU
USUAL_THRESHOLD: Final = 12.0
"""Units of the smallest visible change, until a threshold is known; x0.7 gains .009 IoU."""


@dataclass(frozen=True)
class Scale:
    """A scale at which a pair is compared.

    Attributes:
        reduction: Pixels a side of one cell.
        sigma: Blur, in cells.
        visible_factor: Smallest visible change here, in units of that of the coarsest scale.
        level_fraction: Share of a component's upper level that each of its cells must reach.
        uncertainty_fraction: Share of the colour correction's uncertainty that counts as noise.
    """

    reduction: int
    sigma: float
    visible_factor: float
    level_fraction: float
    uncertainty_fraction: float


FINE: Final = Scale(1, 0.8, 2.5, 0.08, 0.04)
"""Full size; x1.4 of sigma gains .005 IoU, x0.7 of the visible factor costs .003."""
COARSE: Final = (
    Scale(2, 1.0, 1.75, 0.08, 0.1),
    Scale(4, 1.25, 1.25, 0.1, 0.1),
    Scale(8, 1.5, 1.0, 0.1, 0.1),
)
"""Each twice the last; x0.7 of all sigmas gains .018 IoU, x1.4 costs .015, other fields nothing."""
SCALES: Final = (FINE, *COARSE)


@dataclass(frozen=True)
class DetectionCriteria:
    """What counts as evidence.

    Attributes:
        false_alarm_rate: Of one scale alone.
        visible_delta_e: Smallest visible change, of the coarsest scale.
        region: (H, W) bool, where the edit was asked for; None if nobody said.
    """

    false_alarm_rate: float
    visible_delta_e: float
    region: Mask | None = None


@dataclass(frozen=True, eq=False)
class Measurement:
    """What differs at one scale, not yet judged.

    Attributes:
        scale: Which one.
        residual: (h, w, 3) float32 Lab residual, averaged over the scale's cells, not yet blurred.
        size: (h, w) float32 delta E, the difference that counts.
        spread: (h', w') float32 delta E, the plain difference that the noise floor is learned from;
            of the same size, or every second pixel.
        activity: (h', w') float32, activity that both images have.
        uncertainty: (h', w') float32 delta E that uncertain colour correction adds to the noise.
        valid: (h, w) bool.
        inner: (h, w) bool, the valid ones away from the picture's frame.
    """

    scale: Scale
    residual: FloatMap
    size: FloatMap
    spread: FloatMap
    activity: FloatMap
    uncertainty: FloatMap
    valid: Mask
    inner: Mask


@dataclass(frozen=True, eq=False)
class ScaleEvidence:
    """What was measured at one scale, in units of the noise floor.

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


def judge(
    measured: Measurement, criteria: DetectionCriteria, rest: Mask | None = None
) -> ScaleEvidence:
    """Judge differences against the pair's own noise floor and the distribution of their maxima.

    Args:
        measured: Differences at one scale.
        criteria: What counts as evidence.
        rest: (H, W) bool, the part that both are learned from because a large change was
            found elsewhere; everything that is valid if None.
    """
    shape = measured.valid.shape
    learned = measured.inner if rest is None else measured.inner & _at_size(rest, shape)
    known = _at_size(learned, measured.activity.shape)
    noise = noise_level(measured.spread, measured.activity, known, mixed=rest is not None)
    noise += measured.uncertainty
    visible = measured.scale.visible_factor * criteria.visible_delta_e
    noise = np.maximum(enlarge(noise, shape), np.float32(visible / USUAL_THRESHOLD))
    z = np.asarray(measured.size / noise, np.float32)
    if rest is None:
        fit = fit_block_maxima(z, learned)
        threshold = fit.threshold(criteria.false_alarm_rate)
    else:
        fit = fit_remaining_maxima(z, learned)
        fraction = int(np.count_nonzero(learned)) / max(int(np.count_nonzero(measured.inner)), 1)
        threshold = fit.discovery_threshold(criteria.false_alarm_rate, fraction)
    frame = measured.valid & ~measured.inner
    if frame.any():
        noise[frame] *= frame_noise(z, frame, fit, threshold, criteria.false_alarm_rate)
    noise = np.maximum(noise, np.float32(visible / threshold))
    if criteria.region is not None:
        noise = noise / region_weight(criteria, fit, threshold, shape)
    return ScaleEvidence(
        scale=measured.scale,
        residual=measured.residual,
        noise=np.asarray(noise, np.float32),
        z=np.asarray(measured.size / noise * measured.valid, np.float32),
        threshold=threshold,
        valid=measured.valid,
    )


def frame_noise(
    z: FloatMap, frame: Mask, fit: GumbelFit, threshold: float, false_alarm_rate: float
) -> float:
    """How many times noisier the frame (h, w) is than the rest, judged by its own maxima.

    Registration, sampling and blur know one side only there. A chip takes a small part of the
    frame, as a change does of the picture.
    """
    own = fit_frame_maxima(z, frame)
    level = own.threshold(false_alarm_rate, fit.blocks / max(own.blocks, 1))
    return max(level / threshold, 1.0)


def _at_size(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """A mask at another size, set where most of the cell is."""
    if mask.shape == shape:
        return mask
    size = (shape[1], shape[0])
    fraction = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(fraction > 0.5)  # most of the cell


def region_weight(
    criteria: DetectionCriteria, fit: GumbelFit, threshold: float, shape: tuple[int, ...]
) -> FloatMap:
    """How much more evidence counts where the edit was asked for: fewer places to be wrong.

    Args:
        criteria: Which region was asked for.
        fit: Of the block maxima.
        threshold: Where nothing was asked for.
        shape: (h, w) of the answer.

    Returns:
        (h, w) float32, one outside of the region and its margin.
    """
    region = criteria.region
    if region is None or not region.any():
        return np.ones(shape, np.float32)
    wanted = enlarge(dilate(region, _REGION_MARGIN_PX).astype(np.float32), shape)
    inside = min(fit.threshold(criteria.false_alarm_rate, float(wanted.mean())), threshold)
    return np.asarray(1 + (threshold / inside - 1) * wanted, np.float32)


def fine_measurement(
    predicted: FloatMap, edited: FloatMap, uncertainty: FloatMap, valid: Mask, inner: Mask
) -> Measurement:
    """Differences at full size, tolerant of one pixel of misregistration.

    Args:
        predicted: (H, W, 3) float32 Lab, the normal as the edit should show it.
        edited: (H, W, 3) float32 Lab.
        uncertainty: (h, w) float32 delta E of uncertain colour correction.
        valid: (H, W) bool.
        inner: (H, W) bool, the valid ones away from the picture's frame.
    """
    excess, spread, activity = fine_figures(predicted, edited)
    return Measurement(
        scale=FINE,
        residual=edited - predicted,
        size=excess,
        spread=spread,
        activity=activity,
        uncertainty=np.asarray(
            FINE.uncertainty_fraction * enlarge(uncertainty, activity.shape), np.float32
        ),
        valid=valid,
        inner=inner,
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
    excess = np.empty(edited.shape[:2], np.float32)
    e, p = (np.empty(edited.shape, np.float32) for _ in range(2))
    for rows in strips(len(edited)):
        around = slice(max(rows.start - _SEEN_PX, 0), rows.stop + _SEEN_PX)
        inner = slice(rows.start - around.start, rows.stop - around.start)
        ours, theirs = (gaussian(image[around], FINE.sigma) for image in (edited, predicted))
        power = cv2.max(_power_beyond(ours, theirs)[inner], _power_beyond(theirs, ours)[inner])
        cv2.sqrt(power, dst=excess[rows])
        e[rows], p[rows] = ours[inner], theirs[inner]
    half = [shrink(image, 2) for image in (p, e)]
    activity = common_activity(half[0], half[1], _ACTIVITY_SIGMA)
    height, width = activity.shape
    return excess, magnitude((e[::2, ::2] - p[::2, ::2])[:height, :width]), activity


def coarse_measurement(
    scale: Scale,
    predicted: FloatMap,
    edited: FloatMap,
    uncertainty: FloatMap,
    valid: Mask,
    inner: Mask,
) -> Measurement:
    """Differences of averages at a coarser scale; arguments as for `fine_measurement`."""
    e, p = shrink(edited, scale.reduction), shrink(predicted, scale.reduction)
    inside, away = (
        shrink(where.astype(np.float32), scale.reduction) > WHOLE for where in (valid, inner)
    )
    size = magnitude(gaussian(e - p, scale.sigma))
    return Measurement(
        scale=scale,
        residual=e - p,
        size=size,
        spread=size,
        activity=common_activity(p, e, scale.sigma),
        uncertainty=np.asarray(
            scale.uncertainty_fraction * enlarge(uncertainty, inside.shape), np.float32
        ),
        valid=inside,
        inner=away,
    )


def _power_beyond(image: FloatMap, reference: FloatMap) -> FloatMap:
    """Squared distance of each colour to the reference's range in 3x3 neighbourhoods; (H, W)."""
    kernel = np.ones((3, 3), np.uint8)
    nearest = cv2.max(image, cv2.erode(reference, kernel))
    cv2.min(nearest, cv2.dilate(reference, kernel), dst=nearest)
    cv2.subtract(image, nearest, dst=nearest)
    beyond = np.asarray(nearest, np.float32)
    return dot(beyond, beyond)
