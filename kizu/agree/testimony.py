"""Which of an annotator's detections count as testimony for the asked defect.

An annotator that is asked for one thing only has no way to say that it sees another. So it is asked
for the other defects of the dataset too, and the asked name must win; and it is shown the normal
image too, for what it finds there as well is not the defect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kizu.grounding.encoded import EncodedDetections
from kizu.grounding.postprocess.priors import with_priors
from kizu.imaging.arrays import Mask
from kizu.imaging.boxes import box_area, box_iou
from kizu.imaging.crops import MaskCrop, crop_iou, crop_of, crop_of_box, shared_px

SAME_PLACE_IOU: Final = 0.5
"""Two detections that overlap this much name one thing: the usual threshold of non-maximum
suppression, and ``grounding.nms_iou``'s default."""
NORMAL_CONFIDENCE_RATIO: Final = 0.7
"""What is found on the normal image counts against an edit unless it was clearly less sure there. A
defect drawn over a mark that was there before should be found more surely than the mark."""
MOST_OF_PICTURE: Final = 0.5
"""A region of more than half of the picture names the product or its background, no defect; twice
the largest area that is expected by default."""
LEAST_IN_BOX: Final = 0.5
"""A segmenter was given the box: of a mask that lies mostly outside it, the box says nothing. No
mask of more than twice its box's area passes this."""
MOST_BOXES: Final = 4.0
"""A rival's box larger than this many times the change's names something larger; not measured."""

Shape = tuple[int, int]


class Cause(StrEnum):
    """Why a detection is no testimony."""

    NOT_A_REGION = "not_a_region"
    RIVAL = "rival"
    ON_NORMAL = "on_normal"


@dataclass(frozen=True)
class Struck:
    """A detection that is no testimony.

    Attributes:
        row: Its row among those asked for.
        cause: Why.
        phrase: What it lost to; empty where it lost to nothing.
        confidence: How sure the annotator was of that; 0 where it lost to nothing.
    """

    row: int
    cause: Cause
    phrase: str = ""
    confidence: float = 0.0


@dataclass(frozen=True, eq=False)
class Testimony:
    """What one annotator says for the asked defect, and for others.

    Attributes:
        kept: The asked detections that count.
        lost_to: Those that do not, with what they lost to, in the order of their rows.
        rivals: Detections of other defects that are regions at all.
        shape: (H, W) of the picture in pixels.
    """

    kept: EncodedDetections
    lost_to: tuple[Struck, ...]
    rivals: EncodedDetections | None
    shape: Shape

    def rival_confidence(
        self,
        mask: Mask,
        *,
        area_fraction: tuple[float, float] | None = None,
        region: Mask | None = None,
    ) -> float | None:
        """Return the best confidence that a mask is another defect; 0 if no rival marks it.

        A rival marks a mask that it overlaps with, or that it holds half of in a box not much
        larger; one that marks a small part of a change says nothing of the whole. Size and place
        count as they do for the asked defect, else a rival of the same extent would be the surer.
        None where the annotator was not asked for others.

        Args:
            mask: (H, W) bool.
            area_fraction: Least and largest expected area, as fractions of the image.
            region: (H, W) bool, where the defect was asked for.
        """
        if self.rivals is None:
            return None
        rivals = with_priors(self.rivals, self.shape, area_fraction=area_fraction, region=region)
        marks = _marks(rivals, crop_of(mask), self.shape)
        return max(map(float, rivals.confidence[marks]), default=0.0)


def testimony(
    asked: EncodedDetections,
    rivals: EncodedDetections | None,
    on_normal: EncodedDetections | None,
    shape: Shape,
) -> Testimony:
    """Leave out of an annotator's detections those that are no testimony for the asked defect.

    All three are one annotator's, for confidences of different systems have no common scale. A
    detection is struck if it is no region of plausible extent; if a surer rival is at its place
    (greedy non-maximum suppression across names, in which the asked name wins ties and a rival that
    itself lost strikes nothing); or if it is found on the normal image about as surely.

    Args:
        asked: Detections of the asked phrases in the edited picture.
        rivals: Those of the other defects' phrases there; None if it was not asked for them.
        on_normal: Those of the asked phrases in the normal image, carried onto the edited picture's
            grid; None if it did not look there.
        shape: (H, W) of the picture in pixels.
    """
    areas = list(asked.crops(shape))
    struck = {
        row: Struck(row, Cause.NOT_A_REGION)
        for row in range(len(asked))
        if row not in _regions(asked, areas, shape)
    }
    others = None
    if rivals is not None:
        others = rivals.select(_regions(rivals, list(rivals.crops(shape)), shape))
        struck = _beaten(asked, areas, others, shape, set(struck)) | struck
    if on_normal is not None:
        struck = _seen_before(asked, areas, on_normal, shape) | struck
    kept = asked.select([row for row in range(len(asked)) if row not in struck])
    return Testimony(kept, tuple(struck[row] for row in sorted(struck)), others, shape)


