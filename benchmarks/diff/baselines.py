"""What people use today, and the method of this project, behind one signature."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from kizu.diff import Status, diff_mask
from kizu.imaging.arrays import FloatMap, Mask, RgbImage


class Answer(NamedTuple):
    """What a method says of a pair: (H, W) map and mask; the baselines know no status."""

    anomaly_map: FloatMap
    mask: Mask
    status: Status | None = None


Method: TypeAlias = Callable[[RgbImage, RgbImage], Answer]


def kizu_diff(normal: RgbImage, edited: RgbImage) -> Answer:
    """The method of this project with its default settings."""
    result = diff_mask(normal, edited)
    return Answer(result.anomaly_map, result.mask, result.status)


def absolute_difference(normal: RgbImage, edited: RgbImage) -> Answer:
    """Largest channel difference, split by Otsu's threshold."""
    score = cv2.absdiff(normal, edited).max(axis=-1).astype(np.float32)
    return Answer(score, _otsu(score))


def ecc_otsu(normal: RgbImage, edited: RgbImage) -> Answer:
    """Affine registration by enhanced correlation at half size, then the absolute difference."""
    small = [_grey(cv2.resize(i, None, fx=0.5, fy=0.5)) for i in (edited, normal)]
    affine = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
    try:
        affine = cv2.findTransformECC(*small, affine, cv2.MOTION_AFFINE, stop, None, 5)[1]
    except cv2.error:
        affine = np.eye(2, 3, dtype=np.float32)
    affine = np.column_stack([affine[:, :2], 2 * affine[:, 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (edited.shape[1], edited.shape[0])
    mode = cv2.BORDER_REFLECT
    return absolute_difference(
        cv2.warpAffine(normal, affine, size, flags=flags, borderMode=mode), edited
    )


def ssim_otsu(normal: RgbImage, edited: RgbImage) -> Answer:
    """Structural dissimilarity of the grey images, split by Otsu's threshold."""
    _, similarity = structural_similarity(_grey(normal), _grey(edited), full=True, data_range=255)
    score = np.clip(1 - similarity, 0, 2).astype(np.float32)
    return Answer(score, _otsu(score))


def lab_hysteresis(normal: RgbImage, edited: RgbImage) -> Answer:
    """Blurred Lab distance; regions above 6 delta E that reach 14."""
    lab = [cv2.cvtColor(i.astype(np.float32) / 255, cv2.COLOR_RGB2Lab) for i in (normal, edited)]
    distance = np.sqrt(((lab[1] - lab[0]) ** 2).sum(axis=-1))
    score = cv2.GaussianBlur(distance.astype(np.float32), (0, 0), 3)
    count, labels = cv2.connectedComponents((score > 6).astype(np.uint8))
    keep = np.zeros(count, np.bool_)
    keep[labels[score > 14]] = True
    keep[0] = False
    return Answer(score, keep[labels])


METHODS: Final[Mapping[str, Method]] = {
    "kizu": kizu_diff,
    "abs diff + Otsu": absolute_difference,
    "ECC + Otsu": ecc_otsu,
    "SSIM + Otsu": ssim_otsu,
    "Lab hysteresis": lab_hysteresis,
}


def _grey(image: RgbImage) -> RgbImage:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def _otsu(score: FloatMap) -> Mask:
    if score.max() <= 0:
        return np.zeros(score.shape, np.bool_)
    levels = np.clip(score / score.max() * 255, 0, 255).astype(np.uint8)
    return cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1] > 0
