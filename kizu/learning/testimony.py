"""Reads from a published version what annotators found where people confirmed the label."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kizu.agree.figures import Figures, overlap
from kizu.agree.fusion import TESTIMONY_SOURCE
from kizu.agree.settings import AgreementSettings
from kizu.agree.verdict import Reason, Verdict, is_one_area
from kizu.imaging.arrays import Mask
from kizu.imaging.crops import MaskCrop, crop_of, crop_of_box, union_of
from kizu.imaging.rle import decode_crop
from kizu.learning.phrases import Detection, Look
from kizu.publish.dataset import Dataset

if TYPE_CHECKING:
    import pandas as pd

SETTINGS: Final = AgreementSettings()
"""What is one area, as the verdict has it by default."""


def open_looks(dataset: Dataset, settings: AgreementSettings = SETTINGS) -> Iterator[Look]:
    """Yield what every annotator found for every phrase it was asked for.

    Only samples that a person accepted count. Left out are labels that annotators themselves
    proposed and nobody drew anew: they would confirm themselves.

    Args:
        dataset: The version.
        settings: When two masks are one area.
    """
    decided = _decided(dataset)
    regions = dataset.instances[dataset.instances["sample_id"].isin(decided["sample_id"])]
    by_sample = {str(sample_id): rows for sample_id, rows in regions.groupby("sample_id")}
    for sample in decided.to_dict("records"):
        rows = by_sample.get(sample["sample_id"])
        if rows is not None:
            yield from _looks(sample, rows.to_dict("records"), settings)


def _decided(dataset: Dataset) -> "pd.DataFrame":
    """Return the rows of samples whose label a person accepted."""
    how = dataset.provenance[["sample_id", *_COLUMNS]].dropna(
        subset=["reviewed_by", "annotators", "phrases"]
    )
    what = dataset.samples[["sample_id", "defect_type", "verdict"]]
    rows = how.merge(what, on="sample_id")
    accepted = rows["verdict"] == Verdict.ACCEPT.value
    return rows[accepted & (rows["mask_source"] != TESTIMONY_SOURCE)]


_COLUMNS: Final = (
    "normal_sha256",
    "phrases",
    "annotators",
    "reason",
    "reviewed_by",
    "mask_source",
)


def _looks(
    sample: Mapping[Any, Any], rows: Sequence[Mapping[Any, Any]], settings: AgreementSettings
) -> Iterator[Look]:
    label = [row for row in rows if row["annotator"] == sample["mask_source"]]
    if not label:
        return
    shape = int(label[0]["rle_height"]), int(label[0]["rle_width"])
    mask = union_of((_crop(row, shape) for row in label), shape)
    for annotator in sample["annotators"]:
        for phrase in dict.fromkeys(sample["phrases"]):
            named = [r for r in rows if (r["annotator"], r["phrase"]) == (annotator, phrase)]
            crops = [(float(row["score"]), _crop(row, shape)) for row in named]
            touching = [each for each in crops if each[1].touches(mask)]
            yield Look(
                sample_id=sample["sample_id"],
                photo=sample["normal_sha256"],
                defect_type=sample["defect_type"],
                annotator=annotator,
                phrase=phrase,
                detections=tuple(Detection(c, crop.touches(mask)) for c, crop in crops),
                found_at=_found_at(mask, touching, settings),
                was_agreed=sample["reason"] == Reason.AGREE.value,
            )


def _found_at(
    mask: Mask, touching: Iterable[tuple[float, MaskCrop]], settings: AgreementSettings
) -> float | None:
    """Return the highest threshold at which what touches the label is its area."""
    shape = (mask.shape[0], mask.shape[1])
    kept: list[MaskCrop] = []
    for confidence, crop in sorted(touching, key=lambda one: -one[0]):
        kept.append(crop)
        measured = overlap(crop_of(mask), crop_of(union_of(kept, shape)), shape)
        if is_one_area(Figures(**measured), settings):
            return confidence
    return None


def _box(row: Mapping[Any, Any]) -> list[float]:
    return [row["x0"], row["y0"], row["x1"], row["y1"]]


def _crop(row: Mapping[Any, Any], shape: tuple[int, int]) -> MaskCrop:
    """Return a region's pixels; of a detection without a mask its box."""
    if not isinstance(row["rle_counts"], str):
        return crop_of_box(np.array(_box(row), np.float32), shape)
    return decode_crop({"size": list(shape), "counts": row["rle_counts"]})
