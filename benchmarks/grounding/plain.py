"""The loops that people write from the models' own documentation, one image at a time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import (
    AutoImageProcessor,
    AutoModelForZeroShotObjectDetection,
    AutoTokenizer,
    GroundingDinoProcessor,
    SamImageProcessorPil,
    SamModel,
    SamProcessor,
)


class PlainLoop:
    """Detector and segmenter loaded once, each called through its processor."""

    def __init__(self, detector: Path, segmenter: Path) -> None:
        """Load both models in 32 bits on the CPU."""
        self.detector_processor = GroundingDinoProcessor(
            AutoImageProcessor.from_pretrained(detector, backend="pil"),
            AutoTokenizer.from_pretrained(detector),
        )
        self.detector = AutoModelForZeroShotObjectDetection.from_pretrained(detector).eval()
        self.segmenter_processor = SamProcessor(SamImageProcessorPil.from_pretrained(segmenter))
        self.segmenter = SamModel.from_pretrained(segmenter).eval()

    def phrase_by_phrase(self, image: Image.Image, phrases: Sequence[str], boxes: int) -> int:
        """Ask for each phrase alone, then segment each box alone; return the number of masks."""
        xyxy = [self._detect(image, f"{phrase}.", boxes // len(phrases)) for phrase in phrases]
        return self._segment_each(image, np.concatenate(xyxy))

    def one_prompt(self, image: Image.Image, phrases: Sequence[str], boxes: int) -> int:
        """Ask for all phrases in one prompt, then segment each box alone."""
        return self._segment_each(image, self._detect(image, _prompt(phrases), boxes))

    def one_prompt_one_embedding(
        self, image: Image.Image, phrases: Sequence[str], boxes: int
    ) -> int:
        """Ask for all phrases in one prompt, then hand all boxes to SAM in one call."""
        return len(self._segment(image, self._detect(image, _prompt(phrases), boxes)))

    def _detect(self, image: Image.Image, text: str, boxes: int) -> NDArray[np.float32]:
        """Return the (boxes, 4) surest boxes.

        With random weights no fixed threshold gives this number, so the library's
        post-processing gets the one that does.
        """
        inputs = self.detector_processor(images=image, text=text, return_tensors="pt")
        with torch.no_grad():
            outputs = self.detector(**inputs)
        scores = outputs.logits[0].sigmoid().max(dim=-1).values
        result = self.detector_processor.post_process_grounded_object_detection(
            outputs,
            inputs["input_ids"],
            threshold=float(scores.topk(boxes + 1).values[-1]),
            text_threshold=0.25,
            target_sizes=[image.size[::-1]],
        )[0]
        return result["boxes"][:boxes].numpy()

    def _segment_each(self, image: Image.Image, xyxy: NDArray[np.float32]) -> int:
        return sum(len(self._segment(image, box[None])) for box in xyxy)

    def _segment(self, image: Image.Image, xyxy: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return (N, H, W) bool masks of (N, 4) boxes."""
        inputs = self.segmenter_processor(image, input_boxes=[xyxy.tolist()], return_tensors="pt")
        with torch.no_grad():
            outputs = self.segmenter(
                pixel_values=inputs["pixel_values"],
                input_boxes=inputs["input_boxes"].float(),
                multimask_output=False,
            )
        (masks,) = self.segmenter_processor.post_process_masks(
            outputs.pred_masks, inputs["original_sizes"], inputs["reshaped_input_sizes"]
        )
        return masks[:, 0].numpy()


def _prompt(phrases: Sequence[str]) -> str:
    return " ".join(f"{phrase}." for phrase in phrases)
