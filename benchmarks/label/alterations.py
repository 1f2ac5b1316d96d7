"""What people and programs do to a picture on its way: sizes, crops, borders, turns, codecs."""

from dataclasses import replace
from typing import Final, TypeAlias

import cv2
import numpy as np

from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_image
from kizu.imaging.geometry import Geometry

Rng: TypeAlias = np.random.Generator

KINDS: Final = ("same", "resized", "cropped", "padded", "turned", "squeezed", "combined")
PADDINGS: Final = ("black", "white", "blurred", "mirrored")
_OFF: Final = (0.1, 0.4)  # of the area that a crop takes off
_RESIZED: Final = (0.5, 2.0)
_SQUEEZED: Final = (0.8, 1.25)  # of the aspect ratio; 1200 x 900 to 1536 x 1024 is 1.125
_PADDED: Final = (1.1, 1.5)  # of one side or both
_KEPT_TRUTH: Final = 0.9  # of the defect that a crop must keep
_CROP_TRIES: Final = 60


def plan(kind: str, truth: Mask, rng: Rng) -> Geometry:
    """Draw a geometry of a kind for an edited picture whose defect is known, (H, W) bool."""
    height, width = truth.shape
    geometry = Geometry(
        (width, height), (0, 0, width, height), (width, height), (0, 0), (width, height)
    )
    if kind == "combined":
        steps = list(rng.permutation(["resized", "cropped", "padded", "turned", "squeezed"]))
        kinds = sorted(steps[: int(rng.integers(2, 4))], key=_ORDER.index)
    else:
        kinds = [kind]
    for step in kinds:
        geometry = _step(step, geometry, truth, rng)
    return geometry


_ORDER: Final = ("cropped", "resized", "squeezed", "padded", "turned")


def _step(kind: str, geometry: Geometry, truth: Mask, rng: Rng) -> Geometry:
    width, height = geometry.scaled
    if kind == "cropped":
        crop = _crop(truth, rng)
        return replace(geometry, crop=crop, scaled=crop[2:], model=crop[2:])
    if kind == "resized":
        scale = float(np.exp(rng.uniform(*np.log(_RESIZED))))
        size = round(width * scale), round(height * scale)
        return replace(geometry, scaled=size, model=size)
    if kind == "squeezed":
        size = round(width * float(np.exp(rng.uniform(*np.log(_SQUEEZED))))), height
        return replace(geometry, scaled=size, model=size)
    if kind == "padded":
        wide, high = ((1, 0), (0, 1), (1, 1))[int(rng.integers(3))]
        model = tuple(
            round(side * (rng.uniform(*_PADDED) if grown else 1))
            for side, grown in ((width, wide), (height, high))
        )
        offset = (model[0] - width) // 2, (model[1] - height) // 2
        return replace(geometry, offset=offset, model=model)
    if kind == "turned":
        turns = int(rng.integers(1, 4))
        model = geometry.model[::-1] if turns % 2 else geometry.model
        return replace(geometry, model=model, turns=turns)
    return geometry


def _crop(truth: Mask, rng: Rng) -> tuple[int, int, int, int]:
    height, width = truth.shape
    for _ in range(_CROP_TRIES):
        kept = 1 - rng.uniform(*_OFF)
        share = float(np.clip(np.sqrt(kept) * np.exp(rng.uniform(-0.1, 0.1)), kept, 1))
        w, h = round(width * share), round(height * kept / share)
        x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
        if truth[y : y + h, x : x + w].sum() >= _KEPT_TRUTH * truth.sum():
            return x, y, w, h
    return (0, 0, width, height)


def alter(edited: RgbImage, geometry: Geometry, padding: str) -> RgbImage:
    """Bring an edited picture (H, W, 3) into a geometry, its border filled as somebody did."""
    picture = geometry.apply(edited)
    if padding == "mirrored":
        return picture
    framed = np.ascontiguousarray(np.rot90(picture, -geometry.turns))
    x, y = geometry.offset
    width, height = geometry.scaled
    filled = _background(framed, geometry, padding)
    filled[y : y + height, x : x + width] = framed[y : y + height, x : x + width]
    return np.ascontiguousarray(np.rot90(filled, geometry.turns))


def _background(framed: RgbImage, geometry: Geometry, padding: str) -> RgbImage:
    if padding == "blurred":
        size = framed.shape[1], framed.shape[0]
        x, y = geometry.offset
        inner = framed[y : y + geometry.scaled[1], x : x + geometry.scaled[0]]
        wide = cv2.resize(inner, size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.GaussianBlur(wide, (0, 0), max(size) / 40), np.uint8)
    return np.full_like(framed, 0 if padding == "black" else 255)


def encode(picture: RgbImage, rng: Rng) -> RgbImage:
    """Return a picture as it comes from a file: JPEG of quality 75 to 95, WebP or PNG."""
    codec = ("jpeg", "webp", "png")[int(rng.integers(3))]
    if codec == "png":
        return picture
    quality = int(rng.integers(75, 96))
    flag = cv2.IMWRITE_JPEG_QUALITY if codec == "jpeg" else cv2.IMWRITE_WEBP_QUALITY
    suffix = ".jpg" if codec == "jpeg" else ".webp"
    _, data = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [flag, quality])
    return decode_image(data.tobytes())