def is_region(area: MaskCrop, box: NDArray[np.float32], shape: Shape) -> bool:
    """Tell whether what a segmenter drew is a region of plausible extent in the box it was shown.

    Args:
        area: What it drew.
        box: (4,) x0, y0, x1, y1 in pixels of the picture.
        shape: (H, W) of the picture.
    """
    if not 0 < area.area_px <= MOST_OF_PICTURE * shape[0] * shape[1]:
        return False
    return shared_px(area, crop_of_box(box, shape)) >= LEAST_IN_BOX * area.area_px


def _regions(found: EncodedDetections, areas: Sequence[MaskCrop], shape: Shape) -> list[int]:
    """Return the rows that are regions of plausible extent."""
    pairs = enumerate(zip(areas, found.xyxy, strict=True))
    return [row for row, (area, box) in pairs if is_region(area, box, shape)]


def _beaten(
    asked: EncodedDetections,
    areas: Sequence[MaskCrop],
    rivals: EncodedDetections,
    shape: Shape,
    out: set[int],
) -> dict[int, Struck]:
    """Return the asked detections that lose to a surer rival; those in ``out`` take no part."""
    overlap = _overlaps(asked, areas, rivals, shape) >= SAME_PLACE_IOU
    sides = [(-float(sure), 0, row) for row, sure in enumerate(asked.confidence) if row not in out]
    sides += [(-float(sure), 1, row) for row, sure in enumerate(rivals.confidence)]
    beaten: dict[int, Struck] = {}
    lost: set[int] = set()
    for minus, side, row in sorted(sides):
        if side == 0 and row not in beaten:
            lost |= set(np.flatnonzero(overlap[row]).tolist())
        elif side == 1 and row not in lost:
            by = (Cause.RIVAL, rivals.phrase[row], -minus)
            weaker = (int(each) for each in np.flatnonzero(overlap[:, row]))
            beaten |= {each: Struck(each, *by) for each in weaker if each not in beaten}
    return beaten


def _seen_before(
    asked: EncodedDetections,
    areas: Sequence[MaskCrop],
    on_normal: EncodedDetections,
    shape: Shape,
) -> dict[int, Struck]:
    """Return the asked detections that are found on the normal image about as surely."""
    same = _overlaps(asked, areas, on_normal, shape) >= SAME_PLACE_IOU
    sure = on_normal.confidence >= NORMAL_CONFIDENCE_RATIO * asked.confidence[:, None]
    seen: dict[int, Struck] = {}
    for row, column in np.argwhere(same & sure).tolist():
        by = float(on_normal.confidence[column])
        if row not in seen or by > seen[row].confidence:
            seen[row] = Struck(row, Cause.ON_NORMAL, on_normal.phrase[column], by)
    return seen


def _overlaps(
    asked: EncodedDetections, areas: Sequence[MaskCrop], others: EncodedDetections, shape: Shape
) -> NDArray[np.float32]:
    """Return (N, M) IoU of regions; masks are compared where both sides have them, else boxes."""
    iou = box_iou(asked.xyxy, others.xyxy)
    if asked.rle is None or others.rle is None:
        return iou
    for column, other in enumerate(others.crops(shape)):
        for row, area in enumerate(areas):
            iou[row, column] = crop_iou(area, other)
    return iou


def _marks(rivals: EncodedDetections, mask: MaskCrop, shape: Shape) -> list[int]:
    """Return the rivals that mark a mask."""
    area_px, box = mask.area_px, np.array([mask.xyxy], np.float32)
    tight = box_area(rivals.xyxy) <= MOST_BOXES * box_area(box)
    marks = []
    for row, crop in enumerate(rivals.crops(shape)):
        shared = shared_px(crop, mask)
        overlaps = shared >= SAME_PLACE_IOU * (area_px + crop.area_px - shared)
        holds = bool(tight[row]) and shared >= area_px / 2
        if shared and (overlaps or holds):
            marks.append(row)
    return marks
