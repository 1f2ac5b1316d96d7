"""Fine registration: a smooth displacement field, coarse to fine, that an edit cannot bend.

Windowed least squares on image gradients (Lucas and Kanade 1981) with robust weights: every pixel
votes for the displacement of its neighbourhood, and pixels whose content changed lose their vote.
The window never gets smaller than `_SCHEDULE` says, so the field follows a drifting picture but not
a part that was moved, removed or painted over.
"""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from kizu.arrays import FloatMap, Mask, RgbImage
from kizu.diff.filters import cells_outside, gaussian, shrink
from kizu.diff.matching import coarse_affine, local_contrast
from kizu.diff.result import Affine

_CELL_PX = 8
_CONTRAST_SIGMA_PX = 12.0
_BORDER_RAMP_PX = 40.0
_LEAST_AT_BORDER = 0.02
_Step: TypeAlias = tuple[int, float, float]
"""Reduction, window sigma in full-size pixels, largest step in full-size pixels."""
_SCHEDULE: tuple[_Step, ...] = (
    *((4, 72.0, 6.0), (4, 56.0, 4.0), (4, 40.0, 3.0)),
    *((2, 32.0, 2.0), (1, 18.0, 1.0)),
)
_ONCE_MORE: tuple[_Step, ...] = ((2, 20.0, 1.0), (1, 18.0, 1.0))
_SETTLED_PX = 0.15
_RIDGE = 0.05
_MIN_TRUST = 0.003
_BORDER_PX = 2
_MATCHED_CORRELATION = 0.5
_TEXTURED_CONTRAST = 0.35


@dataclass(frozen=True, eq=False)
class Registration:
    """Where every edited pixel lies in the normal image.

    Attributes:
        map_x: (H, W) float32, x in normal pixels.
        map_y: (H, W) float32, y in normal pixels.
        valid: (H, W) bool, false where the normal has no counterpart.
        affine: (2, 3) float64, the affine part.
        residual_px: RMS of the last correction the data still asked for.
        agreement: (h, w) float32, correlation of every cell with its counterpart; NaN without
            texture.
        warp_rms_px: RMS of the displacement that the affine part leaves.
    """

    map_x: FloatMap
    map_y: FloatMap
    valid: Mask
    affine: Affine
    residual_px: float
    agreement: FloatMap
    warp_rms_px: float

    def match_rate(self, changed: Mask) -> float:
        """Share of textured cells outside the change that correlate with their counterpart.

        Where little texture is left outside, the change counts too.

        Args:
            changed: (H, W) bool.
        """
        outside = cells_outside(changed, ~np.isnan(self.agreement))
        judged = self.agreement[outside]
        return float((judged > _MATCHED_CORRELATION).mean()) if judged.size else 1.0


def register(normal: RgbImage, edited: RgbImage) -> Registration:
    """Register the normal to the edited image.

    Args:
        normal: (H, W, 3) uint8 RGB.
        edited: The same shape.
    """
    pair = [
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) for image in (normal, edited)
    ]
    affine = coarse_affine(pair[0], pair[1])
    cells = _cell_grid(pair[1].shape)
    field = affine_displacement(affine, cells)
    field, residual_px, agreement = _refine(pair[0], pair[1], field)
    fitted = _fit_affine(cells, field)
    warp = field - affine_displacement(fitted, cells)
    map_x, map_y = _pixel_maps(field, pair[1].shape)
    return Registration(
        map_x=map_x,
        map_y=map_y,
        valid=_inside(map_x, map_y),
        affine=fitted,
        residual_px=residual_px,
        agreement=agreement,
        warp_rms_px=float(np.sqrt((warp**2).sum(axis=-1).mean())),
    )


def unmoved(shape: tuple[int, ...]) -> Registration:
    """The registration of an image that was edited in place."""
    map_x, map_y = _pixel_maps(np.zeros((1, 1, 2), np.float32), shape)
    everywhere = np.ones(shape[:2], np.bool_)
    flat = np.full((1, 1), np.nan, np.float32)
    return Registration(map_x, map_y, everywhere, np.eye(2, 3), 0.0, flat, 0.0)


