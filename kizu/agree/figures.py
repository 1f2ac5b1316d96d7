"""The figures of a sample: how far the change and what annotators found are one and the same.

Everything a verdict follows from is here and is published, so that anybody can recompute it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from pydantic import ConfigDict

from kizu.agree.change import Change
from kizu.agree.fusion import DIFF_SOURCE, Fused, FusedRegion
from kizu.grounding.encoded import EncodedDetections
from kizu.imaging.arrays import Mask
from kizu.imaging.boxes import box_iou, box_of
from kizu.imaging.crops import MaskCrop, crop_iou, union_of
from kizu.imaging.masks import boundary_f, mask_containment, mask_iou
from kizu.settings import Record

_OUTLINE_FRACTION: Final = 0.008
"""Of the diagonal, how far apart two outlines may lie; DAVIS's (Perazzi et al., CVPR 2016)."""


class Figures(Record):
    """What is measured of one sample; None where there is nothing to measure."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    area_fraction: float | None = None
    """Fraction of the image that the mask of record covers."""
    outside_fraction: float | None = None
    """Fraction of the mask outside the asked region."""
    sharp_fraction: float | None = None
    """Fraction of the mask at twice the threshold of the comparison or more."""
    strength: float | None = None
    """Mean evidence of change over the mask, in thresholds."""
    unexplained_fraction: float | None = None
    """Fraction of the whole change in regions that no testimony explains."""
    unmoved_fraction: float | None = None
    """Fraction of the testimonies' area in those that touch no change."""
    mask_iou: float | None = None
    """IoU of the mask and the union of the detections that touch it; as all below, of the annotator
    that confirms the change most.
    """
    box_iou: float | None = None
    """IoU of the box around the mask and the box around those detections."""
    boundary_f: float | None = None
    """F-measure of the outlines of the mask and of those detections."""
    mask_containment: float | None = None
    """Fraction of the mask inside the detections that touch it."""
    testimony_containment: float | None = None
    """Fraction of the detections that touch the mask that lies inside it."""
    box_area_ratio: float | None = None
    """Area of the boxes of the detections that touch the mask over that of the mask's box."""
    confidence: float | None = None
    """Best confidence of the detections that touch the mask, times how well size and place suit
    what was asked for. Without a diff, of all detections.
    """
    rival_confidence: float | None = None
    """Best confidence of another defect of the spec found at the change."""
    detections: int | None = None
    """Number of detections that do not lie wholly outside the asked region."""
    detections_elsewhere: int | None = None
    """How many of those do not touch the change."""


class RegionFigures(Record):
    """One region of the change, and the detection that it was matched with.

    Attributes:
        xyxy: Its box in edited-image pixels, x1 and y1 exclusive.
        area_px: Its pixels.
        source: Who drew it.
        is_explained: Whether a testimony explains it.
        is_kept: Whether it belongs to the mask of record.
        sharp_fraction: As for the whole.
        strength: As for the whole.
        annotator: Whose detection it was matched with; empty, and all below None, without one.
        mask_iou: IoU with that detection.
        box_iou: IoU of their boxes.
        boundary_f: F-measure of their outlines.
        mask_containment: Fraction of the region inside the detection.
        testimony_containment: Fraction of the detection inside the region.
    """

    xyxy: tuple[int, int, int, int]
    area_px: int
    source: str
    is_explained: bool
    is_kept: bool
    sharp_fraction: float | None = None
    strength: float | None = None
    annotator: str = ""
    mask_iou: float | None = None
    box_iou: float | None = None
    boundary_f: float | None = None
    mask_containment: float | None = None
    testimony_containment: float | None = None


def overlap(mask: MaskCrop, found: MaskCrop, shape: tuple[int, int]) -> dict[str, float]:
    """Measure how far a mask and a testimony are the same, as ``Figures`` tells.

    Args:
        mask: Pixels of a mask.
        found: Pixels of a testimony.
        shape: (H, W) of the picture.
    """
    reach_px = max(1, round(_OUTLINE_FRACTION * float(np.hypot(*shape))))
    a, b = _together(mask, found)
    measured = {
        "mask_iou": mask_iou(a, b),
        "box_iou": float(box_iou(box_of(a), box_of(b))[0, 0]),
        "boundary_f": boundary_f(a, b, reach_px),
        "mask_containment": mask_containment(a, b),
        "testimony_containment": mask_containment(b, a),
    }
    return {name: round(value, 4) for name, value in measured.items()}


