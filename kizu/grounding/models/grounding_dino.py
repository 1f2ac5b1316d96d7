"""Grounding DINO, and the models of its architecture: MM-Grounding-DINO and LLMDet.

Liu et al., "Grounding DINO: Marrying DINO with Grounded Pre-Training for Open-Set Object
Detection" (arXiv 2303.05499); Zhao et al., "MM-Grounding-DINO" (arXiv 2401.02361); Fu et al.,
"LLMDet" (arXiv 2501.18954).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kizu.grounding.detections import Detections, concatenate
from kizu.grounding.errors import ImageFailure, WeightsUnavailable
from kizu.grounding.models.bands import sample_in_bands
from kizu.grounding.models.hub_models import load_model, load_part
from kizu.grounding.postprocess.phrase_matching import best_matches
from kizu.grounding.prompts import (
    CLS_ID,
    DOT_ID,
    SEP_ID,
    PromptChunk,
    normal_phrase,
    phrase_scores,
    prompt_chunks,
)
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights, check_model_type
from kizu.imaging.arrays import Boxes, RgbImage
from kizu.imaging.boxes import cxcywh_to_xyxy

MODEL_TYPES = ("grounding-dino", "mm-grounding-dino")
BOX_THRESHOLD = 0.25  # the authors' demo setting


@dataclass(frozen=True, eq=False)
class GroundingDino:
    """A detector that reads all phrases in one prompt."""

    model: Any
    image_processor: Any
    tokenizer: Any
    settings: GroundingSettings

    def detect(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return boxes above their phrase's threshold; see `Detector.detect`."""
        known = self._known_phrases(phrases)
        pixels = self.image_processor(image, return_tensors="pt").to(
            self.model.device, self.model.dtype
        )
        shape = (image.shape[0], image.shape[1])
        parts = []
        limit = self.model.config.max_text_len
        for chunk in prompt_chunks(list(known), list(known.values()), limit):
            token_scores, cxcywh = self._forward(pixels, chunk)
            xyxy = cxcywh_to_xyxy(cxcywh, shape)
            parts.append(best_phrases(token_scores, xyxy, chunk, self.settings))
        return concatenate(parts)

    def _known_phrases(self, phrases: Sequence[str]) -> dict[str, list[int]]:
        """Return the token ids of the phrases that have a word the model knows."""
        unknown = self.tokenizer.unk_token_id
        encoded = self.tokenizer(
            [normal_phrase(phrase) for phrase in phrases], add_special_tokens=False
        )["input_ids"]
        known = {
            phrase: ids
            for phrase, ids in zip(phrases, encoded, strict=True)
            if any(token != unknown for token in ids)
        }
        if not known:
            raise ImageFailure(
                f"the detector's vocabulary has no word of the phrases {list(phrases)!r}; "
                "add one in English"
            )
        return known

    def _forward(
        self,
        pixels: Any,  # a transformers BatchFeature
        chunk: PromptChunk,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        token_ids = torch.tensor([chunk.token_ids], device=self.model.device)
        with torch.inference_mode():
            output = self.model(
                **pixels,
                input_ids=token_ids,
                token_type_ids=torch.zeros_like(token_ids),
                attention_mask=torch.ones_like(token_ids),
            )
        token_scores = output.logits[0].float().sigmoid().cpu().numpy()
        return token_scores, output.pred_boxes[0].float().cpu().numpy()


def best_phrases(
    token_scores: NDArray[np.float32], xyxy: Boxes, chunk: PromptChunk, settings: GroundingSettings
) -> Detections:
    """Give each query box the phrase it matches best and drop those below the thresholds.

    Args:
        token_scores: (Q, T) probabilities.
        xyxy: (Q, 4) float32 pixels.
        chunk: The prompt the scores are of.
        settings: Thresholds.
    """
    best, mean = phrase_scores(token_scores, chunk.spans)
    boxes, rows = best_matches(best, xyxy, chunk.phrases, settings, BOX_THRESHOLD)
    column = best[rows].argmax(axis=1)
    return boxes.select(mean[rows, column] >= settings.phrase_threshold)


def load(weights: Weights, settings: GroundingSettings) -> GroundingDino:
    """Return the detector with these weights.

    Raises:
        WeightsUnavailable: If they are of another model, or damaged.
    """
    from transformers import (
        AutoImageProcessor,
        AutoModelForZeroShotObjectDetection,
        AutoTokenizer,
    )

    check_model_type(weights, MODEL_TYPES, "grounding-dino")
    tokenizer = load_part(AutoTokenizer, weights, "grounding-dino")
    _check_tokenizer(tokenizer, weights)
    model = load_model(
        AutoModelForZeroShotObjectDetection, weights, settings, "grounding-dino", "model.backbone"
    )
    if model.device.type == "cpu":
        sample_in_bands(model)
    image_processor = load_part(AutoImageProcessor, weights, "grounding-dino", backend="pil")
    return GroundingDino(model, image_processor, tokenizer, settings)


def _check_tokenizer(tokenizer: Any, weights: Weights) -> None:  # a transformers tokenizer
    ids = tokenizer.convert_tokens_to_ids(["[CLS]", "[SEP]", "."])
    if ids != [CLS_ID, SEP_ID, DOT_ID]:
        raise WeightsUnavailable(
            f"grounding-dino: the tokenizer in {str(weights.path)!r} is not BERT's; copy "
            "tokenizer.json, tokenizer_config.json and vocab.txt into the folder"
        )
