"""SAM 2: Ravi et al., "SAM 2: Segment Anything in Images and Videos" (arXiv 2408.00714)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kizu.grounding.models.hub_models import load_model
from kizu.grounding.models.inputs import IMAGENET_MEAN, IMAGENET_STD, full_size_masks, square_pixels
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights, check_model_type
from kizu.imaging.arrays import Boxes, RgbImage
from kizu.imaging.boxes import scale_boxes

MODEL_TYPES = ("sam2", "sam2_video")


@dataclass(frozen=True, eq=False)
class Sam2:
    """A segmenter that sees the photo stretched to a square; all boxes are decoded together."""

    model: Any

    def segment(self, image: RgbImage, xyxy: Boxes) -> NDArray[np.bool_]:
        """Return (N, H, W) bool; see `Segmenter.segment`."""
        shape = (image.shape[0], image.shape[1])
        side = self.model.config.prompt_encoder_config.image_size
        pixels = square_pixels(image, side, IMAGENET_MEAN, IMAGENET_STD)
        boxes = torch.from_numpy(scale_boxes(xyxy, shape, (side, side)))
        with torch.inference_mode():
            output = self.model(
                pixel_values=pixels.to(self.model.device, self.model.dtype),
                input_boxes=boxes[None].to(self.model.device, self.model.dtype),
                multimask_output=False,
            )
        return full_size_masks(output.pred_masks[0, :, 0], shape)


def load(weights: Weights, settings: GroundingSettings) -> Sam2:
    """Return the segmenter with these weights.

    Raises:
        WeightsUnavailable: If they are of another model, or damaged.
    """
    from transformers import Sam2Model

    check_model_type(weights, MODEL_TYPES, "sam2")
    return Sam2(load_model(Sam2Model, weights, settings, "sam2", "vision_encoder"))
