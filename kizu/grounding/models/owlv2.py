"""OWLv2: Minderer et al., "Scaling Open-Vocabulary Object Detection" (arXiv 2306.09683)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

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
        with torch.inference_mode():
            output = self.model(
                pixel_values=pixels.to(self.model.device, self.model.dtype),
                **padded_tokens(self.tokenizer, phrases, self.model),
            )
        scores = output.logits[0].float().sigmoid().cpu().numpy()  # (Q, P)
        xyxy = cxcywh_to_xyxy(output.pred_boxes[0].float().cpu().numpy(), (side, side))
        return best_matches(scores, xyxy, phrases, self.settings, BOX_THRESHOLD)[0]


def load(weights: Weights, settings: GroundingSettings) -> Owlv2:
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
