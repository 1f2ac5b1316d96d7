import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def photo():
    """A textured colour picture with objects, (192, 256, 3) uint8."""
    rng = np.random.default_rng(3)
    height, width = 192, 256
    coarse = rng.uniform(60, 200, (height // 16, width // 16, 3)).astype(np.float32)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    image += cv2.GaussianBlur(rng.normal(0, 40, image.shape).astype(np.float32), (0, 0), 1.2)
    for _ in range(14):
        corner = rng.integers(0, [width - 40, height - 30])
        size = rng.integers(12, 40, 2)
        colour = rng.uniform(20, 235, 3).tolist()
        cv2.rectangle(image, corner.tolist(), (corner + size).tolist(), colour, -1)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.7), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def drifted():
    """A function that shifts, tones and noises a picture as an editing model does."""

    def drift(image, shift=(1.6, -1.1), gain=1.05, noise=2.0):
        rng = np.random.default_rng(5)
        affine = np.array([[1.004, 0, shift[0]], [0, 1.004, shift[1]]])
        size = (image.shape[1], image.shape[0])
        moved = cv2.warpAffine(
            image, affine, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        toned = moved * np.array([gain, 1.0, 0.97]) + rng.normal(0, noise, image.shape)
        return np.clip(toned, 0, 255).astype(np.uint8)

    return drift


@pytest.fixture(scope="session")
def stained():
    """A function that paints a round stain; returns the picture and its mask."""

    def stain(image, centre=(120, 90), radius=18, colour=(20, 20, 160)):
        mask = np.zeros(image.shape[:2], np.uint8)
        cv2.circle(mask, centre, radius, 1, -1)
        painted = np.where(mask[..., None] > 0, np.uint8(colour), image)
        return painted.astype(np.uint8), mask > 0

    return stain
