"""The descent of the displacement field: windowed least squares, coarse to fine.

On image gradients (Lucas and Kanade 1981) with robust weights: every pixel votes for the
displacement of its neighbourhood, and pixels whose content changed lose their vote. The window
never gets smaller than the schedule says, so the field follows a drifting picture but not a part
that was moved, removed or painted over.
"""

from typing import TypeAlias

import cv2
import numpy as np

from kizu.diff.align.block_matching import local_contrast
from kizu.diff.align.repetition import reduced_less
from kizu.diff.filters import WHOLE, gaussian, shrink
from kizu.imaging.arrays import FloatMap, Mask

CELL_PX = 8  # px a side of a cell of the field; far below any window; for speed
_CONTRAST_SIGMA_PX = 12.0
"""Px, half the neighbourhood of contrast; x0.7 gains .022, x1.4 costs .012 IoU."""
_BORDER_RAMP_PX = 40.0
"""Px in which a border pixel's vote grows to a whole one; x1.4 costs .007 IoU."""
_LEAST_AT_BORDER = 0.02  # vote at the very border; x0.7 to x1.4 no effect
_Step: TypeAlias = tuple[int, float, float]
"""Reduction, window sigma in full-size pixels, largest step in full-size pixels."""
_SCHEDULE: tuple[_Step, ...] = (
    *((4, 72.0, 6.0), (4, 56.0, 4.0), (4, 40.0, 3.0)),
    *((2, 32.0, 2.0), (1, 18.0, 1.0)),
)
"""Reduction, window sigma and largest step in px; x0.7 gains .019 IoU, x1.4 -1 wrong."""
_SCHEDULE_SIDE_PX = 1024.0
"""Short side that the reductions are meant for; a small picture has no detail to spare."""
_ONCE_MORE: tuple[_Step, ...] = ((2, 20.0, 1.0), (1, 18.0, 1.0))
"""The same, for what has not settled; x0.7 costs .003 -1 wrong, x1.4 gains .013 IoU."""
_SETTLED_PX = 0.15  # px of the last correction; more asks once more; x1.4 gains .018 IoU
_RIDGE = 0.05  # of the mean curvature, for windows without texture; x0.7 costs .007 IoU
_AFFINE_RIDGE = 1e-4  # of the mean curvature: what no cell tells stays as it is
_MIN_TRUST = 0.003
"""Added to the votes' total: a window of lost cells does not move; x0.7 to x1.4 no effect."""
_TEXTURED_CONTRAST = 0.35
"""Local contrast (1 is usual) of a cell that can match; x0.7 to x1.4 no effect."""
_TRUST_SIGMA = 1.5  # cells over which correlation is taken; x0.7 gains .015, x1.4 costs .015 IoU
_MIN_CORRELATION = 0.05  # squared, the least say of a cell; x0.7 to x1.4 no effect
_MAD_TO_DEVIATION = 1.5
"""Deviation behind a median absolute error; 1.4826 for a normal one, rounded."""
_MIN_SPREAD = 0.05  # contrast; least deviation; x1.4 costs .006 IoU
_CAUCHY_DEVIATIONS = 2.0
"""Where a vote counts half; 2.4 is usual; x0.7 gains .019, x1.4 gains .014 IoU -1 wrong."""


def refine_field(
    normal: FloatMap, edited: FloatMap, field: FloatMap, period_px: float = np.inf
) -> tuple[FloatMap, float, FloatMap]:
    """Correct a field by the schedule, and by its end once more where the data still ask for much.

    Args:
        normal: (H, W) float32 grey, 0 to 255.
        edited: The same size.
        field: (h, w, 2) float32 displacement xy in pixels, of cells of 8 pixels.
        period_px: Of what repeats itself in them.

    Returns:
        The field, the RMS of the last correction in pixels, and the agreement (h, w): correlation
        of every cell with its counterpart, NaN without texture.
    """
    pair = normal, edited
    field, residual_px, agreement = _descend(pair, field, _SCHEDULE, period_px)
    if residual_px > _SETTLED_PX:
        return _descend(pair, field, _ONCE_MORE, period_px)
    return field, residual_px, agreement


