"""What may be compared, said in one clear sentence when it may not."""

import numpy as np

from kizu.imaging.arrays import Mask, RgbImage


def check_pair(normal: RgbImage, edited: RgbImage, region: Mask | None) -> None:
    """Raise unless both are RGB images of one size and the region fits them.

    Raises:
        TypeError: If an input is no uint8 array, or the region no bool array.
        ValueError: If shapes differ or are not (H, W, 3).
    """
    for name, image in (("normal", normal), ("edited", edited)):
        _check_image(name, image)
    if normal.shape != edited.shape:
        raise ValueError(
            f"normal is {normal.shape}, edited is {edited.shape}; bring both to one size "
            "by undoing the padding, crop or resize of the edit"
        )
    if region is not None:
        _check_region(region, edited.shape[:2])


def _check_image(name: str, image: RgbImage) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f"{name} is {kind}; pass an (H, W, 3) uint8 RGB array")
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:  # noqa: PLR2004 - (H, W, RGB)
        raise ValueError(f"{name} has shape {image.shape}; pass an (H, W, 3) uint8 RGB array")


def _check_region(region: Mask, shape: tuple[int, ...]) -> None:
    if not isinstance(region, np.ndarray) or region.dtype != np.bool_:
        kind = region.dtype if isinstance(region, np.ndarray) else type(region).__name__
        raise TypeError(f"region is {kind}; pass an (H, W) bool array")
    if region.shape != shape:
        raise ValueError(f"region is {region.shape}, the images are {shape}; resize the region")
