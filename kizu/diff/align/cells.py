"""Cell averages of a registered pair: what colours and light are fitted to."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.filters import WHOLE, shrink
from kizu.imaging.arrays import Mask, RgbImage

COLOUR_BINS: Final = 16  # levels a channel of coarse colours; 4096 colours for some 20000 cells

_GRID_SIDE = 144  # cells on the short side, about; x0.7 costs .005, x1.4 costs .003 IoU
_MIN_CELL_PX = 2  # px a side; single pixels of a small picture are noise, and four times as many
_CELL_BLUR_PX = 1.5
"""Px of blur before averaging, for what registration leaves; x0.7 gains .012 IoU."""
_SAMPLED = 12  # cells of every coarse colour that are kept; for speed
_SAMPLED_PER = 8  # of the rest of a colour every so manieth; a quarter of a photograph is left


@dataclass(frozen=True, eq=False)
class Cells:
    """Cell averages; (N, 3) colours from 0 to 1, (N, 2) places from -0.5 to 0.5, (N,) validity."""

    shape: tuple[int, int]
    rgb: NDArray[np.float64]
    edited: NDArray[np.float64]
    xy: NDArray[np.float64]
    valid: Mask

    @classmethod
    def of(cls, warped: RgbImage, edited: RgbImage, valid: Mask) -> "Cells":
        """Average (H, W, 3) images over about 144 cells a side; wholly valid ones (H, W) count."""
        factor = max(min(warped.shape[:2]) // _GRID_SIDE, _MIN_CELL_PX)
        rgb, target = (_averages(image, factor) for image in (warped, edited))
        rows, columns = rgb.shape[:2]
        x, y = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
        whole = shrink(valid.astype(np.float32), factor).ravel() > WHOLE
        return cls(
            shape=(rows, columns),
            rgb=rgb.reshape(-1, 3),
            edited=target.reshape(-1, 3),
            xy=np.stack([x, y], axis=-1).reshape(-1, 2) - 0.5,
            valid=whole if whole.any() else np.ones_like(whole),
        )


def _averages(image: RgbImage, factor: int) -> NDArray[np.float64]:
    size = (image.shape[1] // factor, image.shape[0] // factor)
    smooth = cv2.GaussianBlur(image, (0, 0), _CELL_BLUR_PX)
    return np.asarray(cv2.resize(smooth, size, interpolation=cv2.INTER_AREA), np.float64) / 255


def sample(cells: Cells) -> tuple[Cells, NDArray[np.float64]]:
    """Cells that tell as much as all, and for how many (M,) each of them stands.

    Of every colour some dozen are kept and of the rest each eighth, evenly over the picture.
    """
    known = np.flatnonzero(cells.valid)
    bins = coarse_bin(cells.rgb[known])
    order = np.argsort(bins, kind="stable")
    count = np.bincount(bins, minlength=COLOUR_BINS**3)
    kept = np.minimum(count, _SAMPLED + count // _SAMPLED_PER)
    rank = np.arange(len(known)) - np.repeat(np.cumsum(count) - count, count)
    share = np.repeat(kept / np.maximum(count, 1), count)
    taken = order[np.floor((rank + 1) * share) > np.floor(rank * share)]
    at, mine = known[taken], bins[taken]
    some = Cells(
        cells.shape, cells.rgb[at], cells.edited[at], cells.xy[at], np.ones(len(at), np.bool_)
    )
    standing = count / np.maximum(np.bincount(mine, minlength=len(count)), 1)
    return some, np.asarray(standing[mine], np.float64)


def coarse_bin(rgb: NDArray[np.float64]) -> NDArray[np.int64]:
    """Coarse colour (N,) of colours (N, 3) from 0 to 1, 16 levels a channel."""
    level = np.minimum((rgb * COLOUR_BINS).astype(np.int64), COLOUR_BINS - 1)
    return np.asarray((level[:, 0] * COLOUR_BINS + level[:, 1]) * COLOUR_BINS + level[:, 2])