def warp_normal(normal: RgbImage, registration: Registration) -> RgbImage:
    """The normal as it would look in the edited image's frame; (H, W, 3) uint8."""
    warped = cv2.remap(
        normal,
        registration.map_x,
        registration.map_y,
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(warped, np.uint8)


def affine_displacement(affine: Affine, cells: FloatMap) -> FloatMap:
    """Displacement (h, w, 2) of an affine map at positions (h, w, 2), both xy in pixels."""
    moved = cells.astype(np.float64) @ affine[:, :2].T + affine[:, 2]
    return np.asarray(moved - cells, np.float32)


def _cell_grid(shape: tuple[int, ...]) -> FloatMap:
    """Full-size xy of the cell centres, (h, w, 2)."""
    rows, columns = (max(side // _CELL_PX, 1) for side in shape[:2])
    y = (np.arange(rows) + 0.5) * (shape[0] / rows) - 0.5
    x = (np.arange(columns) + 0.5) * (shape[1] / columns) - 0.5
    return np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)


def _refine(
    normal: FloatMap, edited: FloatMap, field: FloatMap
) -> tuple[FloatMap, float, FloatMap]:
    """The schedule, and its end once more where the data still ask for much."""
    field, residual_px, agreement = _descend(normal, edited, field, _SCHEDULE)
    if residual_px > _SETTLED_PX:
        return _descend(normal, edited, field, _ONCE_MORE)
    return field, residual_px, agreement


def _descend(
    normal: FloatMap, edited: FloatMap, field: FloatMap, schedule: tuple[_Step, ...]
) -> tuple[FloatMap, float, FloatMap]:
    """Correct a field step by step.

    Returns:
        The field, the RMS of the last correction in pixels, the agreement of every cell.
    """
    residual_px, agreement = 0.0, np.full(field.shape[:2], np.nan, np.float32)
    level, contrasts = 0, (normal, edited)
    for factor, window_px, limit_px in schedule:
        if factor != level:
            level, contrasts = factor, _contrast_pair(normal, edited, factor)
        step, trust, agreement = _step(contrasts, field, edited.shape, window_px, limit_px)
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
    mean = 0.5 * (warped + edited)
    gx = cv2.Sobel(mean, cv2.CV_32F, 1, 0, scale=1 / 8)
    gy = cv2.Sobel(mean, cv2.CV_32F, 0, 1, scale=1 / 8)
    error = edited - warped
    spread = 1.5 * float(np.median(np.abs(error[::3, ::3]))) + 0.05
    weight = inside * _border_ramp(error.shape, _BORDER_RAMP_PX * float(scale))
    weight /= 1 + (error / (2 * spread)) ** 2
    votes_x, votes_y = weight * gx, weight * gy
    curvature = _to_cells([votes_x * gx, votes_x * gy, votes_y * gy], (rows, columns))
    pull = _to_cells([votes_x * error, votes_y * error], (rows, columns))
    window = window_px / _CELL_PX
    reach = gaussian(trust, window)[..., None] + np.float32(_MIN_TRUST)
    sums = [
        gaussian(np.asarray(products * trust[..., None], np.float32), window) / reach
        for products in (curvature, pull)
    ]
    step = _solve(sums[0], sums[1]) / scale
    length = np.sqrt((step**2).sum(axis=-1, keepdims=True))
    step *= np.minimum(1, limit_px / np.maximum(length, 1e-6))
    return np.asarray(step, np.float32), trust, agreement


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
    map_x, map_y = _pixel_maps(field, shape, normal.shape)
    warped = cv2.remap(normal, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(warped, np.float32), _within(map_x, map_y, 0.0).astype(np.float32)


def _trust(
    warped: FloatMap, edited: FloatMap, inside: FloatMap, grid: tuple[int, int]
) -> tuple[FloatMap, FloatMap]:
    """Squared local correlation per cell, and the correlation where there is texture (or NaN)."""
    products = [warped * edited, warped * warped, edited * edited, inside]
    cells = gaussian(_to_cells(products, grid), 1.5)
    correlation = cells[..., 0] / np.sqrt(cells[..., 1] * cells[..., 2] + 1e-3)
    trust = np.clip(correlation, 0.05, 1) ** 2 * (cells[..., 3] > 0.99)  # noqa: PLR2004 - whole cells
    contrast = np.maximum(cells[..., 1], cells[..., 2])
    textured = (contrast > _TEXTURED_CONTRAST**2) & (cells[..., 3] > 0.99)  # noqa: PLR2004
    agreement = np.where(textured, correlation, np.nan)
    return np.asarray(trust, np.float32), np.asarray(agreement, np.float32)


def _to_cells(images: list[FloatMap], grid: tuple[int, int]) -> FloatMap:
    """Cell averages of several images, (h, w, N)."""
    size = (grid[1], grid[0])
    small = [cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in images]
    return np.stack(small, axis=-1).astype(np.float32)


def _solve(curvature: FloatMap, pull: FloatMap) -> FloatMap:
    """Closed-form 2x2 solution per cell, with a ridge where there is little texture."""
    xx, xy, yy = np.moveaxis(curvature, -1, 0)
    xe, ye = np.moveaxis(pull, -1, 0)
    ridge = np.float32(_RIDGE * float(np.mean(xx + yy)) + 1e-6)
    xx, yy = xx + ridge, yy + ridge
    determinant = xx * yy - xy * xy
    moves = np.stack([yy * xe - xy * ye, xx * ye - xy * xe], axis=-1)
    return np.asarray(moves / determinant[..., None], np.float32)


def _pixel_maps(
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


def _within(map_x: FloatMap, map_y: FloatMap, margin_px: float) -> Mask:
    height, width = map_x.shape
    return np.asarray(
        (map_x >= margin_px)
        & (map_y >= margin_px)
        & (map_x <= width - 1 - margin_px)
        & (map_y <= height - 1 - margin_px)
    )


def _inside(map_x: FloatMap, map_y: FloatMap) -> Mask:
    return _within(map_x, map_y, _BORDER_PX)


def _fit_affine(cells: FloatMap, field: FloatMap) -> Affine:
    """Least-squares affine map through the field."""
    here = cells.reshape(-1, 2).astype(np.float64)
    if len(here) < 4:  # noqa: PLR2004 - an affine map needs three points and one to spare
        affine = np.eye(2, 3)
        affine[:, 2] = field.reshape(-1, 2).mean(axis=0)
        return affine
    centre = here.mean(axis=0)
    design = np.column_stack([here - centre, np.ones(len(here))])
    slope, *_ = np.linalg.lstsq(design, field.reshape(-1, 2).astype(np.float64), rcond=None)
    affine = np.eye(2, 3)
    affine[:, :2] += slope[:2].T
    affine[:, 2] = slope[2] - slope[:2].T @ centre
    return affine