def _descend(
    pair: tuple[FloatMap, FloatMap],
    field: FloatMap,
    schedule: tuple[_Step, ...],
    period_px: float,
) -> tuple[FloatMap, float, FloatMap]:
    """Correct a field step by step; answers as `refine_field`."""
    residual_px, agreement = 0.0, np.full(field.shape[:2], np.nan, np.float32)
    level, contrasts, shape = 0, pair, pair[1].shape
    size = min(min(shape) / _SCHEDULE_SIDE_PX, 1.0)
    for reduction, window_px, limit_px in schedule:
        factor = reduced_less(max(round(reduction * size), 1), period_px)
        if factor != level:
            level, contrasts = factor, _contrast_pair(pair[0], pair[1], factor)
        step, trust, agreement = _step(contrasts, field, shape, window_px, limit_px)
        field = field + step
        weight = trust / max(float(trust.sum()), 1e-6)
        residual_px = float(np.sqrt((weight * (step**2).sum(axis=-1)).sum()))
    return field, residual_px, agreement


def _contrast_pair(normal: FloatMap, edited: FloatMap, factor: int) -> tuple[FloatMap, FloatMap]:
    sigma = 2 * _CONTRAST_SIGMA_PX / factor
    small = [local_contrast(shrink(image, factor), sigma) for image in (normal, edited)]
    return small[0], small[1]


def _step(
    contrasts: tuple[FloatMap, FloatMap],
    field: FloatMap,
    shape: tuple[int, ...],
    window_px: float,
    limit_px: float,
) -> tuple[FloatMap, FloatMap, FloatMap]:
    """One robust least-squares correction of the field.

    Returns:
        The correction (h, w, 2) in full-size pixels, the trust (h, w) behind it, the agreement.
    """
    normal, edited = contrasts
    scale = np.float32(edited.shape[1] / shape[1])
    warped, inside = _warp_level(normal, field, shape)
    rows, columns = field.shape[:2]
    trust, agreement = _trust(warped, edited, inside, (rows, columns))
    curvature, pull = _votes(warped, edited, inside, (rows, columns), float(scale))
    window = window_px / CELL_PX
    curvature, pull = curvature * trust[..., None], pull * trust[..., None]
    common = _affine_step(curvature, pull)
    pull = pull - _applied(curvature, common)
    reach = gaussian(trust, window)[..., None] + np.float32(_MIN_TRUST)
    sums = [gaussian(products, window) / reach for products in (curvature, pull)]
    step = (_solve(sums[0], sums[1]) + common) / scale
    length = np.sqrt((step**2).sum(axis=-1, keepdims=True))
    step *= np.minimum(1, limit_px / np.maximum(length, 1e-6))
    return np.asarray(step, np.float32), trust, agreement


def _votes(
    warped: FloatMap, edited: FloatMap, inside: FloatMap, grid: tuple[int, int], scale: float
) -> tuple[FloatMap, FloatMap]:
    """Normal equations of every cell, robustly weighted.

    Args:
        warped: (H, W) float32, contrast of the normal where the field puts it.
        edited: (H, W) float32, contrast of the edit.
        inside: (H, W) float32, one where the normal has a counterpart.
        grid: Rows and columns of cells.
        scale: Pixels here per full-size pixel.

    Returns:
        The curvature (h, w, 3) as xx, xy, yy, and the pull (h, w, 2) of the error.
    """
    mean = 0.5 * (warped + edited)
    gx = cv2.Sobel(mean, cv2.CV_32F, 1, 0, scale=1 / 8)
    gy = cv2.Sobel(mean, cv2.CV_32F, 0, 1, scale=1 / 8)
    error = edited - warped
    spread = _MAD_TO_DEVIATION * float(np.median(np.abs(error[::3, ::3]))) + _MIN_SPREAD
    weight = inside * _border_ramp(error.shape, _BORDER_RAMP_PX * scale)
    unlike = error * np.float32(1 / (_CAUCHY_DEVIATIONS * spread))
    unlike *= unlike
    unlike += 1
    weight /= unlike
    votes_x, votes_y = weight * gx, weight * gy
    curvature = _to_cells([votes_x * gx, votes_x * gy, votes_y * gy], grid)
    return curvature, _to_cells([votes_x * error, votes_y * error], grid)


def _border_ramp(shape: tuple[int, ...], reach: float) -> FloatMap:
    """Weight (H, W) that falls towards the border, where local contrast knows one side only."""
    ramps = []
    for side in shape:
        place = np.arange(side, dtype=np.float32) + 0.5
        ramps.append(np.clip(np.minimum(place, side - place) / reach, _LEAST_AT_BORDER, 1))
    return np.asarray(np.minimum(ramps[0][:, None], ramps[1]), np.float32)


