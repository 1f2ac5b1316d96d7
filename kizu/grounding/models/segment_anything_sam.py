"""SAM from its authors' own package and checkpoint files (`sam_vit_b_01ec64.pth` and such).

Kirillov et al., "Segment Anything" (arXiv 2304.02643).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kizu.grounding.errors import WeightsUnavailable
from kizu.grounding.models.hub_models import compute_in_16_bits, torch_device
from kizu.grounding.models.inputs import resize
from kizu.grounding.models.points import best_mask, point_prompt
from kizu.grounding.models.torchvision_stub import torchvision_or_stub
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights
from kizu.imaging.arrays import Boxes, Mask, RgbImage
from kizu.imaging.boxes import scale_boxes

NAME = "segment-anything"


@dataclass(frozen=True, eq=False)
class EncodedImage:
    """An image as the model's encoder sees it.

    Attributes:
        embedding: Its features.
        resized: The (H, W) it was brought to before padding, in pixels.
        shape: Its own (H, W) in pixels.
    """

    embedding: torch.Tensor
    resized: tuple[int, int]
    shape: tuple[int, int]


@dataclass(frozen=True, eq=False)
class SegmentAnything:
    """A segmenter that encodes the image once and decodes all boxes together."""

    model: Any

    def segment(self, image: RgbImage, xyxy: Boxes) -> NDArray[np.bool_]:
        """Return (N, H, W) bool; see `Segmenter.segment`."""
        shape = (image.shape[0], image.shape[1])
        resized = resized_shape(shape, self.model.image_encoder.img_size)
        boxes = torch.from_numpy(scale_boxes(xyxy, shape, resized)).to(self.model.device)
        with torch.inference_mode():
            embedding = self.model.image_encoder(self._pixels(image, resized))
            sparse, dense = self.model.prompt_encoder(points=None, boxes=boxes, masks=None)
            logits, _ = self.model.mask_decoder(
                image_embeddings=embedding,
                image_pe=self.model.prompt_encoder.get_dense_pe(),
                sparse_prompt_embeddings=sparse,
                dense_prompt_embeddings=dense,
                multimask_output=False,
            )
        return np.stack([self._full_size(one, resized, shape) for one in logits])

    def encode(self, image: RgbImage) -> EncodedImage:
        """Return the image as the model sees it; see `PointSegmenter.encode`."""
        shape = (image.shape[0], image.shape[1])
        resized = resized_shape(shape, self.model.image_encoder.img_size)
        with torch.inference_mode():
            embedding = self.model.image_encoder(self._pixels(image, resized))
        return EncodedImage(embedding, resized, shape)

    def segment_points(
        self, encoded: EncodedImage, points_xy: NDArray[np.float32], inside: NDArray[np.bool_]
    ) -> Mask:
        """Return (H, W) bool; see `PointSegmenter.segment_points`."""
        prompt = point_prompt(self.model, points_xy, inside, encoded.shape, encoded.resized)
        points = prompt["input_points"][0], prompt["input_labels"][0]
        with torch.inference_mode():
            sparse, dense = self.model.prompt_encoder(points=points, boxes=None, masks=None)
            logits, quality = self.model.mask_decoder(
                image_embeddings=encoded.embedding,
                image_pe=self.model.prompt_encoder.get_dense_pe(),
                sparse_prompt_embeddings=sparse,
                dense_prompt_embeddings=dense,
                multimask_output=prompt["multimask_output"],
            )
        best = best_mask(logits[None], quality[None])
        return self._full_size(best, encoded.resized, encoded.shape)

    def _pixels(self, image: RgbImage, resized: tuple[int, int]) -> torch.Tensor:
        pixels = torch.from_numpy(resize(image, *resized).transpose(2, 0, 1).copy())
        normal: torch.Tensor = self.model.preprocess(pixels[None].to(self.model.device))
        return normal

    def _full_size(
        self, logits: torch.Tensor, resized: tuple[int, int], shape: tuple[int, int]
    ) -> NDArray[np.bool_]:
        """Return (H, W) bool of (1, h, w) logits; one by one, for full-size floats are large."""
        large = self.model.postprocess_masks(logits[None].float(), resized, shape)
        mask: NDArray[np.bool_] = (large[0, 0] > self.model.mask_threshold).cpu().numpy()
        return mask


def resized_shape(shape: tuple[int, int], side_px: int) -> tuple[int, int]:
    """Return the (H, W) at which the longer side is `side_px`.

    >>> resized_shape((90, 150), 1024)
    (614, 1024)
    """
    scale = side_px / max(shape)
    return int(shape[0] * scale + 0.5), int(shape[1] * scale + 0.5)


def load(weights: Weights, settings: GroundingSettings) -> SegmentAnything:
    """Return the segmenter of a checkpoint file; its size is read from the tensors.

    Raises:
        WeightsUnavailable: If the file is no SAM checkpoint, or damaged.
    """
    import pickle  # only for the name of torch.load's error

    try:
        tensors = torch.load(weights.path, map_location="cpu", weights_only=True)
        model = build(tensors)
    except (OSError, RuntimeError, KeyError, EOFError, pickle.UnpicklingError) as error:
        cause = str(error).strip().split("\n", maxsplit=1)[0]
        raise WeightsUnavailable(
            f"{NAME}: {str(weights.path)!r} is no SAM checkpoint ({type(error).__name__}: "
            f"{cause}); give the .pth file of the authors' release, such as sam_vit_b_01ec64.pth"
        ) from error
    model = model.to(torch_device(settings)).eval().requires_grad_(requires_grad=False)
    if settings.precision != "float32":
        compute_in_16_bits(model.image_encoder, model.device, settings)
    return SegmentAnything(model)


def build(tensors: Mapping[str, torch.Tensor]) -> Any:
    """Return the model these tensors are of.

    Raises:
        KeyError: If a tensor that tells the size is missing.
        RuntimeError: If tensors are missing or of other shapes than the model's.
    """
    with torchvision_or_stub():
        from segment_anything import modeling  # imports torchvision
    cells, width = tensors["image_encoder.pos_embed"].shape[1:3], _width(tensors)
    patch = tensors["image_encoder.patch_embed.proj.weight"].shape[-1]
    prompt_width = tensors["prompt_encoder.no_mask_embed.weight"].shape[1]
    model = modeling.Sam(
        _image_encoder(modeling, tensors, cells[0] * patch, width),
        modeling.PromptEncoder(
            embed_dim=prompt_width,
            image_embedding_size=tuple(cells),
            input_image_size=(cells[0] * patch, cells[1] * patch),
            mask_in_chans=tensors["prompt_encoder.mask_downscaling.3.weight"].shape[0],
        ),
        _mask_decoder(modeling, tensors, prompt_width),
    )
    model.load_state_dict(tensors)
    return model


def _width(tensors: Mapping[str, torch.Tensor]) -> int:
    return tensors["image_encoder.pos_embed"].shape[-1]


def _image_encoder(
    modeling: Any,
    tensors: Mapping[str, torch.Tensor],
    side_px: int,
    width: int,
) -> Any:
    """Return a ViT; blocks whose relative positions span the whole image attend globally."""
    reach = [
        tensors[f"image_encoder.blocks.{block}.attn.rel_pos_h"]
        for block in range(len(tensors))
        if f"image_encoder.blocks.{block}.attn.rel_pos_h" in tensors
    ]
    patch = tensors["image_encoder.patch_embed.proj.weight"].shape[-1]
    whole = 2 * (side_px // patch) - 1
    windows = [(len(span) + 1) // 2 for span in reach if len(span) != whole]
    return modeling.ImageEncoderViT(
        img_size=side_px,
        patch_size=patch,
        embed_dim=width,
        depth=len(reach),
        num_heads=width // reach[0].shape[1],
        mlp_ratio=tensors["image_encoder.blocks.0.mlp.lin1.weight"].shape[0] / width,
        out_chans=tensors["image_encoder.neck.0.weight"].shape[0],
        norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=windows[0] if windows else 0,
        global_attn_indexes=tuple(b for b, span in enumerate(reach) if len(span) == whole),
    )


def _mask_decoder(
    modeling: Any,
    tensors: Mapping[str, torch.Tensor],
    width: int,
) -> Any:
    mlp = tensors["mask_decoder.transformer.layers.0.mlp.lin1.weight"].shape[0]
    return modeling.MaskDecoder(
        transformer_dim=width,
        transformer=modeling.TwoWayTransformer(
            depth=2, embedding_dim=width, num_heads=8, mlp_dim=mlp
        ),
        num_multimask_outputs=3,
        iou_head_depth=3,
        iou_head_hidden_dim=tensors["mask_decoder.iou_prediction_head.layers.0.weight"].shape[0],
    )
