"""Normal images to tell apart: tiles of photographs, many alike, under sensor noise.

Tiles of one photograph (grass, gravel, brick, retina, stars) are a group of look-alikes. They never
overlap, or a picture cut from one would rightly belong to two.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import IMAGE_SUFFIXES, decode_image

PHOTOS: Final = (
    *("chelsea", "coffee", "rocket", "astronaut", "brick", "camera", "cell", "clock", "coins"),
    *("grass", "gravel", "hubble_deep_field", "immunohistochemistry", "moon", "page", "retina"),
    *("stereo_motorcycle", "text"),
)
_MIN_DEVIATION: Final = 5.0  # grey levels; black corners of the retina are no product
_ENCODED_ANEW: Final = 0.25  # of the parts that are there twice
_SENSOR_NOISE: Final = (0.7, 1.6)  # grey levels, range of the deviation


def photographs(folder: Path | None) -> list[RgbImage]:
    """Return scikit-image's photographs, or those of a folder, (H, W, 3) uint8 each."""
    if folder is not None:
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
        return [decode_image(file.read_bytes()) for file in files]
    from skimage import data

    return [_rgb(getattr(data, name)()) for name in PHOTOS]


def _rgb(loaded: object) -> RgbImage:
    pixels = np.asarray(loaded[0] if isinstance(loaded, tuple) else loaded)
    return pixels[..., :3] if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, 2)


def make_parts(photos: list[RgbImage], least: int, long_side_px: int, seed: int) -> list[RgbImage]:
    """Cut photographs into tiles, each enlarged to a part without noise.

    Args:
        photos: (H, W, 3) uint8 each.
        least: So many tiles are returned.
        long_side_px: Of the parts, about.
        seed: Chooses sizes, and which tiles are left out.
    """
    rng = np.random.default_rng(seed)
    side = 400
    tiles = list(_tiles(photos, side))
    while len(tiles) < least:
        side = int(side * 0.95)
        tiles = list(_tiles(photos, side))
        if side < 40:
            raise ValueError(f"the photographs give only {len(tiles)} tiles; ask for fewer")
    chosen = rng.permutation(len(tiles))[:least]
    return [_enlarged(tiles[index], long_side_px, rng) for index in sorted(chosen)]


def _tiles(photos: list[RgbImage], side: int) -> Iterator[RgbImage]:
    for photo in photos:
        rows, columns = (max(length // side, 1) for length in photo.shape[:2])
        height, width = photo.shape[0] // rows, photo.shape[1] // columns
        for row in range(rows):
            for column in range(columns):
                tile = photo[
                    row * height : (row + 1) * height, column * width : (column + 1) * width
                ]
                if tile.mean(axis=2).std() >= _MIN_DEVIATION:
                    yield np.ascontiguousarray(tile)


def _enlarged(tile: RgbImage, long_side_px: int, rng: np.random.Generator) -> RgbImage:
    scale = long_side_px * rng.uniform(0.85, 1.15) / max(tile.shape[:2])
    size = round(tile.shape[1] * scale), round(tile.shape[0] * scale)
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(tile, size, interpolation=method), np.uint8)


def shot(part: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Return a photograph of a part, with a sensor's noise, (H, W, 3) uint8."""
    noise = rng.normal(0, rng.uniform(*_SENSOR_NOISE), part.shape)
    return np.clip(np.rint(part + noise), 0, 255).astype(np.uint8)


def shot_again(part: RgbImage, normal: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Return another photograph of a part, or its photograph encoded anew.

    The part lies up to 0.6 px elsewhere, in light that is up to 4 % other, under other noise.
    """
    if rng.random() < _ENCODED_ANEW:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(80, 96))]
        _, data = cv2.imencode(".jpg", cv2.cvtColor(normal, cv2.COLOR_RGB2BGR), quality)
        return decode_image(data.tobytes())
    move = np.array([[1, 0, rng.uniform(-0.6, 0.6)], [0, 1, rng.uniform(-0.6, 0.6)]])
    size = part.shape[1], part.shape[0]
    moved = cv2.warpAffine(part, move, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    lit = np.clip(moved * rng.uniform(0.96, 1.04), 0, 255).astype(np.uint8)
    return shot(lit, rng)
