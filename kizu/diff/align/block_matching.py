"""Coarse registration: where blocks of the edited image lie in the normal, and one affine map."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.align.repetition import reduced_less
from kizu.diff.filters import gaussian, shrink
from kizu.diff.result import Affine
from kizu.imaging.arrays import FloatMap

_COARSE_SIDE_PX = 256  # px a side, about: where blocks are matched; x0.7 to x1.4 no effect
_BLOCK_PX = 32  # reduced px a side of a block; x0.7 to x1.4 no effect
_MIN_BLOCK_PX = 8  # reduced px; smaller blocks match anything; 64 pixels against noise
_STEP_PX = 20  # reduced px between blocks; x1.4 costs .008 IoU
_SEARCH_PX = 14
"""Reduced px of shift that are looked through, 5 % of the side; x0.7 to x1.4 no effect."""
_MIN_BLOCK_STD = 0.15
"""Contrast (1 is usual); flatter blocks match anything; x0.7 to x1.4 no effect."""
_MIN_CORRELATION = 0.45  # of a block with its counterpart; x0.7 to x1.4 no effect
_FAR_COST = 0.1
"""Of correlation, at the end of the search: more than the noise among counterparts that repeat."""
_MIN_MATCHES = 6  # blocks that must agree; a similarity takes two; x0.7 to x1.4 no effect
_INLIER_PX = 1.5  # reduced px off the RANSAC map (Fischler and Bolles 1981); x0.7 to x1.4 no effect
_MAX_SCALE_CHANGE = 0.12  # zoom beyond which the map is a mismatch; x0.7 to x1.4 no effect
_MAX_ROTATION_RAD = 0.12  # rad, 7 degrees, likewise; x0.7 to x1.4 no effect
_RANSAC_ROUNDS = 500  # tries; 99 % sure down to one inlier in ten: 458
_RIDGES = (2e3, 2e3, 1e-3)
"""Per slope (px^2) and offset: few matches keep the similarity; x0.7 to x1.4 no effect."""
_CONTRAST_SIGMA_PX = 6.0
"""Reduced px of the neighbourhood that contrast is taken in; x0.7 costs .008 IoU."""
_FLAT_LEVELS = 2.0  # of 255; detail below, as noise, stays small; x1.4 costs .009 IoU


@dataclass(frozen=True, eq=False)
class BlockMatches:
    """Block centres in both images, (N, 2) float64 xy pixels at full size."""

    edited_xy: NDArray[np.float64]
    normal_xy: NDArray[np.float64]


def local_contrast(grey: FloatMap, sigma_px: float) -> FloatMap:
    """Zero mean and unit deviation in every neighbourhood; flat areas stay near zero.

    Args:
        grey: (H, W) float32, 0 to 255.
        sigma_px: Size of the neighbourhood.
    """
    detail = grey - gaussian(grey, sigma_px)
    return np.asarray(
        detail / (np.sqrt(gaussian(detail * detail, sigma_px)) + _FLAT_LEVELS), np.float32
    )


def coarse_affine(normal: FloatMap, edited: FloatMap, period_px: float = np.inf) -> Affine:
    """Affine map from edited to normal pixels, from block matches at about 256 pixels a side.

    Args:
        normal: (H, W) float32 grey, 0 to 255.
        edited: The same size.
        period_px: Of what repeats itself in them.

    Returns:
        (2, 3) float64; the identity where too few blocks agree.
    """
    factor = reduced_less(max(1, round(min(edited.shape) / _COARSE_SIDE_PX)), period_px)
    small = [
        local_contrast(shrink(image, factor), _CONTRAST_SIGMA_PX) for image in (normal, edited)
    ]
    matches = match_blocks(small[0], small[1], nearest=np.isfinite(period_px))
    affine = robust_affine(matches)
    affine[:, 2] = affine[:, 2] * factor + (affine[:, :2].sum(axis=1) - 1) * (0.5 - 0.5 * factor)
    return affine


def match_blocks(normal: FloatMap, edited: FloatMap, *, nearest: bool = False) -> BlockMatches:
    """Best counterpart of every textured block, to a fraction of a pixel.

    Args:
        normal: (H, W) float32 local contrast.
        edited: The same size.
        nearest: Whether of nearly equal ones the nearest counts: what repeats itself has many.
    """
    height, width = edited.shape
    block = min(_BLOCK_PX, height // 2, width // 2)
    search = min(_SEARCH_PX, (min(height, width) - block) // 2 - 1)
    far_cost, here, there = _far_cost(search) if nearest else np.float32(0), [], []
    if block >= _MIN_BLOCK_PX and search >= 1:
        for top in range(search, height - block - search + 1, _STEP_PX):
            for left in range(search, width - block - search + 1, _STEP_PX):
                offset = _match_block(normal, edited, (left, top), block, search, far_cost)
                if offset is not None:
                    centre = np.array([left, top]) + (block - 1) / 2
                    here.append(centre)
                    there.append(centre + offset)
    return BlockMatches(np.reshape(here, (-1, 2)), np.reshape(there, (-1, 2)))


def _match_block(
    normal: FloatMap,
    edited: FloatMap,
    corner: tuple[int, int],
    block: int,
    search: int,
    far_cost: FloatMap | np.float32,
) -> NDArray[np.float64] | None:
    left, top = corner
    template = edited[top : top + block, left : left + block]
    _, deviation = cv2.meanStdDev(template)
    if deviation.item() < _MIN_BLOCK_STD:
        return None
    window = normal[top - search : top + block + search, left - search : left + block + search]
    scores = cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED)
    _, _, _, (x, y) = cv2.minMaxLoc(scores - far_cost)
    best = scores[y, x]
    if best < _MIN_CORRELATION or not (0 < x < 2 * search and 0 < y < 2 * search):
        return None
    dx = _parabola_peak(scores[y, x - 1], scores[y, x], scores[y, x + 1])
    dy = _parabola_peak(scores[y - 1, x], scores[y, x], scores[y + 1, x])
    return np.array([x + dx - search, y + dy - search], np.float64)


def _far_cost(search: int) -> FloatMap:
    """What a counterpart loses by its distance, (2 search + 1, 2 search + 1)."""
    x, y = np.meshgrid(*[np.arange(-search, search + 1)] * 2)
    return np.asarray(_FAR_COST * np.hypot(x, y) / search, np.float32)


def _parabola_peak(before: float, peak: float, after: float) -> float:
    curvature = before + after - 2 * peak
    return 0.0 if curvature > -1e-6 else float(0.5 * (before - after) / curvature)


def robust_affine(matches: BlockMatches) -> Affine:
    """Similarity by RANSAC, then an affine map through its inliers; identity if too few agree."""
    identity = np.eye(2, 3)
    here, there = matches.edited_xy, matches.normal_xy
    if len(here) < _MIN_MATCHES:
        return identity
    similarity, inliers = cv2.estimateAffinePartial2D(
        here, there, method=cv2.RANSAC, ransacReprojThreshold=_INLIER_PX, maxIters=_RANSAC_ROUNDS
    )
    agree = np.asarray(inliers).ravel() > 0
    prior = identity if similarity is None else np.asarray(similarity, np.float64)
    if not _is_small(prior) or np.count_nonzero(agree) < _MIN_MATCHES:
        return identity
    return _ridge_affine(here[agree], there[agree], prior)


def _is_small(affine: Affine) -> bool:
    scale = float(np.hypot(affine[0, 0], affine[1, 0]))
    rotation = float(np.arctan2(affine[1, 0], affine[0, 0]))
    return abs(scale - 1) < _MAX_SCALE_CHANGE and abs(rotation) < _MAX_ROTATION_RAD


def _ridge_affine(here: NDArray[np.float64], there: NDArray[np.float64], prior: Affine) -> Affine:
    """Least squares around a prior map; few or collinear points leave the prior as it is."""
    centre = here.mean(axis=0)
    design = np.column_stack([here - centre, np.ones(len(here))])
    residual = there - (here @ prior[:, :2].T + prior[:, 2])
    ridge = np.diag(_RIDGES)
    step = np.linalg.solve(design.T @ design + ridge, design.T @ residual)
    affine = prior.copy()
    affine[:, :2] += step[:2].T
    affine[:, 2] += step[2] - step[:2].T @ centre
    return affine
