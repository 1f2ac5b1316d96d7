"""Comparisons in the store: anomaly map and masks as PNG, metrics as JSON."""

from typing import Final

from kizu.diff.composite import Composite
from kizu.diff.result import DiffResult, Drift, DriftMetrics, Region, Status
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.codecs import (
    decode_map,
    decode_mask,
    decode_png,
    encode_map,
    encode_mask,
    encode_png,
)
from kizu.settings import Record
from kizu.store import StageFolder

_PICTURE: Final = "composite.png"


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
    folder.write("anomaly_map.png", encode_map(result.anomaly_map))
    folder.write("mask.png", encode_mask(result.mask))
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


def save_composite(folder: StageFolder, composite: Composite) -> None:
    """Store a picture composited from a comparison."""
    folder.write(_PICTURE, encode_png(composite.image))
    folder.write("label.png", encode_mask(composite.label))
    folder.write("touched.png", encode_mask(composite.touched))


def open_diff_mask(folder: StageFolder) -> Mask:
    """Return the (H, W) bool mask, in the edited image's frame."""
    return folder.read_as("mask.png", decode_mask)


def open_anomaly_map(folder: StageFolder) -> FloatMap:
    """Return the (H, W) float32 anomaly map, to 1/256 of a noise-floor unit."""
    return folder.read_as("anomaly_map.png", decode_map)


def read_composited_picture(folder: StageFolder) -> bytes:
    """Return the composited picture as the PNG file it is."""
    return folder.read_sound(_PICTURE, decode_png)


def open_composited_label(folder: StageFolder) -> Mask:
    """Return the (H, W) bool label of the composited picture."""
    return folder.read_as("label.png", decode_mask)


def open_composited_touched(folder: StageFolder) -> Mask:
    """Return the (H, W) bool mask of all touched pixels of the composited picture."""
    return folder.read_as("touched.png", decode_mask)


def open_composite(folder: StageFolder) -> Composite:
    """Return the composited picture with its label, in the normal image's frame."""
    return Composite(
        folder.read_as(_PICTURE, decode_png),
        open_composited_label(folder),
        open_composited_touched(folder),
    )
