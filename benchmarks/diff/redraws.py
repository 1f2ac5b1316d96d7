"""Pictures that are not the normal any more: another one, the same turned, or in another light."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

import cv2
import numpy as np
from scenes import SCENES, load_scene

from kizu.imaging.arrays import FloatMap, RgbImage

Change: TypeAlias = Callable[[FloatMap], FloatMap]
"""(H, W, 3) float32 from 0 to 1, to the same."""

_VISIBLE_LEVELS: Final = 8.0  # of 255, mean over the picture


def _turned_hue(rgb: FloatMap) -> FloatMap:
    return np.asarray(rgb[..., [1, 2, 0]])


def _sunset(rgb: FloatMap) -> FloatMap:
    return np.asarray(rgb**1.2 * np.float32((1.15, 0.75, 0.45)))


def _night(rgb: FloatMap) -> FloatMap:
    return np.asarray(rgb**1.8 * np.float32((0.35, 0.45, 0.8)))


def _from_the_side(rgb: FloatMap) -> FloatMap:
    ramp = np.linspace(0.25, 1.3, rgb.shape[1], dtype=np.float32)
    return np.asarray(rgb * ramp[:, None])


def _spotlight(rgb: FloatMap) -> FloatMap:
    rows, columns = (np.linspace(-1, 1, side, dtype=np.float32) for side in rgb.shape[:2])
    light = 0.2 + 1.2 * np.exp(-2 * (rows[:, None] ** 2 + columns**2))
    return np.asarray(rgb * light[..., None])


def _turned(rgb: FloatMap) -> FloatMap:
    height, width = rgb.shape[:2]
    return np.asarray(cv2.resize(np.rot90(rgb), (width, height), interpolation=cv2.INTER_AREA))


CHANGES: Final[Mapping[str, Change]] = {
    "mirrored left to right": lambda rgb: rgb[:, ::-1],
    "upside down": lambda rgb: rgb[::-1, ::-1],
    "turned by 90 degrees": _turned,
    "inverted": lambda rgb: np.asarray(1 - rgb, np.float32),
    "half the light": lambda rgb: np.asarray(0.5 * rgb, np.float32),
    "1.6 times the light": lambda rgb: np.asarray(1.6 * rgb, np.float32),
    "gamma 2.2": lambda rgb: np.asarray(rgb**2.2, np.float32),
    "gamma 1/2.2": lambda rgb: np.asarray(rgb ** (1 / 2.2), np.float32),
    "hue turned by 120 degrees": _turned_hue,
    "sunset": _sunset,
    "night": _night,
    "light from the side": _from_the_side,
    "a spotlight": _spotlight,
}


def redraws_of(name: str, long_side_px: int) -> Iterator[tuple[str, RgbImage, RgbImage]]:
    """Yield what was done, the normal and the other picture.

    A grey picture whose hue was turned, or a round dish that was, is still itself: what hardly
    differs from its normal is left out.
    """
    normal = load_scene(name, long_side_px).image
    yield "another picture", normal, _other(name, normal.shape)
    for change, apply in CHANGES.items():
        changed = np.clip(apply(normal.astype(np.float32) / 255), 0, 1) * 255
        if np.abs(changed - normal).mean() > _VISIBLE_LEVELS:
            yield change, normal, np.ascontiguousarray(np.rint(changed).astype(np.uint8))


def _other(name: str, shape: tuple[int, ...]) -> RgbImage:
    """The scene after this one, stretched to this one's size."""
    following = SCENES[(SCENES.index(name) + 1) % len(SCENES)]
    other = load_scene(following, max(shape[:2])).image
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(other, size, interpolation=cv2.INTER_AREA), np.uint8)
