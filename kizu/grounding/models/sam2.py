"""SAM 2: Ravi et al., "SAM 2: Segment Anything in Images and Videos" (arXiv 2408.00714)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kizu.grounding.models.hub_models import load_model
from kizu.grounding.models.inputs import IMAGENET_MEAN, IMAGENET_STD, full_size_masks, square_pixels
from kizu.grounding.models.points import best_mask, point_prompt
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights, check_model_type
from kizu.imaging.arrays import Boxes, Mask, RgbImage
from kizu.imaging.boxes import scale_boxes

MODEL_TYPES = ("sam2", "sam2_video")


@dataclass(frozen=True, eq=False)
class EncodedImage:
    """An image as the model's encoder sees it.

    Attributes:
        embeddings: Its features at three scales.
        shape: Its (H, W) in pixels.
    """

    embeddings: Any
    shape: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Sam2:
    """A segmenter that sees the photo stretched to a square; all boxes are decoded together."""

    model: Any

    def segment(self, image: RgbImage, xyxy: Boxes) -> NDArray[np.bool_]:
        """Return (N, H, W) bool; see `Segmenter.segment`."""
        shape = (image.shape[0], image.shape[1])
        side = self._side_px
        pixels = square_pixels(image, side, IMAGENET_MEAN, IMAGENET_STD)
        boxes = torch.from_numpy(scale_boxes(xyxy, shape, (side, side)))
        with torch.inference_mode():
            output = self.model(
                pixel_values=pixels.to(self.model.device, self.model.dtype),
                input_boxes=boxes[None].to(self.model.device, self.model.dtype),
                multimask_output=False,
            )
        return full_size_masks(output.pred_masks[0, :, 0], shape)

    def encode(self, image: RgbImage) -> EncodedImage:
        """Return the image as the model sees it; see `PointSegmenter.encode`."""
        pixels = square_pixels(image, self._side_px, IMAGENET_MEAN, IMAGENET_STD)
        with torch.inference_mode():
            seen = self.model.get_image_embeddings(pixels.to(self.model.device, self.model.dtype))
        return EncodedImage(seen, (image.shape[0], image.shape[1]))

    def segment_points(
        self, encoded: EncodedImage, points_xy: NDArray[np.float32], inside: NDArray[np.bool_]
    ) -> Mask:
        """Return (H, W) bool; see `PointSegmenter.segment_points`."""
        square = (self._side_px, self._side_px)
        prompt = point_prompt(self.model, points_xy, inside, encoded.shape, square)
        with torch.inference_mode():
            output = self.model(image_embeddings=encoded.embeddings, **prompt)
        best = best_mask(output.pred_masks, output.iou_scores)
        mask: Mask = full_size_masks(best, encoded.shape)[0]
        return mask

    @property
    def _side_px(self) -> int:
        return int(self.model.config.prompt_encoder_config.image_size)


def load(weights: Weights, settings: GroundingSettings) -> Sam2:
    """Return the segmenter with these weights.

    Raises:
        WeightsUnavailable: If they are of another model, or damaged.
    """
    from transformers import Sam2Model

    check_model_type(weights, MODEL_TYPES, "sam2")
    return Sam2(load_model(Sam2Model, weights, settings, "sam2", "vision_encoder"))
