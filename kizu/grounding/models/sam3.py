"""SAM 3 with text concepts: "SAM 3: Segment Anything with Concepts" (arXiv 2511.16719)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from kizu.grounding.detections import Detections
from kizu.grounding.models.hub_models import load_model, load_part, padded_tokens
from kizu.grounding.models.inputs import HALF, full_size_masks, square_pixels
from kizu.grounding.postprocess.nms import refined_rows
from kizu.grounding.postprocess.phrase_matching import best_matches
from kizu.grounding.postprocess.regions import join
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights, check_model_type
from kizu.imaging.arrays import RgbImage

MODEL_TYPES = ("sam3", "sam3_video")
BOX_THRESHOLD = 0.3  # the library's default


@dataclass(frozen=True, eq=False)
class Sam3:
    """A text segmenter that finds every instance of a phrase; the image is encoded once."""

    model: Any
    tokenizer: Any
    settings: GroundingSettings

    def detect_masks(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return instances with their masks; see `TextSegmenter.detect_masks`.

        Only instances that survive refinement get a full-size mask.
        """
        side = self.model.config.vision_config.backbone_config.image_size
        pixels = square_pixels(image, side, HALF, HALF)
        with torch.inference_mode():
            seen = self.model.get_vision_features(pixels.to(self.model.device, self.model.dtype))
            shape = (image.shape[0], image.shape[1])
            parts = [self._instances(seen, phrase, shape) for phrase in phrases]
        return join(parts, shape)

    def _instances(
        self,
        seen: Any,  # a transformers output
        phrase: str,
        shape: tuple[int, int],
    ) -> Detections:
        height, width = shape
        tokens = padded_tokens(self.tokenizer, [phrase], self.model)
        output = self.model(vision_embeds=seen, **tokens)
        presence = output.presence_logits[0].float().sigmoid()
        score = (output.pred_logits[0].float().sigmoid() * presence).cpu().numpy()
        scale = np.array([width, height, width, height], np.float32)
        xyxy = output.pred_boxes[0].float().cpu().numpy() * scale
        boxes, rows = best_matches(score[:, None], xyxy, [phrase], self.settings, BOX_THRESHOLD)
        kept = refined_rows(boxes, shape, self.settings)
        logits = output.pred_masks[0][torch.from_numpy(rows[kept]).to(self.model.device)]
        return boxes.select(kept).with_mask(full_size_masks(logits, shape))


def load(weights: Weights, settings: GroundingSettings) -> Sam3:
    """Return the text segmenter with these weights.

    Raises:
        WeightsUnavailable: If they are of another model, or damaged.
    """
    from transformers import AutoTokenizer, Sam3Model

    check_model_type(weights, MODEL_TYPES, "sam3")
    return Sam3(
        load_model(Sam3Model, weights, settings, "sam3", "vision_encoder"),
        load_part(AutoTokenizer, weights, "sam3"),
        settings,
    )
