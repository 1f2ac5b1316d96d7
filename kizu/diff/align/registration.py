"""Registration: one affine map from block matches, then a smooth field that an edit cannot bend."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from kizu.diff.align.block_matching import coarse_affine
from kizu.diff.align.optical_flow import CELL_PX, pixel_maps, refine_field, within
from kizu.diff.align.repetition import period_of
from kizu.diff.filters import cell_averages, cells_outside
from kizu.diff.result import Affine
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.borders import mirrored_border

MIN_SIDE_PX: Final = 32  # px; shortest side that can be registered; four cells of the field

_BORDER_PX = 2  # px; reach of the cubic kernel (Keys 1981)
_MATCHED_CORRELATION = 0.5
"""Of a cell with its counterpart, to count as matched; x0.7 to x1.4 no effect."""
_UNSEEN_DELTA_E = 1.0  # delta E; less than the least visible difference, 2.3 (Mahy et al. 1994)


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

    @property
    def matched(self) -> Mask:
        """Textured cells (h, w) whose detail correlates with their counterpart's."""
        return np.asarray(self.agreement > _MATCHED_CORRELATION)

    def match_rate(self, changed: Mask, residual: FloatMap) -> float:
        """Share of textured cells outside the change that match their counterpart.

        A cell matches if its detail correlates, or if nothing is left that anybody would see: the
        slope of another light, or steps between grey levels, are texture that means nothing. Where
        little texture is left outside, the change counts too.

        Args:
            changed: (H, W) bool.
            residual: (h, w) float32 delta E that correction left, of any size.
        """
        textured = ~np.isnan(self.agreement)
        outside = cells_outside(changed, textured)
        left = cell_averages(residual, self.agreement.shape)[outside]
        judged = self.matched[outside] | (left < _UNSEEN_DELTA_E)
        return float(judged.mean()) if judged.size else 1.0


def register(normal: RgbImage, edited: RgbImage) -> Registration:
    """Register the normal to the edited image.

    Args:
        normal: (H, W, 3) uint8 RGB.
        edited: The same shape.
    """
    pair = [
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) for image in (normal, edited)
    ]
    period_px = period_of(pair[0])
    affine = coarse_affine(pair[0], pair[1], period_px)
    cells = _cell_grid(pair[1].shape)
    field = affine_displacement(affine, cells)
    field, residual_px, agreement = refine_field(pair[0], pair[1], field, period_px)
    fitted = _fit_affine(cells, field)
    warp = field - affine_displacement(fitted, cells)
    map_x, map_y = pixel_maps(field, pair[1].shape)
    return Registration(
        map_x=map_x,
        map_y=map_y,
        valid=within(map_x, map_y, _BORDER_PX),
        affine=fitted,
        residual_px=residual_px,
        agreement=agreement,
        warp_rms_px=float(np.sqrt((warp**2).sum(axis=-1).mean())),
    )


def unmoved(shape: tuple[int, ...]) -> Registration:
    """The registration of an image that was edited in place."""
    map_x, map_y = pixel_maps(np.zeros((1, 1, 2), np.float32), shape)
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
        borderMode=mirrored_border(normal),
    )
    return np.asarray(warped, np.uint8)


def affine_displacement(affine: Affine, cells: FloatMap) -> FloatMap:
    """Displacement (h, w, 2) of an affine map at positions (h, w, 2), both xy in pixels."""
    moved = cells.astype(np.float64) @ affine[:, :2].T + affine[:, 2]
    return np.asarray(moved - cells, np.float32)


def _cell_grid(shape: tuple[int, ...]) -> FloatMap:
    """Full-size xy of the cell centres, (h, w, 2)."""
    rows, columns = (max(side // CELL_PX, 1) for side in shape[:2])
    y = (np.arange(rows) + 0.5) * (shape[0] / rows) - 0.5
    x = (np.arange(columns) + 0.5) * (shape[1] / columns) - 0.5
    return np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)


def _fit_affine(cells: FloatMap, field: FloatMap) -> Affine:
    """Least-squares affine map through the field."""
    here = cells.reshape(-1, 2).astype(np.float64)
    if len(here) < 4:  # an affine map needs three points and one to spare
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
