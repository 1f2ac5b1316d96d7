"""Pairs with a known truth: photographs x painted defects x imitated redraws."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from skimage import data

from kizu.arrays import Mask, RgbImage
from kizu.edit.painter import DefectKind, DriftProfile, Painting, imitate_drift, paint

SCENES: Final = (
    *("astronaut", "brick", "chelsea", "coffee", "coins"),
    *("grass", "gravel", "moon", "rocket", "text"),
)
PRESERVING: Final = (DriftProfile.NONE, DriftProfile.GPT_IMAGE_1_5, DriftProfile.GPT_IMAGE_2)


@dataclass(frozen=True, eq=False)
class Pair:
    """One comparison and its truth in the edited image's frame; no kind means drift only."""

    scene: str
    kind: DefectKind | None
    profile: DriftProfile
    normal: RgbImage
    edited: RgbImage
    truth: Mask


def load_scene(name: str, side_px: int) -> RgbImage:
    """A square crop of a photograph that comes with scikit-image, enlarged to a common size."""
    photo = getattr(data, name)()
    rgb = photo[..., :3] if photo.ndim > 2 else np.repeat(photo[..., None], 3, 2)  # noqa: PLR2004
    side = min(rgb.shape[:2])
    top, left = (rgb.shape[0] - side) // 2, (rgb.shape[1] - side) // 2
    square = np.ascontiguousarray(rgb[top : top + side, left : left + side])
    return np.asarray(
        cv2.resize(square, (side_px, side_px), interpolation=cv2.INTER_CUBIC), np.uint8
    )


def make_pairs(seed: int, side_px: int, scenes: int) -> Iterator[Pair]:
    """Yield, for every scene and profile, two painted defects and one redraw without any."""
    kinds = list(DefectKind)
    for index, name in enumerate(SCENES[:scenes]):
        normal = load_scene(name, side_px)
        for profile in (*PRESERVING, DriftProfile.REDRAW):
            for turn in range(2):
                kind = kinds[(2 * index + turn + seed) % len(kinds)]
                painting = paint(normal, kind, seed + index)
                yield _pair(name, kind, profile, normal, painting, seed + index)
            clean = Painting(normal, np.zeros(normal.shape[:2], np.bool_))
            yield _pair(name, None, profile, normal, clean, seed + index)


def _pair(
    name: str,
    kind: DefectKind | None,
    profile: DriftProfile,
    normal: RgbImage,
    painting: Painting,
    seed: int,
) -> Pair:
    redrawn = imitate_drift(painting, profile, seed)
    return Pair(name, kind, profile, normal, redrawn.image, redrawn.truth)
