"""OWLv2: Minderer et al., "Scaling Open-Vocabulary Object Detection" (arXiv 2306.09683)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kizu.grounding.detections import Detections
from kizu.grounding.models.hub_models import load_model, load_part, padded_tokens
from kizu.grounding.models.inputs import CLIP_MEAN, CLIP_STD, pad_to_square, square_pixels
from kizu.grounding.postprocess.phrase_matching import best_matches
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights, check_model_type
from kizu.imaging.arrays import RgbImage
from kizu.imaging.boxes import cxcywh_to_xyxy

MODEL_TYPES = ("owlv2",)
BOX_THRESHOLD = 0.1  # the library's default


@dataclass(frozen=True, eq=False)
class Owlv2:
    """A detector that scores every patch's box against every phrase."""

    model: Any
    tokenizer: Any
    settings: GroundingSettings

    def detect(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return boxes above their phrase's threshold; see `Detector.detect`.

        The model sees the photo padded to a square, so its boxes are shares of the longer side.
        """
        side = max(image.shape[:2])
        config = self.model.config
        pixels = square_pixels(
            pad_to_square(image), config.vision_config.image_size, CLIP_MEAN, CLIP_STD
        )
        scores, cxcywh = scored_boxes(self.model, self.tokenizer, pixels, phrases)
        xyxy = cxcywh_to_xyxy(cxcywh, (side, side))
        return best_matches(scores, xyxy, phrases, self.settings, BOX_THRESHOLD)[0]


def scored_boxes(
    model: Any,  # an OWL model of transformers, which share no typed base
    tokenizer: Any,
    pixels: torch.Tensor,
    phrases: Sequence[str],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Score every patch's box against every phrase.

    Args:
        model: An OWL detector.
        tokenizer: Its tokenizer.
        pixels: (1, 3, side, side) float32, the model's input.
        phrases: P phrases.

    Returns:
        (Q, P) float32 scores, and (Q, 4) float32 boxes: centre and size as shares of the input.
    """
    with torch.inference_mode():
        output = model(
            pixel_values=pixels.to(model.device, model.dtype),
            **padded_tokens(tokenizer, phrases, model),
        )
    scores = output.logits[0].float().sigmoid().cpu().numpy()
    return scores, output.pred_boxes[0].float().cpu().numpy()


def load(weights: Weights, settings: GroundingSettings) -> Owlv2:
    """Return the detector with these weights.

    Raises:
        WeightsUnavailable: If they are of another model, or damaged.
    """
    from transformers import AutoTokenizer, Owlv2ForObjectDetection

    check_model_type(weights, MODEL_TYPES, "owlv2")
    return Owlv2(
        load_model(Owlv2ForObjectDetection, weights, settings, "owlv2", "owlv2.vision_model"),
        load_part(AutoTokenizer, weights, "owlv2"),
        settings,
    )
