"""SAM and SAM-HQ through transformers.

Kirillov et al., "Segment Anything" (arXiv 2304.02643); Ke et al., "Segment Anything in High
Quality" (arXiv 2306.01567).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kizu.grounding.models.bands import attend_in_bands
from kizu.grounding.models.hub_models import load_model, load_part
from kizu.grounding.models.points import best_mask, point_prompt
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights, check_model_type
from kizu.imaging.arrays import Boxes, Mask, RgbImage
from kizu.imaging.boxes import scale_boxes

MODEL_TYPES = ("sam", "sam_hq")


@dataclass(frozen=True, eq=False)
class EncodedImage:
    """An image as the model's encoder sees it.

    Attributes:
        embeddings: What the mask decoder takes of it, by the names of its arguments.
        inputs: The sizes it was brought to, as the image processor gives them.
        shape: Its (H, W) in pixels.
    """

    embeddings: Mapping[str, Any]
    inputs: Any
    shape: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Sam:
    """A segmenter that encodes the image once and decodes all boxes together."""

    model: Any
    image_processor: Any

    def segment(self, image: RgbImage, xyxy: Boxes) -> NDArray[np.bool_]:
        """Return (N, H, W) bool; see `Segmenter.segment`."""
        inputs = self.image_processor(image, return_tensors="pt")
        (resized,) = inputs["reshaped_input_sizes"].tolist()
        pixels = inputs["pixel_values"].to(self.model.device, self.model.dtype)
        boxes = torch.from_numpy(scale_boxes(xyxy, (image.shape[0], image.shape[1]), resized))
        with torch.inference_mode():
            output = self.model(
                pixel_values=pixels,
                input_boxes=boxes[None].to(pixels),
                multimask_output=False,
            )
        logits = output.pred_masks[0].float()  # (N, 1, h, w)
        return np.stack([self._full_size(one, inputs) for one in logits])

    def encode(self, image: RgbImage) -> EncodedImage:
        """Return the image as the model sees it; see `PointSegmenter.encode`."""
        inputs = self.image_processor(image, return_tensors="pt")
        pixels = inputs.pop("pixel_values").to(self.model.device, self.model.dtype)
        with torch.inference_mode():
            seen = self.model.get_image_embeddings(pixels)
        several = isinstance(seen, tuple)  # SAM-HQ also looks at earlier layers
        names = ("image_embeddings", "intermediate_embeddings")
        embeddings = dict(zip(names, seen if several else [seen], strict=False))
        return EncodedImage(embeddings, inputs, (image.shape[0], image.shape[1]))

    def segment_points(
        self, encoded: EncodedImage, points_xy: NDArray[np.float32], inside: NDArray[np.bool_]
    ) -> Mask:
        """Return (H, W) bool; see `PointSegmenter.segment_points`."""
        (resized,) = encoded.inputs["reshaped_input_sizes"].tolist()
        prompt = point_prompt(self.model, points_xy, inside, encoded.shape, resized)
        with torch.inference_mode():
            output = self.model(**encoded.embeddings, **prompt)
        best = best_mask(output.pred_masks, output.iou_scores)
        return self._full_size(best, encoded.inputs)

    def _full_size(self, logits: torch.Tensor, inputs: Any) -> NDArray[np.bool_]:
        """Return (H, W) bool of (1, h, w) logits; one by one, for full-size floats are large."""
        (mask,) = self.image_processor.post_process_masks(
            logits[None, None], inputs["original_sizes"], inputs["reshaped_input_sizes"]
        )
        array: NDArray[np.bool_] = mask[0, 0].cpu().numpy()
        return array


def load(weights: Weights, settings: GroundingSettings) -> Sam:
    """Return the segmenter with these weights.

    Raises:
        WeightsUnavailable: If they are of another model, or damaged.
    """
    from transformers import (
        AutoModelForMaskGeneration,
        SamImageProcessorPil,
    )

    check_model_type(weights, MODEL_TYPES, "sam")
    model = load_model(AutoModelForMaskGeneration, weights, settings, "sam", "vision_encoder")
    if model.device.type == "cpu":
        attend_in_bands(model.vision_encoder)
    return Sam(model, load_part(SamImageProcessorPil, weights, "sam"))
