"""How much a region differs from the rest of its photo, as a judgement of its confidence.

After the saliency prompts of Cao et al., "Segment Any Anomaly without Training via Hybrid Prompt
Regularization" (arXiv 2305.10724): a patch is salient if even those most like it are unlike it, and
a region's confidence is multiplied by the exponential of its mean saliency. They compare features
of a pretrained network; here colours and textures are compared, which needs no weights and sees
less.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.grounding.detections import Detections
from kizu.imaging.arrays import FloatMap, RgbImage

GRID: Final = 48
PATCH_PX: Final = 8
NEIGHBOUR_SHARE: Final = 0.25
"""A defect below this share of the photo has neighbours outside itself, and so can be salient."""

NO_SPREAD: Final = 1e-3


def with_saliency(detections: Detections, image: RgbImage) -> Detections:
    """Return the regions with confidences that count how they stand out, surest first.

    Args:
        detections: Regions of the image, with or without masks.
        image: (H, W, 3) photo.

    Returns:
        The same regions. One as salient as the photo's most salient patch keeps its confidence,
        one that is like everything else keeps 37 % of it (1/e).
    """
    if len(detections) == 0:
        return detections
    shape = (image.shape[0], image.shape[1])
    salient = cv2.resize(saliency_map(image), shape[::-1], interpolation=cv2.INTER_LINEAR)
    areas = detections.areas(shape)
    mean = [float(salient[area].mean()) if area.any() else 0.0 for area in areas]
    weighted = Detections(
        detections.xyxy,
        detections.mask,
        detections.confidence * np.exp(np.array(mean, np.float32) - 1),
        detections.phrase,
    )
    return weighted.select(np.argsort(-weighted.confidence, kind="stable"))


def saliency_map(image: RgbImage) -> FloatMap:
    """Return (h, w) float32, at most 48 patches long: how unlike its nearest quarter each patch is.

    Args:
        image: (H, W, 3) photo.

    Returns:
        Mean distance to the quarter of all patches that are most alike, as a share of the
        largest; all ones for a photo without any contrast.

    >>> saliency_map(np.zeros((16, 32, 3), np.uint8)).tolist()
    [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]
    """
    rows, columns = _grid(image.shape[0], image.shape[1])
    features = _features(image, rows, columns)
    distance = np.sqrt(_squared_distances(features))
    count = max(int(len(features) * NEIGHBOUR_SHARE), 1)
    nearest = np.partition(distance, min(count, len(features) - 1), axis=1)[:, : count + 1]
    mean = nearest.mean(axis=1).reshape(rows, columns).astype(np.float32)
    most = float(mean.max())
    return mean / np.float32(most) if most > NO_SPREAD else np.ones_like(mean)


def _grid(height: int, width: int) -> tuple[int, int]:
    """Return how many rows and columns of patches a photo has."""
    side = max(max(height, width) / GRID, PATCH_PX)
    return max(round(height / side), 1), max(round(width / side), 1)


def _features(image: RgbImage, rows: int, columns: int) -> NDArray[np.float32]:
    """Return (rows * columns, 8): Lab means, spread of lightness, gradients in four directions.

    Each is in units of its own spread over the photo, so that none outweighs the others.
    """
    small = cv2.resize(image, (columns * PATCH_PX, rows * PATCH_PX), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lightness = lab[..., 0]
    across, down = (cv2.Sobel(lightness, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
    slanted = (np.abs(across + down) / np.sqrt(2), np.abs(across - down) / np.sqrt(2))
    layers = [*cv2.split(lab), lightness**2, np.abs(across), np.abs(down), *slanted]
    means = [cv2.resize(one, (columns, rows), interpolation=cv2.INTER_AREA) for one in layers]
    means[3] = np.sqrt(np.maximum(means[3] - means[0] ** 2, 0))
    features = np.stack([one.ravel() for one in means], axis=1).astype(np.float32)
    spread = features.std(axis=0)
    centred = features - features.mean(axis=0)
    return np.asarray(centred / np.maximum(spread, NO_SPREAD), np.float32)


def _squared_distances(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (M, M) squared distances of every pair of M feature rows."""
    norm = np.square(features).sum(axis=1)
    squared = norm[:, None] + norm[None, :] - 2 * features @ features.T
    return np.asarray(np.maximum(squared, 0), np.float32)