def _warp_level(
    normal: FloatMap, field: FloatMap, shape: tuple[int, ...]
) -> tuple[FloatMap, FloatMap]:
    map_x, map_y = pixel_maps(field, shape, normal.shape)
    warped = cv2.remap(normal, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(warped, np.float32), within(map_x, map_y, 0.0).astype(np.float32)


def _trust(
    warped: FloatMap, edited: FloatMap, inside: FloatMap, grid: tuple[int, int]
) -> tuple[FloatMap, FloatMap]:
    """Squared local correlation per cell, and the correlation where there is texture (or NaN)."""
    products = [warped * edited, warped * warped, edited * edited, inside]
    cells = gaussian(_to_cells(products, grid), _TRUST_SIGMA)
    correlation = cells[..., 0] / np.sqrt(cells[..., 1] * cells[..., 2] + 1e-3)
    trust = np.clip(correlation, _MIN_CORRELATION, 1) ** 2 * (cells[..., 3] > WHOLE)
    contrast = np.maximum(cells[..., 1], cells[..., 2])
    textured = (contrast > _TEXTURED_CONTRAST**2) & (cells[..., 3] > WHOLE)
    agreement = np.where(textured, correlation, np.nan)
    return np.asarray(trust, np.float32), np.asarray(agreement, np.float32)


def _to_cells(images: list[FloatMap], grid: tuple[int, int]) -> FloatMap:
    """Cell averages of several images, (h, w, N)."""
    size = (grid[1], grid[0])
    small = [cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in images]
    return np.stack(small, axis=-1).astype(np.float32)


def _affine_step(curvature: FloatMap, pull: FloatMap) -> FloatMap:
    """The affine correction (h, w, 2) that all cells together ask for.

    A window sees too little at the border to follow a zoom into the corners; all cells do.
    """
    rows, columns = pull.shape[:2]
    y, x = (np.arange(side) / max(side - 1, 1) - 0.5 for side in (rows, columns))
    basis = np.stack(np.broadcast_arrays(np.ones(1), x, y[:, None]), axis=-1).reshape(-1, 3)
    xx, xy, yy = np.moveaxis(curvature.astype(np.float64), -1, 0)
    blocks = [(basis * part.reshape(-1, 1)).T @ basis for part in (xx, xy, yy)]
    matrix = np.block([[blocks[0], blocks[1]], [blocks[1], blocks[2]]])
    matrix += (_AFFINE_RIDGE * np.trace(matrix) + 1e-6) * np.eye(6)
    solution = np.linalg.solve(matrix, (pull.reshape(-1, 2).astype(np.float64).T @ basis).ravel())
    return np.asarray(basis @ solution.reshape(2, 3).T, np.float32).reshape(pull.shape)


def _applied(curvature: FloatMap, step: FloatMap) -> FloatMap:
    """The pull (h, w, 2) that a correction (h, w, 2) answers."""
    xx, xy, yy = np.moveaxis(curvature, -1, 0)
    along_x, along_y = step[..., 0], step[..., 1]
    return np.stack([xx * along_x + xy * along_y, xy * along_x + yy * along_y], axis=-1)


def _solve(curvature: FloatMap, pull: FloatMap) -> FloatMap:
    """Closed-form 2x2 solution per cell, with a ridge where there is little texture."""
    xx, xy, yy = np.moveaxis(curvature, -1, 0)
    xe, ye = np.moveaxis(pull, -1, 0)
    ridge = np.float32(_RIDGE * float(np.mean(xx + yy)) + 1e-6)
    xx, yy = xx + ridge, yy + ridge
    determinant = xx * yy - xy * xy
    moves = np.stack([yy * xe - xy * ye, xx * ye - xy * xe], axis=-1)
    return np.asarray(moves / determinant[..., None], np.float32)


def pixel_maps(
    field: FloatMap, shape: tuple[int, ...], level: tuple[int, ...] | None = None
) -> tuple[FloatMap, FloatMap]:
    """Sampling maps (H, W) at full size or at a reduced level."""
    height, width = (level or shape)[:2]
    dense = np.asarray(
        cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
    ).reshape(height, width, 2)
    map_x = dense[..., 0] * np.float32(width / shape[1]) + np.arange(width, dtype=np.float32)
    map_y = dense[..., 1] * np.float32(height / shape[0])
    map_y += np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(map_x, np.float32), np.asarray(map_y, np.float32)


def within(map_x: FloatMap, map_y: FloatMap, margin_px: float) -> Mask:
    """Whether sampling maps (H, W) stay inside the picture by a margin; (H, W) bool."""
    height, width = map_x.shape
    return np.asarray(
        (map_x >= margin_px)
        & (map_y >= margin_px)
        & (map_x <= width - 1 - margin_px)
        & (map_y <= height - 1 - margin_px)
    )
