"""OWL-ViT: Minderer et al., "Simple Open-Vocabulary Object Detection" (arXiv 2205.06230)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kizu.grounding.detections import Detections
from kizu.grounding.models.hub_models import load_model, load_part
from kizu.grounding.models.inputs import CLIP_MEAN, CLIP_STD, square_pixels
from kizu.grounding.models.owlv2 import scored_boxes
from kizu.grounding.postprocess.phrase_matching import best_matches
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights, check_model_type
from kizu.imaging.arrays import RgbImage
from kizu.imaging.boxes import cxcywh_to_xyxy

MODEL_TYPES = ("owlvit",)
BOX_THRESHOLD = 0.1  # the library's default


@dataclass(frozen=True, eq=False)
class OwlVit:
    """A detector that scores every patch's box against every phrase."""

    model: Any
    tokenizer: Any
    settings: GroundingSettings

    def detect(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return boxes above their phrase's threshold; see `Detector.detect`.

        The model sees the photo stretched to a square, so its boxes are shares of both sides.
        """
        side_px = self.model.config.vision_config.image_size
        pixels = square_pixels(image, side_px, CLIP_MEAN, CLIP_STD)
        scores, cxcywh = scored_boxes(self.model, self.tokenizer, pixels, phrases)
        xyxy = cxcywh_to_xyxy(cxcywh, (image.shape[0], image.shape[1]))
        return best_matches(scores, xyxy, phrases, self.settings, BOX_THRESHOLD)[0]


def load(weights: Weights, settings: GroundingSettings) -> OwlVit:
    """Return the detector with these weights.

    Raises:
        WeightsUnavailable: If they are of another model, or damaged.
    """
    from transformers import AutoTokenizer, OwlViTForObjectDetection

    check_model_type(weights, MODEL_TYPES, "owlvit")
    return OwlVit(
        load_model(OwlViTForObjectDetection, weights, settings, "owlvit", "owlvit.vision_model"),
        load_part(AutoTokenizer, weights, "owlvit"),
        settings,
    )
