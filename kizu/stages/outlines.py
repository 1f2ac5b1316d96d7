"""The outlines of a change as an annotator's segmenter draws them, kept beside the stages' outputs.

They are no stage: without the setting there are none, and what is made of them is part of the
fusion's output.
"""

import json
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from kizu.agree.change import Change
from kizu.agree.outline import outline_of, points_in
from kizu.agree.regions import regions_by_size
from kizu.grounding import (
    GroundingSettings,
    GroundingUnavailable,
    Segmenter,
    annotator_name,
    annotator_version,
)
from kizu.grounding.loading import load_segmenter
from kizu.grounding.names import parse_annotator_name, uses_demo_weights
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.boxes import clip_boxes
from kizu.imaging.crops import MaskCrop
from kizu.imaging.rle import decode_crop, encode_crop
from kizu.settings import Record
from kizu.stages.diff import DIFF
from kizu.stages.inputs import SampleInputs
from kizu.store import StageFolder
from kizu.store.keys import content_key
from kizu.versions import OUTLINE_VERSION

if TYPE_CHECKING:
    from kizu.grounding.protocols import PointSegmenter

_NAME: Final = "outline"
_turn: Final = Lock()  # a segmenter takes one picture at a time


class OutlinesRecord(Record):
    """Of each region of the change, the largest first, its outline; None where it keeps its own."""

    rle: tuple[dict[str, Any] | None, ...]


def outlines_key(sample: SampleInputs) -> str:
    """Return the key of a sample's outlines; empty where none are asked for.

    Raises:
        FileNotFoundError: There is no edited picture to make a key from.
    """
    if (version := _version(sample)) is None:
        return ""
    told = json.loads(version)
    return content_key(
        _NAME,
        version=OUTLINE_VERSION,
        diff=DIFF.key(sample),
        name=_segmenter(told["annotator"]),
        segmenter=told["segmenter"],
        precision=told["settings"]["precision"],
        grounding=told["code"],
    )


def outlines(sample: SampleInputs, change: Change) -> tuple[MaskCrop | None, ...]:
    """Return the outline of each region of a change, made if it is not there.

    Args:
        sample: A sample for which outlines are asked.
        change: What the diff saw of it.

    Raises:
        GroundingUnavailable: The segmenter cannot run here, or is another one here.
    """
    folder = StageFolder(sample.store, _NAME, outlines_key(sample))
    if not folder.done():
        drawn = _draw(sample, change)
        rle = tuple(None if each is None else encode_crop(each, change.shape) for each in drawn)
        folder.finish(OutlinesRecord(rle=rle).model_dump(mode="json"))
    record = folder.record_as(OutlinesRecord.model_validate)
    return tuple(None if each is None else decode_crop(each) for each in record.rle)


def _draw(sample: SampleInputs, change: Change) -> list[MaskCrop | None]:
    version = _version(sample)
    annotator = annotator_name(version or "")
    [settings] = [
        each for each in sample.shard.spec.grounding.annotators if each.annotator == annotator
    ]
    regions = regions_by_size(change.mask)
    with _turn:
        segmenter = _load(settings.model_dump_json(), version or "")
        shown = _masks(segmenter, _segmenter(annotator), sample.edited, regions) if regions else []
    return [
        outline_of(region, masks, change.shape)
        for region, masks in zip(regions, shown, strict=True)
    ]


def _masks(
    segmenter: Segmenter, name: str, image: RgbImage, regions: list[MaskCrop]
) -> list[list[Mask]]:
    """Return what the segmenter of a name draws for each region's box, and for points in it."""
    boxes = clip_boxes(
        np.array([region.xyxy for region in regions], np.float32), (image.shape[0], image.shape[1])
    )
    drawn = [[mask] for mask in segmenter.segment(image, boxes)]
    if uses_demo_weights(name):  # they were trained on boxes alone
        return drawn
    points = cast("PointSegmenter", segmenter)  # every one of the table is both
    encoded = points.encode(image)
    for masks, region in zip(drawn, regions, strict=True):
        at = points_in(region)
        masks.append(points.segment_points(encoded, at, np.ones(len(at), np.bool_)))
    return drawn


@lru_cache(maxsize=1)
def _load(settings: str, version: str) -> Segmenter:
    chosen = GroundingSettings.model_validate_json(settings)
    if annotator_version(chosen) != version:
        raise GroundingUnavailable(
            f"this worker's {chosen.annotator} is not the one the build was planned with; give all "
            "machines the same weights and the same kizu, and build again"
        )
    return load_segmenter(_segmenter(chosen.annotator), chosen)


def _segmenter(annotator: str) -> str:
    return parse_annotator_name(annotator).segmenter or ""


def _version(sample: SampleInputs) -> str | None:
    """Return the version of the first annotator that is to draw outlines and can."""
    if not sample.sample.has_normal:
        return None
    asked = {each.annotator for each in sample.shard.spec.grounding.annotators if each.outlines}
    can = (version for version in sample.shard.annotators if annotator_name(version) in asked)
    return next(can, None)
