"""Large pairs with a known truth: mosaics of photographs, so that there is detail at full size."""

from collections.abc import Iterator
from typing import Final
from unittest.mock import patch

import cv2
import numpy as np
from drifts import PRESERVING
from pairs import Pair
from scenes import PHOTOS, load_scene

from kizu.edit.painter import DefectKind, Painting, drift, paint
from kizu.imaging.arrays import Mask, RgbImage

HAIRLINE: Final = "hairline"
DRIFTS: Final = ("none", "gpt-image-1.5", "gpt-image-2")
_TILE_PX = 480
_PHOTO_PX = 640
_SEAM_PX = 24
_THIN_AREAS_PX: Final = {DefectKind.SCRATCH: (300, 700), DefectKind.CRACK: (500, 1200)}
_BROAD: Final = (DefectKind.STAIN, DefectKind.HOLE, DefectKind.CHIP)
_LINE_PX = 2
_LINE_SHARE = 0.2
_LINE_LEVELS = (35, 60)


def make_large_pairs(megapixels: float, seed: int, *, own_size: bool) -> Iterator[Pair]:
    """Yield thin defects of some two pixels, broad ones and a redraw without any, per profile.

    Redraws at their own size lose grain of a few pixels, as where the model drew all pixels;
    otherwise what they lose grows with the photo, as where a small picture was enlarged.
    """
    normal = mosaic(megapixels, seed)
    clean = Painting(normal, np.zeros(normal.shape[:2], np.bool_))
    paintings = [(HAIRLINE, hairline(normal, seed)), *painted(normal, seed), ("", clean)]
    side = max(normal.shape) if own_size else drift.REFERENCE_SIDE_PX
    for model in DRIFTS:
        for name, painting in paintings:
            with patch.object(drift, "REFERENCE_SIDE_PX", side):
                drifted = PRESERVING[model](painting, seed)
            kind = DefectKind.SCRATCH if name == HAIRLINE else DefectKind(name) if name else None
            yield Pair(name, kind, model, normal, drifted.image, drifted.truth)


def painted(normal: RgbImage, seed: int) -> Iterator[tuple[str, Painting]]:
    """Painted defects: thin ones of fixed width in pixels, broad ones that grow with the photo."""
    pixels = normal.shape[0] * normal.shape[1]
    for kind, (low, high) in _THIN_AREAS_PX.items():
        share = (low / pixels, high / pixels)
        yield kind.value, paint(normal, kind, seed, area_fraction=share)
    for kind in _BROAD:
        yield kind.value, paint(normal, kind, seed)


def mosaic(megapixels: float, seed: int) -> RgbImage:
    """Photographs side by side, mirrored at random, with soft seams; (H, W, 3) of 3 to 2."""
    rng = np.random.default_rng(seed)
    height = round(float(np.sqrt(megapixels * 1e6 / 1.5)))
    width = round(1.5 * height)
    step = _TILE_PX - _SEAM_PX
    total = np.zeros((height + _TILE_PX, width + _TILE_PX, 3), np.float32)
    weight = np.full(total.shape[:2], 1e-6, np.float32)
    ramp = np.minimum(np.arange(_TILE_PX) + 1, _SEAM_PX) / _SEAM_PX
    ramp = np.minimum(ramp, ramp[::-1]).astype(np.float32)
    share = ramp[:, None] * ramp
    for top in range(0, height, step):
        for left in range(0, width, step):
            here = (slice(top, top + _TILE_PX), slice(left, left + _TILE_PX))
            total[here] += share[..., None] * _piece(rng)
            weight[here] += share
    mean = total[:height, :width] / weight[:height, :width, None]
    return np.clip(np.rint(mean), 0, 255).astype(np.uint8)


def _piece(rng: np.random.Generator) -> RgbImage:
    """A square of a photograph."""
    rgb = load_scene(str(rng.choice(PHOTOS)), _PHOTO_PX).image
    side = min(*rgb.shape[:2], _TILE_PX)
    top, left = (int(rng.integers(0, n - side + 1)) for n in rgb.shape[:2])
    square = rgb[top : top + side, left : left + side, :]
    square = square[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    size = (_TILE_PX, _TILE_PX)
    return np.asarray(
        cv2.resize(np.ascontiguousarray(square), size, interpolation=cv2.INTER_CUBIC), np.uint8
    )


def hairline(normal: RgbImage, seed: int) -> Painting:
    """A slightly bent bright or dark line, two pixels wide and a fifth of the short side long."""
    rng = np.random.default_rng((seed, 1))
    short = min(normal.shape[:2])
    centre = rng.uniform(0.3, 0.7, 2) * normal.shape[1::-1]
    angle, bend = rng.uniform(0, np.pi), rng.uniform(-0.1, 0.1)
    along = np.linspace(-0.5, 0.5, 65)[:, None] * _LINE_SHARE * short
    direction = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-direction[1], direction[0]])
    path = centre + along * direction + bend * along**2 / (_LINE_SHARE * short) * across
    cover = np.zeros(normal.shape[:2], np.uint8)
    points = np.rint(path * 16).astype(np.int32)
    cv2.polylines(
        cover, [points], isClosed=False, color=255, thickness=_LINE_PX, lineType=16, shift=4
    )
    truth: Mask = cover >= 128  # half covered
    sign = 1 if float(normal[truth].mean()) < 128 else -1  # mid grey
    change = sign * rng.uniform(*_LINE_LEVELS) * cover[..., None] / 255
    image = np.clip(np.rint(normal + change), 0, 255).astype(np.uint8)
    return Painting(image, truth)
