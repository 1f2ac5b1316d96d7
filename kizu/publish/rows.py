"""The rows of a dataset version's tables, from what the stages stored."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from kizu.agree.verdict import Agreement, Verdict
from kizu.arrays import FloatMap, Mask
from kizu.crops import connected_regions
from kizu.diff.archive import DiffRecord
from kizu.edit.archive import EditRecord
from kizu.edit.planning import PlannedSample, is_test_photo
from kizu.ground.encoded import EncodedDetections
from kizu.keys import canonical_json
from kizu.publish.layout import defect_image, defect_mask, good_id, good_image
from kizu.publish.outcome import Outcome, Reached
from kizu.rle import encode_crop
from kizu.shards import Shard
from kizu.source import NormalImage
from kizu.spec import GOOD, DatasetSpec
from kizu.stages import StageKeys

Row = dict[str, Any]

NORMAL, ABNORMAL = 0, 1
DIFF_ANNOTATOR: Final = "kizu-diff"

TRAIN, TEST = "train", "test"
TRAIN_DEFECTS: Final = "train_defects"
"""Split of accepted defects whose photo is in train: one-class readers must not train on them."""


def good_row(image: NormalImage, spec: DatasetSpec, *, edited: bool) -> Row:
    """Return the samples row of a normal image."""
    in_test = edited and is_test_photo(image, spec.publish.test_fraction)
    return {
        "image_path": good_image(image),
        "label_index": NORMAL,
        "mask_path": "",
        "split": TEST if in_test else TRAIN,
        "label": "normal",
        "sample_id": good_id(image),
        "category": spec.images.category,
        "defect_type": GOOD,
        "verdict": Verdict.ACCEPT.value,
    }


def good_provenance(image: NormalImage) -> Row:
    """Return the provenance row of a normal image."""
    return {
        "sample_id": good_id(image),
        "normal_name": image.name,
        "normal_sha256": image.sha256,
        "width": image.width,
        "height": image.height,
    }


def defect_row(sample: PlannedSample, spec: DatasetSpec, verdict: Verdict) -> Row:
    """Return the samples row of a judged sample; only accepted ones are in train or test splits."""
    return {
        "image_path": defect_image(sample),
        "label_index": ABNORMAL,
        "mask_path": defect_mask(sample),
        "split": _split(sample, spec, verdict),
        "label": "abnormal",
        "sample_id": sample.sample_id,
        "category": spec.images.category,
        "defect_type": sample.defect_type,
        "verdict": verdict.value,
    }


def _split(sample: PlannedSample, spec: DatasetSpec, verdict: Verdict) -> str:
    if verdict is not Verdict.ACCEPT:
        return verdict.value
    in_test = is_test_photo(sample.normal, spec.publish.test_fraction)
    return TEST if in_test else TRAIN_DEFECTS


def defect_provenance(
    sample: PlannedSample,
    shard: Shard,
    edit: EditRecord,
    diff: DiffRecord,
    agreement: Agreement,
    *,
    composited: bool,
) -> Row:
    """Return the provenance row of a judged sample."""
    return {
        **good_provenance(sample.normal),
        "sample_id": sample.sample_id,
        **_edit_columns(sample, edit),
        **_key_columns(shard.keys(sample)),
        **_diff_columns(diff),
        "diff_settings": canonical_json(shard.spec.diff.model_dump(mode="json")),
        "composited": composited,
        "annotator": shard.annotator,
        "agreement_settings": canonical_json(shard.spec.agree.model_dump(mode="json")),
        **agreement.model_dump(mode="json"),
    }


def _edit_columns(sample: PlannedSample, edit: EditRecord) -> Row:
    return {
        "prompt": sample.prompt,
        "phrases": list(sample.phrases),
        "variant": edit.request.variant,
        "seed": edit.request.seed,
        "editor": canonical_json(edit.request.editor),
        "model": edit.model,
        "geometry": canonical_json(asdict(edit.geometry)),
        "cost_usd": edit.cost_usd,
        "picture_sha256": edit.picture_sha256,
    }


def _key_columns(keys: StageKeys) -> Row:
    return {
        "edit_key": keys.edit,
        "diff_key": keys.diff,
        "ground_key": keys.ground,
        "agree_key": keys.agree,
    }


def _diff_columns(diff: DiffRecord) -> Row:
    return {
        "diff_status": diff.status.value,
        "drift": diff.drift.value,
        "drift_figures": canonical_json(asdict(diff.drift_figures)),
        "match_rate": diff.match_rate,
        "registration_residual_px": diff.registration_residual_px,
        "normal_from_edited": [value for row in diff.normal_from_edited for value in row],
    }


def edit_row(sample: PlannedSample, edit: EditRecord | None, outcome: Outcome, dataset: str) -> Row:
    """Return the ledger row of a dataset's request, whatever became of it."""
    failed = outcome.reached is Reached.FAILED
    return {
        "edit_key": sample.request.key,
        "sample_id": sample.sample_id,
        "normal_sha256": sample.normal.sha256,
        "defect_type": sample.defect_type,
        "prompt": sample.prompt,
        "status": _request_status(edit, dataset) if edit else "failed",
        "reason": outcome.reason if failed else (edit.reason if edit else ""),
        "model": edit.model if edit else "",
        "cost_usd": edit.cost_usd if edit else None,
        "usage": canonical_json(edit.usage if edit else {}),
        "request_id": edit.request_id if edit else None,
        "bought_at": edit.bought_at if edit else None,
        "bought_for": edit.bought_for if edit else "",
        "latency_s": edit.latency_s if edit else None,
    }


