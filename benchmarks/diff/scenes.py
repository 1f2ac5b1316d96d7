"""What is edited: photographs that come with scikit-image, and rendered products.

Every photograph of its package that shows something real and is large enough is used, once; other
crops of a photograph would not be other scenes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from rendered import PRODUCTS
from skimage import data

from kizu.imaging.arrays import Mask, RgbImage

Ellipse: TypeAlias = tuple[float, float, float, float]
"""Centre x, y and half axes x, y, all as shares of the picture's long side."""
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the picture's long side."""

PHOTOS: Final = (
    *("astronaut", "brick", "camera", "cell", "chelsea", "clock", "coffee", "coins", "grass"),
    *("gravel", "hubble_deep_field", "immunohistochemistry", "moon", "page", "retina", "rocket"),
    *("stereo_motorcycle", "text"),
)
SCENES: Final = (*PHOTOS, *PRODUCTS)

PARTS: Final[Mapping[str, tuple[Ellipse, ...]]] = {
    "astronaut": ((0.325, 0.75, 0.085, 0.075), (0.58, 0.70, 0.055, 0.038)),
    "cell": ((0.65, 0.57, 0.12, 0.12),),
    "chelsea": ((0.388, 0.258, 0.085, 0.075), (0.70, 0.307, 0.06, 0.06)),
    "coffee": ((0.60, 0.473, 0.075, 0.085),),
    "coins": (
        *((0.402, 0.131, 0.066, 0.066), (0.558, 0.140, 0.066, 0.066), (0.871, 0.110, 0.08, 0.08)),
        *((0.703, 0.310, 0.068, 0.068), (0.900, 0.480, 0.088, 0.088), (0.538, 0.512, 0.06, 0.06)),
    ),
    "moon": ((0.232, 0.165, 0.07, 0.07), (0.68, 0.21, 0.07, 0.09)),
}
"""Things in photographs that can be taken away, moved or recoloured; drawn by hand."""

PRINTS: Final[Mapping[str, tuple[Box, ...]]] = {
    "page": ((0.0, 0.02, 0.78, 0.10), (0.0, 0.12, 0.98, 0.165)),
}
"""Lines of print in photographs."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture without defects.

    Attributes:
        name: Which one.
        image: (H, W, 3) uint8 RGB.
        parts: (H, W) bool each; things that can be missing or misplaced.
        prints: (H, W) bool each; lines of print with their ground.
    """

    name: str
    image: RgbImage
    parts: tuple[Mask, ...]
    prints: tuple[Mask, ...]


def load_scene(name: str, long_side_px: int) -> Scene:
    """Return a photograph or a rendered product at a size.

    Args:
        name: One of `SCENES`.
        long_side_px: Wanted long side; the aspect ratio is the scene's own.
    """
    if name in PRODUCTS:
        product = PRODUCTS[name](long_side_px)
        return Scene(name, product.image, product.parts, product.prints)
    image = _photo(name, long_side_px)
    ellipses = tuple(_ellipse(image.shape, ellipse) for ellipse in PARTS.get(name, ()))
    boxes = tuple(_box(image.shape, box) for box in PRINTS.get(name, ()))
    return Scene(name, image, ellipses, boxes)


def _photo(name: str, long_side_px: int) -> RgbImage:
    load: Callable[[], object] = getattr(data, name)
    loaded = load()
    pixels = np.asarray(loaded[0] if isinstance(loaded, tuple) else loaded)
    rgb = pixels[..., :3] if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, 2)
    scale = long_side_px / max(rgb.shape[:2])
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, size, interpolation=method), np.uint8)


def _ellipse(shape: tuple[int, ...], ellipse: Ellipse) -> Mask:
    long_side = max(shape[:2])
    x, y, radius_x, radius_y = (value * long_side for value in ellipse)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.asarray(np.hypot((columns - x) / radius_x, (rows - y) / radius_y) < 1)


def _box(shape: tuple[int, ...], box: Box) -> Mask:
    left, top, right, bottom = (round(value * max(shape[:2])) for value in box)
    mask = np.zeros(shape[:2], np.bool_)
    mask[top:bottom, left:right] = True
    return mask
