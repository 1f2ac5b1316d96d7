"""A folder of pictures of defects with masks, as a user has them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import encode_mask, encode_png

SIDE_PX: Final = 96


def surface(seed: int, side_px: int = SIDE_PX) -> RgbImage:
    """Return a grey, ground surface: its grain runs from top to bottom."""
    rng = np.random.default_rng(seed)
    marks = np.repeat(rng.normal(0, 14, (1, side_px, 1)), side_px, 0)
    grain = rng.normal(0, 4, (side_px, side_px, 1))
    return np.clip(140 + marks + grain, 0, 255).astype(np.uint8).repeat(3, -1)


def pit(at: tuple[int, int] = (48, 40), radius_px: int = 6) -> Mask:
    """Return the mask of a round defect around a point (x, y)."""
    drawn = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    return np.asarray(cv2.circle(drawn, at, radius_px, 1, -1) > 0)


def with_defect(picture: RgbImage, mask: Mask) -> RgbImage:
    """Return a picture that is dark where the mask is."""
    return np.where(mask[..., None], picture // 4, picture).astype(np.uint8)


def write_defects(folder: Path, defect_types: Sequence[str] = ("pit",), count: int = 2) -> Path:
    """Write pictures with masks beside them, one subfolder per class."""
    for defect_type in defect_types:
        (folder / defect_type).mkdir(parents=True)
        for number in range(count):
            mask = pit((30 + 12 * number, 40))
            stem = folder / defect_type / f"{number:03d}"
            stem.with_suffix(".png").write_bytes(encode_png(with_defect(surface(number), mask)))
            stem.with_name(f"{stem.name}_mask.png").write_bytes(encode_mask(mask))
    return folder
