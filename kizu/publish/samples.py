"""Writes one sample's files into a dataset version and returns its rows."""

from dataclasses import dataclass

import numpy as np

from kizu.diff.composite import carry_map
from kizu.diff.storage import (
    DiffRecord,
    open_anomaly_map,
    open_composite,
    open_diff,
    open_diff_mask,
)
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.codecs import encode_mask, encode_png
from kizu.outputs import SampleOutputs
from kizu.publish.frames import move_detections
from kizu.publish.layout import VersionFolder, defect_image, defect_mask, defect_touched
from kizu.publish.outcomes import SampleStatus, sample_outcome
from kizu.publish.rows import (
    File,
    Row,
    defect_provenance,
    defect_row,
    diff_instances,
    edit_row,
    grounded_instances,
)
from kizu.store import Store
from kizu.store.keys import sha256_hex


@dataclass(frozen=True, eq=False)
class Published:
    """What of a sample is published.

    Attributes:
        image: (H, W, 3) uint8.
        label: (H, W) bool, the defect on that image.
        touched: (H, W) bool, outside of which the image is the normal one; None if it is not the
            normal image with the change pasted in.
        anomaly_map: (H, W) float32 on the same grid.
    """

    image: RgbImage
    label: Mask
    touched: Mask | None
    anomaly_map: FloatMap


def publish_sample(
    store: Store, version: VersionFolder, outputs: SampleOutputs
) -> dict[str, list[Row]]:
    """Write a judged sample's image and masks; of others only the ledger row comes back.

    Returns:
        Rows by table name.
    """
    outcome = sample_outcome(outputs, store)
    rows = {"edits": [edit_row(outputs, outcome)]}
    if outcome.status is not SampleStatus.JUDGED:
        return rows
    diff = open_diff(outputs.diff)
    published = _published(outputs, diff)
    sample = outputs.sample
    image = _write(store, version, defect_image(sample), encode_png(published.image))
    mask = _write(store, version, defect_mask(sample), encode_mask(published.label))
    touched = None
    if published.touched is not None:
        data = encode_mask(published.touched)
        touched = _write(store, version, defect_touched(sample), data)
    return rows | {
        "samples": [defect_row(outputs, image, mask, touched)],
        "provenance": [defect_provenance(outputs, diff, composited=touched is not None)],
        "instances": [
            *diff_instances(
                sample.sample_id, published.label, published.anomaly_map, diff.threshold
            ),
            *_grounded(outputs, diff, published),
        ],
    }


def _write(store: Store, version: VersionFolder, path: str, data: bytes) -> File:
    store.write(version.path(path), data)
    return File(path, sha256_hex(data))


def _published(outputs: SampleOutputs, diff: DiffRecord) -> Published:
    anomaly_map = open_anomaly_map(outputs.diff)
    if not (diff.composited and outputs.shard.spec.publish.composite):
        return Published(outputs.edited, open_diff_mask(outputs.diff), None, anomaly_map)
    pasted = open_composite(outputs.diff)
    moved = carry_map(anomaly_map, np.array(diff.normal_from_edited))
    return Published(pasted.image, pasted.label, pasted.touched, moved)


def _grounded(outputs: SampleOutputs, diff: DiffRecord, published: Published) -> list[Row]:
    record = outputs.detections
    if record is None:
        return []
    found = record.detections()
    if published.touched is not None:
        found = move_detections(found, np.array(diff.normal_from_edited))
    height, width = published.label.shape
    sample_id = outputs.sample.sample_id
    return grounded_instances(sample_id, record.annotator, found, (height, width))
