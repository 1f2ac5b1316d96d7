"""Gathers what is published of a sample, and what led there, into the card the report shows."""

from typing import Final

from kizu.agree.verdict import EXPLANATION, Verdict, Witness
from kizu.diff.storage import DiffRecord
from kizu.grounding import annotator_name
from kizu.grounding.encoded import EncodedDetections
from kizu.imaging.arrays import Mask
from kizu.outputs import SampleOutputs
from kizu.publish.dataset import Sample
from kizu.publish.frames import PublishedFrame
from kizu.report.card import Card, Found, Metric

_TOLD_UNJUDGED: Final = 0.005  # of a picture; less is a row or two


def gather_card(outputs: SampleOutputs, published: Sample) -> Card:
    """Read a judged sample's pictures and metrics, in the published image's frame.

    Args:
        outputs: What the stages made of it.
        published: The same sample as it is published.

    Raises:
        FileNotFoundError: It has no verdict.
    """
    sample, agreement = outputs.sample, outputs.judged
    frame = PublishedFrame(outputs)
    return Card(
        sample_id=sample.sample_id,
        defect_type=sample.defect_type,
        prompt=sample.prompt,
        verdict=Verdict(published.row["verdict"]),
        reason=outputs.settled.reason.value,
        explanation=EXPLANATION[outputs.settled.reason],
        metrics=_metrics(outputs, frame.diff),
        normal=outputs.normal if sample.has_normal else None,
        edited=published.image(),
        anomaly_map=frame.anomaly_map() if sample.has_normal else None,
        mask=published.label(),
        found=tuple(_found(frame, witness) for witness in agreement.witnesses),
        photo=sample.normal.name,
    )


def _metrics(outputs: SampleOutputs, diff: DiffRecord) -> dict[str, Metric]:
    judged = outputs.judged
    metrics = judged.figures.model_dump(mode="json", exclude_none=True)
    if judged.score is not None:
        metrics["score"] = judged.score
    by = {"reviewed_by": outputs.decision.reviewed_by} if outputs.decision else {}
    if not outputs.sample.has_normal:
        return {**metrics, **by}
    metrics |= {"match_rate": round(diff.match_rate, 3), "drift": diff.drift.value}
    unjudged = diff.drift_metrics.unjudged_fraction
    if unjudged >= _TOLD_UNJUDGED:
        metrics["unjudged_fraction"] = round(unjudged, 3)
    return {**metrics, **by}


def _found(frame: PublishedFrame, witness: Witness) -> Found:
    found = frame.detections[witness.annotator]
    return Found(
        annotator=annotator_name(witness.annotator),
        boxes=found.xyxy,
        mask=_union(found),
        labels=_labels(found),
        phrases=tuple(found.phrase),
        metrics=witness.figures.model_dump(mode="json", exclude_none=True),
    )


def _union(found: EncodedDetections) -> Mask | None:
    if not found.rle:
        return None
    height, width = found.rle[0]["size"]
    return found.union_mask((height, width))


def _labels(found: EncodedDetections) -> tuple[str, ...]:
    return tuple(
        f"{phrase} {confidence:.2f}"
        for phrase, confidence in zip(found.phrase, found.confidence, strict=True)
    )
