"""The rows of the ``instances`` table: one per region, of the published mask and of detections."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kizu.agree.candidates import confidence_of
from kizu.agree.fusion import DIFF_SOURCE
from kizu.grounding.encoded import EncodedDetections
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.crops import connected_regions
from kizu.imaging.rle import encode_crop
from kizu.publish.rows import Row


def diff_instances(
    sample_id: str,
    mask: Mask,
    anomaly_map: FloatMap,
    threshold: float,
    mask_source: str = DIFF_SOURCE,
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


def candidate_instances(
    sample_id: str, mask: Mask, chosen: Sequence[EncodedDetections], mask_source: str
) -> list[Row]:
    """Return one row per connected region of a mask that no diff measured.

    Args:
        sample_id: The sample.
        mask: (H, W) bool, as published.
        chosen: The detections that speak for it; a region's score is their best confidence there.
        mask_source: Who drew the mask.
    """
    shape = (mask.shape[0], mask.shape[1])
    return [
        _instance(
            sample_id,
            mask_source,
            number,
            area_px=region.area_px,
            score=confidence_of(region, chosen, shape),
            box=region.xyxy,
            rle=encode_crop(region, shape),
        )
        for number, region in enumerate(connected_regions(mask))
    ]


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
