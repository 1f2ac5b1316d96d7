"""The front door: which pictures may be compared, and at which size they are."""

from dataclasses import replace

import numpy as np

from kizu.diff import grading
from kizu.diff.align.registration import MIN_SIDE_PX
from kizu.diff.comparison import compare, regions_of
from kizu.diff.full_size.compare import compare_large
from kizu.diff.inputs import check_pair
from kizu.diff.result import DiffResult
from kizu.diff.settings import DiffSettings
from kizu.diff.threads import opencv_threads
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
        settings: How suspicious to be; the defaults suit product photos.
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
    check_pair(normal, edited, region)
    with opencv_threads(settings.threads):
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
    anomaly_map = np.ascontiguousarray(result.anomaly_map[:height, :width])
    status = grading.status_of(result.drift, any_change=bool(mask.any()))
    regions = regions_of(mask, anomaly_map)
    return replace(result, mask=mask, anomaly_map=anomaly_map, regions=regions, status=status)