def _together(a: MaskCrop, b: MaskCrop) -> tuple[Mask, Mask]:
    """Return two regions in one window around both, with a rim of one pixel."""
    boxes = np.array([a.xyxy, b.xyxy])
    (x0, y0), (x1, y1) = boxes[:, :2].min(axis=0) - 1, boxes[:, 2:].max(axis=0) + 1
    window = int(y1 - y0), int(x1 - x0)
    moved = (MaskCrop(crop.x0 - int(x0), crop.y0 - int(y0), crop.inside) for crop in (a, b))
    first, second = (union_of([crop], window) for crop in moved)
    return first, second


def region_figures(
    change: Change, fused: Fused, testimony: Mapping[str, EncodedDetections]
) -> tuple[RegionFigures, ...]:
    """Measure every region; each is matched with one detection at most, and each of those once.

    The matching is the assignment with the largest sum of mask IoU (Kuhn 1955), as COCO's panoptic
    quality and DETR match what is found with what is there.

    Args:
        change: What the diff saw.
        fused: The mask of record.
        testimony: What each annotator found, by its version.
    """
    named = [
        (annotator, crop)
        for annotator, found in sorted(testimony.items())
        for crop in found.crops(change.shape)
    ]
    partners = _assign([each.crop for each in fused.regions], [crop for _, crop in named])
    return tuple(
        _region(change, region, None if partner is None else named[partner])
        for region, partner in zip(fused.regions, partners, strict=True)
    )


def contradictions(
    change: Change, fused: Fused, testimony: Mapping[str, EncodedDetections]
) -> dict[str, float | None]:
    """Measure what diff and annotators say that the other does not, as ``Figures`` tells.

    Args:
        change: What the diff saw.
        fused: The mask of record, with the regions of the change and who explains each.
        testimony: What annotators found, by their versions; if nobody looked, nothing is measured.
    """
    if not testimony or not change.is_compared:
        return {"unexplained_fraction": None, "unmoved_fraction": None}
    crops = [crop for found in testimony.values() for crop in found.crops(change.shape)]
    unmoved = sum(crop.area_px for crop in crops if not crop.touches(change.mask))
    regions = [each for each in fused.regions if each.source == DIFF_SOURCE]
    unexplained = [each for each in regions if testimony.keys().isdisjoint(each.explained_by)]
    return {
        "unexplained_fraction": _rounded(_area_px(unexplained), _area_px(regions)),
        "unmoved_fraction": _rounded(unmoved, sum(crop.area_px for crop in crops)),
    }


def _area_px(regions: Sequence[FusedRegion]) -> int:
    return sum(each.crop.area_px for each in regions)


def _region(
    change: Change, region: FusedRegion, partner: tuple[str, MaskCrop] | None
) -> RegionFigures:
    measured: dict[str, float] = {}
    if partner is not None:
        measured = overlap(region.crop, partner[1], change.shape)
    return RegionFigures(
        xyxy=region.crop.xyxy,
        area_px=region.crop.area_px,
        source=region.source,
        is_explained=region.is_explained,
        is_kept=region.is_kept,
        sharp_fraction=change.sharp_fraction(region.crop),
        strength=change.strength(region.crop),
        annotator=partner[0] if partner else "",
        **measured,
    )


def _assign(regions: Sequence[MaskCrop], found: Sequence[MaskCrop]) -> list[int | None]:
    """Match each region with one detection, or none; no two regions share one."""
    partners: list[int | None] = [None] * len(regions)
    if regions and found:
        from scipy.optimize import linear_sum_assignment

        ious = np.array([[crop_iou(region, crop) for crop in found] for region in regions])
        for row, column in zip(*linear_sum_assignment(-ious), strict=True):
            if ious[row, column] > 0:
                partners[row] = int(column)
    return partners


def _rounded(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
