"""Detections in the store: one JSON record, masks as COCO run-length encoding."""

from typing import Any

import numpy as np

from kizu.grounding.detections import Detections
from kizu.grounding.encoded import EncodedDetections, encoded
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

    def detections(self) -> EncodedDetections:
        """Return the arrays; the masks stay encoded."""
        return EncodedDetections(
            xyxy=np.array(self.xyxy, dtype=np.float32).reshape(-1, 4),
            rle=self.rle,
            confidence=np.array(self.confidence, dtype=np.float32),
            phrase=self.phrase,
        )


def save_detections(folder: StageFolder, annotator: str, found: Detections) -> None:
    """Store what an annotator found."""
    record = DetectionsRecord(
        annotator=annotator,
        xyxy=tuple(found.xyxy.astype(float).tolist()),
        confidence=tuple(found.confidence.astype(float).tolist()),
        phrase=found.phrase,
        rle=encoded(found).rle,
    )
    folder.finish(record.model_dump(mode="json"))


def open_detections(folder: StageFolder) -> DetectionsRecord:
    """Return stored detections."""
    return folder.record_as(DetectionsRecord.model_validate)