def _request_status(edit: EditRecord, dataset: str) -> str:
    """Return "bought" or "cached" for paid edits, by whether this dataset or another one paid."""
    if edit.status == "refused" or not edit.bought_for:
        return edit.status
    return "bought" if edit.bought_for == dataset else "cached"


def diff_instances(sample_id: str, mask: Mask, anomaly_map: FloatMap) -> list[Row]:
    """Return one row per connected region of the published mask, scored by the mean evidence.

    Args:
        sample_id: The sample.
        mask: (H, W) bool, as published.
        anomaly_map: (H, W) float32 on the same grid.
    """
    shape = (mask.shape[0], mask.shape[1])
    return [
        _instance(
            sample_id,
            DIFF_ANNOTATOR,
            number,
            area_px=region.area_px,
            score=float(anomaly_map[region.window][region.inside].mean()),
            box=region.xyxy,
            rle=encode_crop(region, shape),
        )
        for number, region in enumerate(connected_regions(mask))
    ]


def grounded_instances(
    sample_id: str, annotator: str, found: EncodedDetections, shape: tuple[int, int]
) -> list[Row]:
    """Return one row per detection, with its box as the annotator gave it.

    Args:
        sample_id: The sample.
        annotator: The annotator's version.
        found: Detections on the published image's grid.
        shape: (H, W) of that image.
    """
    rles = [None] * len(found) if found.rle is None else found.rle
    return [
        _instance(
            sample_id,
            annotator,
            number,
            area_px=crop.area_px,
            score=float(found.confidence[number]),
            box=found.xyxy[number],
            rle=rles[number],
            phrase=found.phrase[number],
        )
        for number, crop in enumerate(found.crops(shape))
    ]


def _instance(
    sample_id: str,
    annotator: str,
    number: int,
    *,
    area_px: int,
    score: float,
    box: Iterable[float | np.float32],
    rle: dict[str, Any] | None,
    phrase: str | None = None,
) -> Row:
    x0, y0, x1, y1 = (float(edge) for edge in box)
    return {
        "sample_id": sample_id,
        "annotator": annotator,
        "instance": number,
        "x0": x0,
        "y0": y0,
        "x1": x1,
        "y1": y1,
        "area_px": area_px,
        "score": score,
        "phrase": phrase,
        "rle_height": rle["size"][0] if rle else None,
        "rle_width": rle["size"][1] if rle else None,
        "rle_counts": rle["counts"] if rle else None,
    }
