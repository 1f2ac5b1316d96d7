"""A pair at full size, part by part, by the geometry and colours found at the working size."""

from dataclasses import dataclass

import cv2
import numpy as np

from kizu.diff.align.tone import Correction
from kizu.diff.comparison import Comparison
from kizu.diff.filters import WHOLE, to_lab
from kizu.diff.full_size.tiles import enlarge_part
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.borders import mirrored_border
from kizu.imaging.slices import Slices

_KERNEL_PX = 4  # px; reach of the cubic kernel, and what rounding adds


@dataclass(frozen=True, eq=False)
class FullSizePair:
    """Two large pictures and how the second came from the first.

    Attributes:
        normal: (H, W, 3) uint8 RGB.
        edited: The same shape.
        displacement: (h, w, 2) float32 from edited to normal in full-size pixels, xy; none where
            nothing moved.
        correction: Of the colours; none where there is nothing to correct.
        comparable: (h, w) float32, one where the normal has a counterpart away from the frame; what
            the working size marked in the frame stays as it is.
    """

    normal: RgbImage
    edited: RgbImage
    displacement: FloatMap | None
    correction: Correction | None
    comparable: FloatMap

    @classmethod
    def of(cls, normal: RgbImage, edited: RgbImage, coarse: Comparison) -> "FullSizePair":
        """Bring what a comparison at the working size found to full size."""
        aligned = coarse.aligned
        comparable = aligned.inner.astype(np.float32)
        if aligned.came_back.in_place:
            return cls(normal, edited, None, None, comparable)
        height, width = comparable.shape
        shift_x = aligned.registration.map_x - np.arange(width, dtype=np.float32)
        shift_y = aligned.registration.map_y - np.arange(height, dtype=np.float32)[:, None]
        shift_x *= np.float32(normal.shape[1] / width)
        shift_y *= np.float32(normal.shape[0] / height)
        displacement = np.dstack([shift_x, shift_y]).astype(np.float32)
        return cls(normal, edited, displacement, aligned.tone.correction, comparable)

    def part(self, slices: Slices) -> tuple[FloatMap, FloatMap]:
        """A part of the normal as the edit should show it, and of the edit; (H, W, 3) Lab."""
        shape = self.edited.shape
        warped = self._warped(slices)
        if self.correction is None:
            predicted = to_lab(warped)
        else:
            predicted = self.correction.predict(
                warped, lambda grid: enlarge_part(grid, shape, slices)
            )
        return predicted, to_lab(self.edited[slices])

    def valid(self, slices: Slices) -> Mask:
        """(H, W) bool, where a part may be compared."""
        return np.asarray(enlarge_part(self.comparable, self.edited.shape, slices) > WHOLE)

    def _warped(self, slices: Slices) -> RgbImage:
        if self.displacement is None:
            return self.normal[slices]
        rows, columns = slices
        shift = enlarge_part(self.displacement, self.edited.shape, slices)
        x = shift[..., 0] + np.arange(columns.start, columns.stop, dtype=np.float32)
        y = shift[..., 1] + np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
        height, width = self.normal.shape[:2]
        left = int(np.clip(np.floor(x.min()) - _KERNEL_PX, 0, width - 1))
        top = int(np.clip(np.floor(y.min()) - _KERNEL_PX, 0, height - 1))
        right, bottom = (max(int(np.ceil(m.max())) + _KERNEL_PX, 0) + 1 for m in (x, y))
        source = self.normal[top:bottom, left:right]
        x, y = x - np.float32(left), y - np.float32(top)
        mode = mirrored_border(source)
        return np.asarray(cv2.remap(source, x, y, cv2.INTER_CUBIC, borderMode=mode), np.uint8)
