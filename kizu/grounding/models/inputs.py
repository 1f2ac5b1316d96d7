"""Photos into model inputs, and logits into full-size masks, without torchvision."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from kizu.imaging.arrays import RgbImage

Triple = tuple[float, float, float]
IMAGENET_MEAN: Final[Triple] = (0.485, 0.456, 0.406)
IMAGENET_STD: Final[Triple] = (0.229, 0.224, 0.225)
CLIP_MEAN: Final[Triple] = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Final[Triple] = (0.26862954, 0.26130258, 0.27577711)
HALF: Final[Triple] = (0.5, 0.5, 0.5)


def pad_to_square(image: RgbImage) -> RgbImage:
    """Return the image with black added below or to the right until it is square.

    >>> pad_to_square(np.ones((2, 3, 3), np.uint8)).shape
    (3, 3, 3)
    """
    height, width = image.shape[:2]
    side = max(height, width)
    square = np.zeros((side, side, 3), np.uint8)
    square[:height, :width] = image
    return square


def resize(image: RgbImage, height: int, width: int) -> RgbImage:
    """Return the image at this size in pixels (bilinear, antialiased)."""
    resized = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def square_pixels(image: RgbImage, side_px: int, mean: Triple, std: Triple) -> torch.Tensor:
    """Return (1, 3, side, side) float32: the image stretched to a square and normalised.

    Args:
        image: (H, W, 3) uint8.
        side_px: Side of the model's input.
        mean: Per channel, of pixel values from 0 to 1.
        std: Per channel, as above.
    """
    stretched = resize(image, side_px, side_px).astype(np.float32) / np.float32(255)
    normal = (stretched - np.array(mean, np.float32)) / np.array(std, np.float32)
    return torch.from_numpy(np.ascontiguousarray(normal.transpose(2, 0, 1)[None]))


def full_size_masks(logits: torch.Tensor, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return (N, H, W) bool of (N, h, w) logits that span the whole image.

    Masks are enlarged (bilinear) one at a time, because full-size floats are large.
    """
    masks = np.zeros((len(logits), *shape), dtype=np.bool_)
    for row, one in enumerate(logits.float()):
        large = torch.nn.functional.interpolate(one[None, None], shape, mode="bilinear")
        masks[row] = (large[0, 0] > 0).cpu().numpy()
    return masks
