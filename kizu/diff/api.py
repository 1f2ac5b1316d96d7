"""The front door: which pictures may be compared, and at which size they are."""

from dataclasses import replace

import numpy as np

from kizu.diff import grading
from kizu.diff.align.registration import MIN_SIDE_PX
from kizu.diff.comparison import compare, regions_of
from kizu.diff.full_size.compare import compare_large
from kizu.diff.full_size.tiles import limited_threads
from kizu.diff.result import DiffResult
from kizu.diff.settings import DiffSettings
from kizu.imaging.arrays import Mask, RgbImage


def diff_mask(
    normal: RgbImage,
    edited: RgbImage,
    settings: DiffSettings | None = None,
    *,
    region: Mask | None = None,
) -> DiffResult:
    """Find where an edited image really differs from its normal image.

    Registration, colour correction, evidence in noise-floor units at four scales, decision.

    Args:
        normal: (H, W, 3) uint8 RGB.
        edited: The same shape.
        settings: What counts as a change; the defaults suit product photos.
        region: (H, W) bool, where the edit was asked for. Weaker evidence counts there; changes
            elsewhere are reported as they are.

    Returns:
        Anomaly map, mask and metrics in the edited image's frame.

    Raises:
        TypeError: If an input is no uint8 array, or the region no bool array.
        ValueError: If shapes differ or are not (H, W, 3).

    Example:
        >>> image = np.zeros((64, 64, 3), np.uint8)
        >>> diff_mask(image, image).status
        <Status.UNCHANGED: 'unchanged'>
    """
    settings = settings or DiffSettings()
    _check_pair(normal, edited, region)
    with limited_threads(settings.threads):
        if min(edited.shape[:2]) < MIN_SIDE_PX:
            return _compare_padded(normal, edited, settings, region)
        if edited.shape[0] * edited.shape[1] <= settings.max_work_megapixels * 1e6:
            return compare(normal, edited, settings, region).result
        return compare_large(normal, edited, settings, region)


def _compare_padded(
    normal: RgbImage, edited: RgbImage, settings: DiffSettings, region: Mask | None
) -> DiffResult:
    """Compare images too small for the filters, with their edges repeated."""
    height, width = edited.shape[:2]
    more = [(0, max(MIN_SIDE_PX - height, 0)), (0, max(MIN_SIDE_PX - width, 0))]
    pair = [np.pad(image, [*more, (0, 0)], mode="edge") for image in (normal, edited)]
    wide = None if region is None else np.pad(region, more)
    result = compare(pair[0], pair[1], settings, wide).result
    mask = np.ascontiguousarray(result.mask[:height, :width])
    judged = np.ascontiguousarray(result.judged[:height, :width])
    anomaly_map = np.ascontiguousarray(result.anomaly_map[:height, :width])
    status = grading.status_of(result.drift, any_change=bool(mask.any()))
    regions = regions_of(mask, anomaly_map)
    return replace(
        result,
        anomaly_map=anomaly_map,
        mask=mask,
        status=status,
        regions=regions,
    ).with_judged(judged)


def _check_pair(normal: RgbImage, edited: RgbImage, region: Mask | None) -> None:
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
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:  # (H, W, RGB)
        raise ValueError(f"{name} has shape {image.shape}; pass an (H, W, 3) uint8 RGB array")


def _check_region(region: Mask, shape: tuple[int, ...]) -> None:
    if not isinstance(region, np.ndarray) or region.dtype != np.bool_:
        kind = region.dtype if isinstance(region, np.ndarray) else type(region).__name__
        raise TypeError(f"region is {kind}; pass an (H, W) bool array")
    if region.shape != shape:
        raise ValueError(f"region is {region.shape}, the images are {shape}; resize the region")
