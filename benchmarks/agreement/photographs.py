"""The photographs that are edited: of every scene several, each of another part in other light."""

from typing import Final

import numpy as np
from scenes import SCENES, Scene, load_scene

from kizu.edit.painter.noise_fields import Rng
from kizu.imaging.arrays import Mask, RgbImage

VIEWS: Final = 3
"""Photographs of a scene; of 28 scenes 84, enough for 60 clusters with some to spare."""
_LEAST_SHOWN: Final = 0.72  # of a scene's long side; less would cut most of the parts
_WHOLE: Final = 0.95  # of a part that must be in the picture; a cut one cannot be taken away


def names() -> tuple[str, ...]:
    """Return the name of every photograph, as ``scene/view``; views of a scene stand apart."""
    return tuple(f"{scene}/{view}" for view in range(VIEWS) for scene in SCENES)


def scene_of(photo: str) -> str:
    """Return which scene a photograph shows."""
    return photo.partition("/")[0]


def photograph(photo: str, long_side_px: int) -> Scene:
    """Take a photograph; equal arguments give equal bits.

    Args:
        photo: One of ``names()``. View 0 is the scene as it is; every other one is a part of it,
            maybe mirrored, in other light, with a camera's noise.
        long_side_px: Its long side, about.
    """
    name, _, view = photo.partition("/")
    if view == "0":
        return load_scene(name, long_side_px)
    rng = np.random.default_rng((int(view), *name.encode()))
    shown = float(rng.uniform(_LEAST_SHOWN, 1))
    scene = load_scene(name, round(long_side_px / shown))
    window = _window(scene.image.shape, shown, rng)
    mirrored = not scene.prints and rng.random() < 0.5  # half of them; no print reads backwards
    turn = np.s_[:, ::-1] if mirrored else np.s_[:, :]
    image = _in_other_light(scene.image[window][turn], rng)
    return Scene(
        photo,
        image,
        _kept(scene.parts, window, turn),
        _kept(scene.prints, window, turn),
    )


def _window(shape: tuple[int, ...], shown: float, rng: Rng) -> tuple[slice, slice]:
    """A part of the picture of the same aspect ratio."""
    sides = [round(side * shown) for side in shape[:2]]
    starts = [
        int(rng.integers(whole - side + 1)) for whole, side in zip(shape[:2], sides, strict=True)
    ]
    top, left = (slice(start, start + side) for start, side in zip(starts, sides, strict=True))
    return top, left


def _in_other_light(image: RgbImage, rng: Rng) -> RgbImage:
    """Up to a seventh brighter or darker, a curve, another white balance, noise of a grey level."""
    rgb = (image.astype(np.float32) / 255) ** np.float32(rng.uniform(0.9, 1.1))
    rgb *= np.float32(rng.uniform(0.86, 1.14)) * rng.uniform(0.97, 1.03, 3).astype(np.float32)
    noisy = rgb * 255 + rng.standard_normal(rgb.shape, np.float32)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _kept(
    masks: tuple[Mask, ...], window: tuple[slice, slice], turn: tuple[slice, slice]
) -> tuple[Mask, ...]:
    """The (H, W) masks of what is whole in the window."""
    return tuple(
        np.ascontiguousarray(mask[window][turn])
        for mask in masks
        if np.count_nonzero(mask[window]) >= _WHOLE * np.count_nonzero(mask)
    )
