"""The rows of a dataset version's tables, from what the stages stored."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from kizu.agree.verdict import Verdict
from kizu.diff.storage import DiffRecord
from kizu.edit.storage import EditRecord
from kizu.grounding.encoded import EncodedDetections
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.crops import connected_regions
from kizu.imaging.rle import encode_crop
from kizu.outputs import SampleOutputs
from kizu.publish.layout import good_id
from kizu.publish.outcomes import Outcome, SampleStatus
from kizu.review import Decision
from kizu.samples import PlannedSample, is_test_photo
from kizu.sources import NormalImage
from kizu.spec import GOOD, DatasetSpec
from kizu.stages import STAGES
from kizu.store.keys import canonical_json

Row = dict[str, Any]

NORMAL, ABNORMAL = 0, 1
DIFF_ANNOTATOR: Final = "kizu-diff"
REVIEWER: Final = "review"
"""Who drew a mask, in place of ``DIFF_ANNOTATOR``: a person who looked at it."""

TRAIN, TEST = "train", "test"
TRAIN_DEFECTS: Final = "train_defects"
"""Split of accepted defects whose photo is in train: one-class readers must not train on them."""


@dataclass(frozen=True)
class File:
    """A published file: its path within the version, and the SHA-256 of its bytes."""

    path: str
    sha256: str


_NO_FILE: Final = File("", "")


def normal_row(image: NormalImage, spec: DatasetSpec, file: File, *, edited: bool) -> Row:
    """Return the samples row of a normal image."""
    in_test = edited and is_test_photo(image, spec.publish.test_fraction)
    return {
        "label_index": NORMAL,
        "split": TEST if in_test else TRAIN,
        "label": "normal",
        "sample_id": good_id(image),
        "category": spec.images.category,
        "defect_type": GOOD,
        "verdict": Verdict.ACCEPT.value,
        **_file_columns(file, _NO_FILE, _NO_FILE),
    }


def _file_columns(image: File, mask: File, touched: File) -> Row:
    """Return paths and digests; empty text where there is no file, for readers without nulls."""
    return {
        "image_path": image.path,
        "mask_path": mask.path,
        "touched_path": touched.path,
        "image_sha256": image.sha256,
        "mask_sha256": mask.sha256,
        "touched_sha256": touched.sha256,
    }


def normal_provenance(image: NormalImage) -> Row:
    """Return the provenance row of a normal image."""
    return {
        "sample_id": good_id(image),
        "normal_name": image.name,
        "normal_sha256": image.sha256,
        "width": image.width,
        "height": image.height,
    }


def defect_row(outputs: SampleOutputs, image: File, mask: File, touched: File | None) -> Row:
    """Return the samples row of a judged sample; only accepted ones are in train or test splits.

    Args:
        outputs: The sample, judged.
        image: The published image.
        mask: Its label.
        touched: The mask of all touched pixels; None where the image is not a composite.
    """
    sample, spec = outputs.sample, outputs.shard.spec
    verdict = outputs.final_verdict
    return {
        "label_index": ABNORMAL,
        "split": _split(sample, spec, verdict),
        "label": "abnormal",
        "sample_id": sample.sample_id,
        "category": spec.images.category,
        "defect_type": sample.defect_type,
        "verdict": verdict.value,
        **_file_columns(image, mask, touched or _NO_FILE),
    }


def _split(sample: PlannedSample, spec: DatasetSpec, verdict: Verdict) -> str:
    if verdict is not Verdict.ACCEPT:
        return verdict.value
    in_test = is_test_photo(sample.normal, spec.publish.test_fraction)
    return TEST if in_test else TRAIN_DEFECTS


def defect_provenance(outputs: SampleOutputs, diff: DiffRecord, *, composited: bool) -> Row:
    """Return the provenance row of a judged sample."""
    sample, spec = outputs.sample, outputs.shard.spec
    return {
        **normal_provenance(sample.normal),
        "sample_id": sample.sample_id,
        **_edit_columns(outputs),
        **_diff_columns(diff),
        "diff_settings": canonical_json(spec.diff.shaping()),
        "composited": composited,
        "annotator": outputs.shard.annotator,
        "agreement_settings": canonical_json(spec.agree.shaping()),
        **outputs.judged.model_dump(mode="json"),
        **_review_columns(outputs.decision),
    }


def _review_columns(decision: Decision | None) -> Row:
    """Return what a person decided, the verdict included; of what nobody reviewed, no verdict."""
    if decision is None:
        return {"mask_source": mask_source(None), "decision_key": None}
    return {
        "verdict": decision.verdict.value,
        "reviewed_by": decision.reviewed_by,
        "reviewed_at": decision.reviewed_at,
        "mask_source": mask_source(decision),
        "decision_key": decision.key,
    }


def mask_source(decision: Decision | None) -> str:
    """Return who drew the published mask, as tables name it."""
    return REVIEWER if decision and decision.mask else DIFF_ANNOTATOR


def _edit_columns(outputs: SampleOutputs) -> Row:
    edit = outputs.picture
    return {
        "prompt": outputs.sample.prompt,
        "phrases": list(outputs.sample.phrases),
        "variant": edit.request.variant,
        "seed": edit.request.seed,
        "editor": canonical_json(edit.request.editor),
        "model": edit.model,
        "geometry": canonical_json(asdict(edit.geometry)),
        "cost_usd": edit.cost_usd,
        "host": edit.host,
        "emulated": edit.emulated,
        "picture_sha256": edit.picture_sha256,
        **{f"{stage.name}_key": stage.key(outputs) for stage in STAGES},
    }


def _diff_columns(diff: DiffRecord) -> Row:
    return {
        "diff_status": diff.status.value,
        "drift": diff.drift.value,
        "drift_metrics": canonical_json(asdict(diff.drift_metrics)),
        "match_rate": diff.match_rate,
        "registration_residual_px": diff.registration_residual_px,
        "normal_from_edited": [value for row in diff.normal_from_edited for value in row],
    }


def edit_row(outputs: SampleOutputs, outcome: Outcome) -> Row:
    """Return the ledger row of a dataset's request, whatever became of it."""
    sample, edit = outputs.sample, outputs.edit
    failed = outcome.status is SampleStatus.FAILED
    return {
        "edit_key": sample.request.key,
        "sample_id": sample.sample_id,
        "normal_sha256": sample.normal.sha256,
        "defect_type": sample.defect_type,
        "prompt": sample.prompt,
        "status": _request_status(edit, outputs.shard.spec.name) if edit else "failed",
        "reason": outcome.reason if failed else (edit.reason if edit else ""),
        "model": edit.model if edit else "",
        "cost_usd": edit.cost_usd if edit else None,
        "usage": canonical_json(edit.usage if edit else {}),
        "request_id": edit.request_id if edit else None,
        "bought_at": edit.bought_at if edit else None,
        "bought_for": edit.bought_for if edit else "",
        "latency_s": edit.latency_s if edit else None,
        "host": edit.host if edit else "",
        "emulated": edit.emulated if edit else False,
    }


