"""OWLv2: Minderer et al., "Scaling Open-Vocabulary Object Detection" (arXiv 2306.09683)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from kizu.arrays import RgbImage
from kizu.ground.boxes import cxcywh_to_xyxy
from kizu.ground.detections import Detections
from kizu.ground.hub_models import load_model, load_part
from kizu.ground.image_prep import CLIP_MEAN, CLIP_STD, pad_to_square, square_pixels
from kizu.ground.settings import GroundSettings
from kizu.ground.weights import Weights, check_model_type

MODEL_TYPES = ("owlv2",)
BOX_THRESHOLD = 0.1  # the library's default


@dataclass(frozen=True, eq=False)
class Owlv2:
    """A detector that scores every patch's box against every phrase."""

    model: Any
    tokenizer: Any
    settings: GroundSettings

    def detect(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return boxes above their phrase's threshold; see `Detector.detect`.

        The model sees the photo padded to a square, so its boxes are shares of the longer side.
        """
        side = max(image.shape[:2])
        config = self.model.config
        pixels = square_pixels(
            pad_to_square(image), config.vision_config.image_size, CLIP_MEAN, CLIP_STD
        )
        with torch.inference_mode():
            output = self.model(
                pixel_values=pixels.to(self.model.device, self.model.dtype),
                **self._tokens(phrases, config.text_config.max_position_embeddings),
            )
        scores = output.logits[0].float().sigmoid().cpu().numpy()  # (Q, P)
        cxcywh = output.pred_boxes[0].float().cpu().numpy()
        column = scores.argmax(axis=1)
        best = scores[np.arange(len(scores)), column]
        least = np.array([self.settings.threshold_of(p, BOX_THRESHOLD) for p in phrases])
        named = tuple(phrases[c] for c in column)
        boxes = Detections(cxcywh_to_xyxy(cxcywh, (side, side)), None, best, named)
        return boxes.select(best >= least[column])

    def _tokens(self, phrases: Sequence[str], max_length: int) -> dict[str, torch.Tensor]:
        encoded = self.tokenizer(
            list(phrases),
            padding="max_length",
            truncation=True,
            max_length=max_length,
            return_tensors="pt",
        ).to(self.model.device)
        return {name: encoded[name] for name in ("input_ids", "attention_mask")}


def load(weights: Weights, settings: GroundSettings) -> Owlv2:
    """Return the detector with these weights.

    Raises:
        WeightsUnavailable: If they are of another model, or damaged.
    """
    from transformers import AutoTokenizer, Owlv2ForObjectDetection  # noqa: PLC0415 - heavy

    check_model_type(weights, MODEL_TYPES, "owlv2")
    return Owlv2(
        load_model(Owlv2ForObjectDetection, weights, settings, "owlv2", "owlv2.vision_model"),
        load_part(AutoTokenizer, weights, "owlv2"),
        settings,
    )
