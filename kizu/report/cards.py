"""Gathers what the stages stored of a sample into the card the report shows."""

from kizu.agree.verdict import Agreement
from kizu.arrays import Mask
from kizu.diff.archive import open_anomaly_map, open_diff, open_diff_mask
from kizu.edit.archive import EditRecord, open_edit
from kizu.edit.planning import PlannedSample
from kizu.ground.archive import open_detections
from kizu.ground.encoded import EncodedDetections
from kizu.images import decode_png
from kizu.report.card import Card, Figure
from kizu.shards import Shard
from kizu.store import StageFolder, Store


def gather_card(
    store: Store, shard: Shard, sample: PlannedSample, edit: EditRecord, agreement: Agreement
) -> Card:
    """Read a judged sample's pictures and figures, in the edited image's frame."""
    keys = shard.keys(sample)
    normal = decode_png(store.read(sample.normal.path))
    diff = StageFolder(store, "diff", keys.diff)
    found = _detections(store, shard, keys.ground)
    return Card(
        sample_id=sample.sample_id,
        defect_type=sample.defect_type,
        prompt=sample.prompt,
        verdict=agreement.verdict.value,
        reason=agreement.reason.value,
        explanation=agreement.explanation,
        figures=_figures(agreement, open_diff(diff).match_rate, diff),
        normal=normal,
        edited=open_edit(store, edit, normal),
        anomaly_map=open_anomaly_map(diff),
        mask=open_diff_mask(diff),
        grounded_boxes=found.xyxy if found else None,
        grounded_mask=_union(found),
        grounded_labels=_labels(found),
    )


def _detections(store: Store, shard: Shard, key: str) -> EncodedDetections | None:
    if shard.annotator is None:
        return None
    return open_detections(StageFolder(store, "ground", key)).detections()


def _figures(agreement: Agreement, match_rate: float, diff: StageFolder) -> dict[str, Figure]:
    figures = agreement.model_dump(mode="json", exclude={"verdict", "reason"}, exclude_none=True)
    return {**figures, "match_rate": round(match_rate, 3), "drift": open_diff(diff).drift.value}


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
