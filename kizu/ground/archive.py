"""Detections in the store: one JSON record, masks as COCO run-length encoding."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kizu.ground.detections import Detections
from kizu.rle import decode_rle, encode_rle
from kizu.settings import Record
from kizu.store import StageFolder


class DetectionsRecord(Record):
    """What one annotator found on one image.

    Attributes:
        annotator: The annotator's version.
        xyxy: Boxes in pixels.
        confidence: One score per box.
        phrase: One phrase per box.
        rle: One COCO RLE per box; None where the annotator gives boxes only.
    """

    annotator: str
    xyxy: tuple[tuple[float, float, float, float], ...]
    confidence: tuple[float, ...]
    phrase: tuple[str, ...]
    rle: tuple[dict[str, Any], ...] | None

    def detections(self) -> Detections:
        """Return the arrays."""
        masks = None if self.rle is None else [decode_rle(rle) for rle in self.rle]
        return Detections(
            xyxy=np.array(self.xyxy, dtype=np.float32).reshape(-1, 4),
            mask=_stack(masks) if masks else None,
            confidence=np.array(self.confidence, dtype=np.float32),
            phrase=self.phrase,
        )


def save_detections(folder: StageFolder, annotator: str, found: Detections) -> None:
    """Store what an annotator found."""
    masks = None if found.mask is None else tuple(encode_rle(mask) for mask in found.mask)
    record = DetectionsRecord(
        annotator=annotator,
        xyxy=tuple(found.xyxy.astype(float).tolist()),
        confidence=tuple(found.confidence.astype(float).tolist()),
        phrase=found.phrase,
        rle=masks,
    )
    folder.finish(record.model_dump(mode="json"))


def open_detections(folder: StageFolder) -> DetectionsRecord:
    """Return stored detections."""
    return DetectionsRecord.model_validate(folder.record())


def _stack(masks: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    return np.stack(masks)
