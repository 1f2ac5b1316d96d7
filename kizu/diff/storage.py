"""Comparisons in the store: evidence and masks as PNG, metrics as JSON.

What follows from the normal image is not stored again: of a composite there is only what was
touched, and the evidence is kept to 8 bits.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kizu.diff.composite import Composite
from kizu.diff.result import DiffResult, Drift, DriftMetrics, Region, Status
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.codecs import (
    decode_grey,
    decode_mask,
    decode_png,
    encode_mask,
    encode_png,
)
from kizu.settings import Record
from kizu.store import StageFolder

PATCH: Final = "patch.png"
_JUDGED: Final = "judged.png"  # only of a picture of which not all was

_BELOW: Final = 128
"""Codes for evidence below the threshold, as many for what reaches it."""

_MANTISSA_BITS: Final = 4
"""Of evidence in thresholds, as IEEE 754 floats have them: 16 steps from one power of two to the
next, so 8 powers fit and single and double threshold are borders of steps."""

_DROPPED_BITS: Final = 23 - _MANTISSA_BITS  # binary32 has 23
_CODE_OF_ONE: Final = 127 << _MANTISSA_BITS  # the exponent of 1 is stored as 127


class DiffRecord(Record):
    """The metrics of a comparison; see ``DiffResult``."""

    status: Status
    drift: Drift
    threshold: float
    normal_from_edited: tuple[tuple[float, float, float], tuple[float, float, float]]
    registration_residual_px: float
    match_rate: float
    regions: tuple[Region, ...]
    drift_metrics: DriftMetrics
    composited: bool


def save_diff(folder: StageFolder, result: DiffResult, composite: Composite | None) -> None:
    """Store a comparison and, if there is one, the picture composited from it."""
    codes = encode_evidence(result.anomaly_map, result.threshold)
    folder.write("anomaly_map.png", encode_png(codes))
    folder.write("mask.png", encode_mask(result.mask))
    if result.tone.unjudged_fraction:
        folder.write(_JUDGED, encode_mask(result.judged))
    if composite is not None:
        save_composite(folder, composite)
    record = DiffRecord(
        status=result.status,
        drift=result.drift,
        threshold=result.threshold,
        normal_from_edited=result.normal_from_edited.tolist(),
        registration_residual_px=result.registration_residual_px,
        match_rate=result.match_rate,
        regions=result.regions,
        drift_metrics=result.tone,
        composited=composite is not None,
    )
    folder.finish(record.model_dump(mode="json"))


def encode_evidence(anomaly_map: FloatMap, threshold: float) -> NDArray[np.uint8]:
    """Return evidence in 8 bits, so that comparing it with the threshold says the same.

    Below the threshold there are 128 equal steps. From it upwards every doubling has 16, up to 256
    thresholds; single, double and each further doubling of it are borders of steps.

    Args:
        anomaly_map: (H, W) float32, not negative, in noise-floor units.
        threshold: In the same units; 0 where nothing was compared.

    Returns:
        (H, W) codes.
    """
    ratio = np.asarray(anomaly_map, np.float32) / np.float32(threshold or 1)
    below = np.minimum(np.rint(ratio * _BELOW), _BELOW - 1)
    steps = (ratio.view(np.uint32) >> _DROPPED_BITS).astype(np.int32) - _CODE_OF_ONE
    return np.where(ratio < 1, below, np.clip(_BELOW + steps, 0, 255)).astype(np.uint8)


def decode_evidence(codes: NDArray[np.uint8], threshold: float) -> FloatMap:
    """Return the (H, W) float32 evidence of ``encode_evidence``: the middle of each step.

    What reaches the threshold is within 1/32 of what it was, all else within 1/128 of a threshold.
    """
    steps = np.arange(256, dtype=np.uint32)
    above = (steps - _BELOW + _CODE_OF_ONE << _DROPPED_BITS) + (1 << (_DROPPED_BITS - 1))
    ratio = np.where(steps < _BELOW, steps / np.float32(_BELOW), above.view(np.float32))
    return np.asarray((ratio.astype(np.float32) * np.float32(threshold or 1))[codes])


def save_composite(folder: StageFolder, composite: Composite) -> None:
    """Store a composite: of its picture what was touched, as all else is the normal image's."""
    patch = np.zeros_like(composite.image)
    patch[composite.touched] = composite.image[composite.touched]
    folder.write(PATCH, encode_png(patch))
    folder.write("label.png", encode_mask(composite.label))
    folder.write("touched.png", encode_mask(composite.touched))


def open_diff_mask(folder: StageFolder) -> Mask:
    """Return the (H, W) bool mask, in the edited image's frame."""
    return folder.read_as("mask.png", decode_mask)


def open_judged(folder: StageFolder) -> Mask:
    """Return the (H, W) bool mask of what was compared, in the edited image's frame."""
    if folder.record_as(DiffRecord.model_validate).drift_metrics.unjudged_fraction:
        return folder.read_as(_JUDGED, decode_mask)
    return np.ones_like(open_diff_mask(folder))


def open_anomaly_map(folder: StageFolder) -> FloatMap:
    """Return the (H, W) float32 anomaly map as ``decode_evidence`` gives it."""
    threshold = folder.record_as(DiffRecord.model_validate).threshold
    codes = folder.read_as("anomaly_map.png", decode_grey)
    return decode_evidence(codes, threshold)


def open_composited_label(folder: StageFolder) -> Mask:
    """Return the (H, W) bool label of the composited picture."""
    return folder.read_as("label.png", decode_mask)


def open_composited_touched(folder: StageFolder) -> Mask:
    """Return the (H, W) bool mask of all touched pixels of the composited picture."""
    return folder.read_as("touched.png", decode_mask)


def open_composite(folder: StageFolder, normal: RgbImage) -> Composite:
    """Return the composited picture with its label, in the normal image's frame.

    Args:
        folder: Where it was stored.
        normal: (H, W, 3) uint8, the normal image that it was composited onto.
    """
    touched = open_composited_touched(folder)
    image = normal.copy()
    image[touched] = folder.read_as(PATCH, decode_png)[touched]
    return Composite(image, open_composited_label(folder), touched)
