"""Photographs of different parts on one station, and copies of them."""

from functools import cache

import cv2
import numpy as np

SHAPE = (240, 320)


def _field(rng, sigma):
    noise = cv2.GaussianBlur(rng.standard_normal(SHAPE).astype(np.float32), (0, 0), sigma)
    return noise / noise.std()


@cache
def station_photo(part: int, station: int = 0) -> np.ndarray:
    """A part with a grain of its own in the fixture that all parts of the station lie in."""
    common, own = np.random.default_rng(station), np.random.default_rng([station, part])
    image = 110 + 25 * _field(common, 20) + 10 * _field(common, 2)
    for _ in range(20):
        x, y = int(common.integers(SHAPE[1])), int(common.integers(SHAPE[0]))
        cv2.circle(image, (x, y), int(common.integers(4, 18)), float(common.integers(30, 220)), -1)
    image += 5 * _field(own, 1.5) + 2 * _field(own, 5) + own.normal(0, 1.5, SHAPE)
    image *= 1 + 0.05 * own.normal()
    return np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def jpeg(photo: np.ndarray, quality: int = 90) -> bytes:
    """The photograph as a JPEG file."""
    return cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def recompressed(photo: np.ndarray) -> np.ndarray:
    """What JPEG keeps of it."""
    return cv2.imdecode(np.frombuffer(jpeg(photo, 80), np.uint8), cv2.IMREAD_COLOR_RGB)


def halved(photo: np.ndarray) -> np.ndarray:
    """The same in half the size."""
    return cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def cropped(photo: np.ndarray) -> np.ndarray:
    """The same without some columns and rows."""
    return photo[6:-3, 10:-4]


def exposed(photo: np.ndarray) -> np.ndarray:
    """The same, lighter and of another gamma."""
    return np.clip((photo / 255.0) ** 0.85 * 255 * 1.05, 0, 255).astype(np.uint8)
