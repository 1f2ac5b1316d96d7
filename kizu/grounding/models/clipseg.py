"""CLIPSeg: Luddecke and Ecker, "Image Segmentation Using Text and Image Prompts" (2112.10003)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from kizu.grounding.detections import Detections
from kizu.grounding.models.hub_models import load_model, load_part
from kizu.grounding.models.inputs import IMAGENET_MEAN, IMAGENET_STD, square_pixels
from kizu.grounding.postprocess.regions import join, regions_of_map
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights, check_model_type
from kizu.imaging.arrays import RgbImage

MODEL_TYPES = ("clipseg",)
PIXEL_THRESHOLD = 0.5  # the decision boundary of the loss it was trained with
INPUT_SIDE_PX = 352  # the authors' training size


@dataclass(frozen=True, eq=False)
class ClipSeg:
    """A text segmenter that draws one coarse probability map per phrase."""

    model: Any
    tokenizer: Any
    settings: GroundingSettings
    input_side_px: int = INPUT_SIDE_PX

    def detect_masks(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return the maps' connected regions; see `TextSegmenter.detect_masks`."""
        height, width = image.shape[:2]
        parts = []
        for phrase, small in zip(phrases, self._maps(image, phrases), strict=True):
            full = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
            least = self.settings.threshold_of(phrase, PIXEL_THRESHOLD)
            map_of_phrase = np.asarray(full, np.float32)
            parts.append(regions_of_map(map_of_phrase, least, phrase, self.settings.max_boxes))
        return join(parts, (height, width))

    def _maps(self, image: RgbImage, phrases: Sequence[str]) -> NDArray[np.float32]:
        """Return (P, h, w) probabilities; the image is encoded once for all phrases."""
        pixels = square_pixels(image, self.input_side_px, IMAGENET_MEAN, IMAGENET_STD)
        tokens = self.tokenizer(
            list(phrases), padding=True, truncation=True, return_tensors="pt"
        ).to(self.model.device)
        with torch.inference_mode():
            seen = self.model.clip.get_image_features(
                pixel_values=pixels.to(self.model.device, self.model.dtype),
                interpolate_pos_encoding=True,
                output_hidden_states=True,
            ).hidden_states
            conditional = self.model.get_conditional_embeddings(
                batch_size=len(phrases),
                input_ids=tokens["input_ids"],
                attention_mask=tokens["attention_mask"],
            )
            layers = [
                seen[layer + 1].expand(len(phrases), -1, -1) for layer in self.model.extract_layers
            ]
            logits = self.model.decoder(layers, conditional).logits
        probability: NDArray[np.float32] = logits.float().sigmoid().cpu().numpy()
        return probability.reshape(len(phrases), *probability.shape[-2:])


def load(weights: Weights, settings: GroundingSettings) -> ClipSeg:
    """Return the text segmenter with these weights.

    Raises:
        WeightsUnavailable: If they are of another model, or damaged.
    """
    from transformers import AutoTokenizer, CLIPSegForImageSegmentation

    check_model_type(weights, MODEL_TYPES, "clipseg")
    return ClipSeg(
        load_model(CLIPSegForImageSegmentation, weights, settings, "clipseg", "clip.vision_model"),
        load_part(AutoTokenizer, weights, "clipseg"),
        settings,
    )
