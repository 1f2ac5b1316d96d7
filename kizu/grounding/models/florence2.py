"""Florence-2: Xiao et al., "Florence-2: Advancing a Unified Representation" (arXiv 2311.06242)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from kizu.grounding.detections import Detections, from_rows
from kizu.grounding.models.hub_models import load_model, load_part
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights, check_model_type
from kizu.imaging.arrays import RgbImage

MODEL_TYPES = ("florence2",)
TASK = "<OPEN_VOCABULARY_DETECTION>"
CONFIDENCE = 1.0  # the model writes boxes as text and gives no scores
MAX_NEW_TOKENS = 256
BINS = 1000
BOX_OR_POLYGON = re.compile(r"<poly>(?:<loc_\d+>|<sep>|\s)+</poly>|(?:<loc_\d+>\s*){4}")
LOCATION = re.compile(r"<loc_(\d+)>")
XY_PAIR = 2


@dataclass(frozen=True, eq=False)
class Florence2:
    """A detector that is asked for one phrase at a time and writes boxes as text."""

    model: Any
    processor: Any

    def detect(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return every box it writes, with confidence 1; see `Detector.detect`."""
        size = (image.shape[1], image.shape[0])
        return from_rows(
            [
                (xyxy, CONFIDENCE, phrase)
                for phrase in phrases
                for xyxy in written_boxes(self._answer(image, phrase), size)
            ]
        )

    def _answer(self, image: RgbImage, phrase: str) -> str:
        inputs = self.processor(text=TASK + phrase, images=image, return_tensors="pt").to(
            self.model.device, self.model.dtype
        )
        with torch.inference_mode():
            tokens = self.model.generate(
                **inputs, max_new_tokens=MAX_NEW_TOKENS, do_sample=False, num_beams=1
            )
        answer: str = self.processor.tokenizer.decode(tokens[0], skip_special_tokens=False)
        return answer


def written_boxes(
    answer: str, size: tuple[int, int]
) -> Iterator[tuple[float, float, float, float]]:
    """Yield the (x0, y0, x1, y1) pixel boxes of an answer; a polygon gives the box around it.

    Args:
        answer: Text with `<loc_0>` to `<loc_999>`, x before y.
        size: The image's (W, H) in pixels; Florence-2 counts width first.

    >>> list(written_boxes("crack<loc_0><loc_500><loc_99><loc_999>", (2000, 100)))
    [(1.0, 50.05, 199.0, 99.95)]
    """
    for region in BOX_OR_POLYGON.findall(answer):
        bins = [int(number) for number in LOCATION.findall(region)]
        x = [(number + 0.5) * size[0] / BINS for number in bins[::XY_PAIR]]
        y = [(number + 0.5) * size[1] / BINS for number in bins[1::XY_PAIR]]
        if x and y:
            yield min(x), min(y), max(x), max(y)


def load(weights: Weights, settings: GroundingSettings) -> Florence2:
    """Return the detector with these weights.

    Raises:
        WeightsUnavailable: If they are of another model, or damaged.
    """
    from transformers import (
        AutoProcessor,
        Florence2ForConditionalGeneration,
    )

    check_model_type(weights, MODEL_TYPES, "florence2")
    return Florence2(
        load_model(
            Florence2ForConditionalGeneration, weights, settings, "florence2", "model.vision_tower"
        ),
        load_part(AutoProcessor, weights, "florence2", backend="pil"),
    )
