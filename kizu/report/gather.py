"""Gathers what is published of a sample, and what led there, into the card the report shows."""

import numpy as np

from kizu.agree.verdict import Agreement
from kizu.diff.composite import carry_map
from kizu.diff.storage import DiffRecord, open_anomaly_map, open_diff
from kizu.grounding.encoded import EncodedDetections
from kizu.imaging.arrays import FloatMap, Mask
from kizu.outputs import SampleOutputs
from kizu.publish.dataset import Sample
from kizu.publish.frames import move_detections
from kizu.report.card import Card, Metric


def gather_card(outputs: SampleOutputs, published: Sample) -> Card:
    """Read a judged sample's pictures and metrics, in the published image's frame.

    Args:
        outputs: What the stages made of it.
        published: The same sample as it is published.

    Raises:
        FileNotFoundError: It has no verdict.
    """
    sample, agreement = outputs.sample, outputs.judged
    diff = open_diff(outputs.diff)
    composited = published.touched() is not None
    found = _detections(outputs, diff, composited=composited)
    return Card(
        sample_id=sample.sample_id,
        defect_type=sample.defect_type,
        prompt=sample.prompt,
        verdict=agreement.verdict.value,
        reason=agreement.reason.value,
        explanation=agreement.explanation,
        metrics=_metrics(agreement, diff),
        normal=outputs.normal,
        edited=published.image(),
        anomaly_map=_anomaly_map(outputs, diff, composited=composited),
        mask=published.label(),
        grounded_boxes=found.xyxy if found else None,
        grounded_mask=_union(found),
        grounded_labels=_labels(found),
    )


def _anomaly_map(outputs: SampleOutputs, diff: DiffRecord, *, composited: bool) -> FloatMap:
    anomaly_map = open_anomaly_map(outputs.diff)
    return carry_map(anomaly_map, np.array(diff.normal_from_edited)) if composited else anomaly_map


def _detections(
    outputs: SampleOutputs, diff: DiffRecord, *, composited: bool
) -> EncodedDetections | None:
    if outputs.detections is None:
        return None
    found = outputs.detections.detections()
    return move_detections(found, np.array(diff.normal_from_edited)) if composited else found


def _metrics(agreement: Agreement, diff: DiffRecord) -> dict[str, Metric]:
    metrics = agreement.model_dump(mode="json", exclude={"verdict", "reason"}, exclude_none=True)
    return {**metrics, "match_rate": round(diff.match_rate, 3), "drift": diff.drift.value}


def _union(found: EncodedDetections | None) -> Mask | None:
    if found is None or not found.rle:
        return None
    height, width = found.rle[0]["size"]
    return found.union_mask((height, width))


def _labels(found: EncodedDetections | None) -> tuple[str, ...]:
    if found is None:
        return ()
    return tuple(
        f"{phrase} {confidence:.2f}"
        for phrase, confidence in zip(found.phrase, found.confidence, strict=True)
    )
