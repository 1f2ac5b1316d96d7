"""Parts with enough to tell them apart, as normal images of the matching tests."""

from functools import cache

import cv2
import numpy as np


@cache
def part(seed: int, width: int = 240, height: int = 200) -> np.ndarray:
    """A part like no other: patches and blobs of several sizes under a sensor's noise."""
    return noisy(clean_part(seed, width, height), seed)


@cache
def clean_part(seed: int, width: int = 240, height: int = 200) -> np.ndarray:
    """The part itself, without noise."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width), 120.0, np.float32)
    for sigma, strength in ((2, 35), (6, 45), (20, 50)):
        field = cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), sigma)
        picture += strength * field / field.std() / 2
    for _ in range(25):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        cv2.circle(picture, (x, y), int(rng.integers(3, 12)), float(rng.integers(20, 235)), -1)
    return np.repeat(np.clip(picture, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def noisy(picture: np.ndarray, seed: int) -> np.ndarray:
    """A shot of it, with the noise of a sensor."""
    noise = np.random.default_rng((seed, 1)).normal(0, 1.5, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def with_scratch(picture: np.ndarray) -> np.ndarray:
    """The same with a defect, edited in place."""
    edited = picture.copy()
    height, width = picture.shape[:2]
    cv2.line(
        edited, (width // 2, height // 2), (width * 2 // 3, height * 3 // 4), (250, 240, 230), 3
    )
    return edited
