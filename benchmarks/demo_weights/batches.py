"""Augmented batches of a pool: scenes cropped, mirrored, turned and toned, with their boxes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.demo_weights.scenes import MOST_DEFECTS, Scenes
from kizu.imaging.arrays import RgbImage
from kizu.imaging.boxes import box_of

_LEAST_CROP: Final = 0.72  # of the scene's side
_LEAST_VISIBLE: Final = 0.5  # of a defect's pixels, for it to be asked for after cropping
_LEAST_PIXELS: Final = 12
MEAN: Final = np.array([0.485, 0.456, 0.406], np.float32)
STD: Final = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True, eq=False)
class Example:
    """One scene as it is trained on.

    Attributes:
        image: (S, S, 3) uint8.
        instance: (S, S) uint8 of the defects that remained, others 0.
        boxes: (M, 4) float32 xyxy in pixels of the image.
        word: (M,) class of each box.
        number: (M,) its value in `instance`.
    """

    image: RgbImage
    instance: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    word: NDArray[np.int64]
    number: NDArray[np.int64]


def batches(
    scenes: Scenes, size: int, side_px: int, rng: np.random.Generator
) -> Iterator[list[Example]]:
    """Yield batches without end; every scene once before any again."""
    while True:
        order = rng.permutation(len(scenes.image))
        for start in range(0, len(order) - size + 1, size):
            yield [augmented(scenes, int(row), side_px, rng) for row in order[start : start + size]]


def augmented(scenes: Scenes, row: int, side_px: int, rng: np.random.Generator) -> Example:
    """Return a random view of one scene."""
    full = scenes.image.shape[1]
    crop = int(full * rng.uniform(_LEAST_CROP, 1))
    top, left = (int(rng.integers(full - crop + 1)) for _ in range(2))
    window = np.s_[row, top : top + crop, left : left + crop]
    image, instance = scenes.image[window], scenes.instance[window]
    turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))
    image, instance = (_turned(field, turns, mirrored=mirrored) for field in (image, instance))
    kept = _remaining(instance, scenes.instance[row])
    example = resized(
        image, np.where(np.isin(instance, kept), instance, 0), scenes.word[row], side_px
    )
    return Example(
        _toned(example.image, rng), example.instance, example.boxes, example.word, example.number
    )


def resized(
    image: RgbImage, instance: NDArray[np.uint8], word: NDArray[np.int8], side_px: int
) -> Example:
    """Return a scene at another size, with the boxes of its defects."""
    scale = side_px / image.shape[0]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    number = np.array([n + 1 for n in range(MOST_DEFECTS) if (instance == n + 1).any()], np.int64)
    boxes = [np.zeros((0, 4), np.float32), *(box_of(instance == n) for n in number)]
    small = cv2.resize(instance, (side_px, side_px), interpolation=cv2.INTER_NEAREST)
    return Example(
        np.asarray(cv2.resize(image, (side_px, side_px), interpolation=method), np.uint8),
        np.asarray(small, np.uint8),
        scale * np.concatenate(boxes),
        word[number - 1].astype(np.int64),
        number,
    )


def pixels(examples: list[Example]) -> torch.Tensor:
    """Return (B, 3, S, S) float32, normalised as the image processor does."""
    stacked = np.stack([example.image for example in examples]).astype(np.float32) / 255
    normal = (stacked - MEAN) / STD
    return torch.from_numpy(np.ascontiguousarray(normal.transpose(0, 3, 1, 2)))


def _turned(field: NDArray[np.uint8], turns: int, *, mirrored: bool) -> NDArray[np.uint8]:
    turned = np.rot90(field, turns)
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


def _remaining(instance: NDArray[np.uint8], whole: NDArray[np.uint8]) -> NDArray[np.intp]:
    now = np.bincount(instance.ravel(), minlength=MOST_DEFECTS + 1)
    before = np.bincount(whole.ravel(), minlength=MOST_DEFECTS + 1)
    kept = (now >= _LEAST_VISIBLE * before) & (now >= _LEAST_PIXELS)
    kept[0] = False
    return np.flatnonzero(kept)


def _toned(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Return the image in other light and sharpness."""
    toned = image.astype(np.float32)
    if rng.random() < 0.3:
        toned = cv2.GaussianBlur(toned, (0, 0), rng.uniform(0.4, 0.9))
    gain = rng.uniform(0.8, 1.2) * rng.uniform(0.92, 1.08, 3)
    toned = toned * gain + rng.uniform(-20, 20)
    if rng.random() < 0.3:
        toned = toned + rng.normal(0, rng.uniform(1, 6), toned.shape).astype(np.float32)
    return np.asarray(np.clip(toned, 0, 255), np.uint8)
