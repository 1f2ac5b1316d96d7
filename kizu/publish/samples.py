"""Writes one sample's files into a dataset version and returns its rows."""

from dataclasses import dataclass

import cv2
import numpy as np

from kizu.agree.verdict import Agreement
from kizu.arrays import FloatMap, Mask, RgbImage
from kizu.diff.archive import (
    DiffRecord,
    open_anomaly_map,
    open_composite,
    open_diff,
    open_diff_mask,
)
from kizu.edit.archive import EditRecord, open_edit
from kizu.edit.planning import PlannedSample
from kizu.ground.archive import open_detections
from kizu.images import decode_png, encode_mask, encode_png
from kizu.publish.layout import VersionFolder, defect_image, defect_mask
from kizu.publish.moving import move_detections
from kizu.publish.outcome import look_up
from kizu.publish.rows import (
    Row,
    defect_provenance,
    defect_row,
    diff_instances,
    edit_row,
    grounded_instances,
)
from kizu.shards import Shard
from kizu.store import StageFolder, Store


@dataclass(frozen=True, eq=False)
class Published:
    """What of a sample is published.

    Attributes:
        image: (H, W, 3) uint8.
        mask: (H, W) bool, the defect on that image.
        anomaly_map: (H, W) float32 on the same grid.
        composited: True if the image is the normal one with only the mask pasted in.
    """

    image: RgbImage
    mask: Mask
    anomaly_map: FloatMap
    composited: bool


def publish_sample(
    store: Store, version: VersionFolder, shard: Shard, sample: PlannedSample
) -> dict[str, list[Row]]:
    """Write a judged sample's image and mask; of others only the ledger row comes back.

    Returns:
        Rows by table name.
    """
    found = look_up(sample, shard, store)
    edit, agreement = found.edit, found.agreement
    ledger = {"edits": [edit_row(sample, edit, found.outcome, shard.spec.name)]}
    if edit is None or agreement is None:
        return ledger
    keys = shard.keys(sample)
    diff_folder = StageFolder(store, "diff", keys.diff)
    diff = open_diff(diff_folder)
    published = _published(store, shard, sample, edit, diff)
    store.write(version.path(defect_image(sample)), encode_png(published.image))
    store.write(version.path(defect_mask(sample)), encode_mask(published.mask))
    return ledger | _judged_rows(store, shard, sample, edit, diff, agreement, published)


def _judged_rows(
    store: Store,
    shard: Shard,
    sample: PlannedSample,
    edit: EditRecord,
    diff: DiffRecord,
    agreement: Agreement,
    published: Published,
) -> dict[str, list[Row]]:
    provenance = defect_provenance(
        sample, shard, edit, diff, agreement, composited=published.composited
    )
    return {
        "samples": [defect_row(sample, shard.spec, agreement.verdict)],
        "provenance": [provenance],
        "instances": [
            *diff_instances(sample.sample_id, published.mask, published.anomaly_map),
            *_grounded(store, shard, sample, diff, published),
        ],
    }


def _published(
    store: Store, shard: Shard, sample: PlannedSample, edit: EditRecord, diff: DiffRecord
) -> Published:
    folder = StageFolder(store, "diff", shard.keys(sample).diff)
    anomaly_map = open_anomaly_map(folder)
    if not (diff.composited and shard.spec.publish.composite):
        photo = decode_png(store.read(sample.normal.path))
        image = open_edit(store, edit, photo)
        return Published(image, open_diff_mask(folder), anomaly_map, composited=False)
    image, mask = open_composite(folder)
    size = (mask.shape[1], mask.shape[0])
    moved = cv2.warpAffine(anomaly_map, np.array(diff.normal_from_edited), size)
    return Published(image, mask, np.asarray(moved, np.float32), composited=True)


def _grounded(
    store: Store,
    shard: Shard,
    sample: PlannedSample,
    diff: DiffRecord,
    published: Published,
) -> list[Row]:
    if shard.annotator is None:
        return []
    record = open_detections(StageFolder(store, "ground", shard.keys(sample).ground))
    found = record.detections()
    if published.composited:
        found = move_detections(found, np.array(diff.normal_from_edited))
    height, width = published.mask.shape
    return grounded_instances(sample.sample_id, record.annotator, found, (height, width))
