"""Pools of painted surfaces with one instance mask per defect, written once, trained on often."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.demo_weights.surfaces import (
    HELD_OUT_PHOTOS,
    TRAINING_PHOTOS,
    material,
    photo_crop,
)
from kizu.edit.painter import DefectKind, DriftProfile, imitate_drift, paint
from kizu.edit.painter.painting import Painting
from kizu.imaging.arrays import RgbImage

WORDS: Final = ("scratch", "crack", "stain", "hole", "dent")
"""What the demonstration weights can name; a word's place is its class."""

SIDE_PX: Final = 400
MOST_DEFECTS: Final = 4
_MATERIAL_SHARE: Final = 0.4
_REDRAWN_SHARE: Final = 0.6
_LEAST_OWN_AREA: Final = 0.8  # of a defect that later ones must leave visible


@dataclass(frozen=True, eq=False)
class Scenes:
    """A pool.

    Attributes:
        image: (N, S, S, 3) uint8 RGB.
        instance: (N, S, S) uint8, 0 for the surface and 1..4 for the defects.
        word: (N, 4) int8, the class of each defect, -1 for none.
    """

    image: NDArray[np.uint8]
    instance: NDArray[np.uint8]
    word: NDArray[np.int8]


def load_scenes(paths: Sequence[Path]) -> Scenes:
    """Return the pools that this script wrote, as one."""
    pools = [np.load(path) for path in paths]
    image, instance, word = (
        np.concatenate([pool[name] for pool in pools]) for name in ("image", "instance", "word")
    )
    return Scenes(image, instance, word)


def scene(seed: int, *, held_out: bool) -> tuple[RgbImage, NDArray[np.uint8], NDArray[np.int8]]:
    """Return image, instances and words of one painted surface; equal seeds give equal bits."""
    rng = np.random.default_rng((seed, int(held_out)))
    image = surface(rng, held_out=held_out)
    instance = np.zeros(image.shape[:2], np.uint8)
    word = np.full(MOST_DEFECTS, -1, np.int8)
    for number in range(int(rng.choice(MOST_DEFECTS + 1, p=(0.1, 0.2, 0.25, 0.25, 0.2)))):
        drawn = int(rng.integers(len(WORDS)))
        painting = paint(image, DefectKind(WORDS[drawn]), int(rng.integers(2**31)))
        if not painting.truth.any() or _covers_another(painting, instance):
            continue
        image, word[number] = painting.image, drawn
        instance[painting.truth] = number + 1
    if rng.random() < _REDRAWN_SHARE:
        profile = (DriftProfile.GPT_IMAGE_1_5, DriftProfile.GPT_IMAGE_2)[int(rng.integers(2))]
        image = imitate_drift(
            Painting(image, instance > 0), profile, int(rng.integers(2**31))
        ).image
    return image, instance, word


def surface(rng: np.random.Generator, *, held_out: bool) -> RgbImage:
    """Return a surface without defects; held-out ones are crops of photographs never trained on."""
    if held_out:
        return photo_crop(HELD_OUT_PHOTOS, SIDE_PX, rng)
    if rng.random() < _MATERIAL_SHARE:
        return material(SIDE_PX, rng)
    return photo_crop(TRAINING_PHOTOS, SIDE_PX, rng)


def _covers_another(painting: Painting, instance: NDArray[np.uint8]) -> bool:
    hidden = np.bincount(instance[painting.truth], minlength=256)[1:]
    whole = np.bincount(instance.ravel(), minlength=256)[1:]
    return bool((hidden > (1 - _LEAST_OWN_AREA) * whole).any())


def paint_pool(path: Path, count: int, seed: int, *, held_out: bool) -> None:
    """Paint scenes of consecutive seeds and write them."""
    first = seed * 1_000_000
    seeds = tqdm(range(first, first + count), unit="scene", desc=path.stem, disable=None)
    rows = [scene(number, held_out=held_out) for number in seeds]
    image, instance, word = (np.stack(column) for column in zip(*rows, strict=True))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, image=image, instance=instance, word=word)