def _request_status(edit: EditRecord, dataset: str) -> str:
    """Return "bought" or "cached" for paid edits, by whether this dataset or another one paid."""
    if not edit.has_picture or not edit.bought_for:
        return edit.status
    if edit.emulated:
        return "emulated"
    return "bought" if edit.bought_for == dataset else "cached"


def diff_instances(
    sample_id: str,
    mask: Mask,
    anomaly_map: FloatMap,
    threshold: float,
    mask_source: str = DIFF_ANNOTATOR,
) -> list[Row]:
    """Return one row per connected region of the published mask, scored by its mean evidence.

    Args:
        sample_id: The sample.
        mask: (H, W) bool, as published.
        anomaly_map: (H, W) float32 on the same grid, in noise-floor units.
        threshold: Noise-floor units at which a pixel counts as changed.
        mask_source: Who drew the mask.
    """
    shape = (mask.shape[0], mask.shape[1])
    rows = []
    for number, region in enumerate(connected_regions(mask)):
        evidence = region.mean_of(anomaly_map)
        row = _instance(
            sample_id,
            mask_source,
            number,
            area_px=region.area_px,
            score=score_of(evidence, threshold),
            evidence=evidence,
            box=region.xyxy,
            rle=encode_crop(region, shape),
        )
        rows.append(row)
    return rows


def score_of(evidence: float, threshold: float) -> float:
    """Return evidence as a score from 0 to 1: 0.5 at the threshold, near 1 far above it.

    Args:
        evidence: Noise-floor units.
        threshold: Noise-floor units at which a pixel counts as changed; above 0.

    Example:
        >>> [score_of(evidence, 5.0) for evidence in (0.0, 5.0, 45.0)]
        [0.0, 0.5, 0.9]
    """
    return evidence / (evidence + threshold)


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
    evidence: float | None = None,
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
        "evidence": evidence,
        "phrase": phrase,
        "rle_height": rle["size"][0] if rle else None,
        "rle_width": rle["size"][1] if rle else None,
        "rle_counts": rle["counts"] if rle else None,
    }
