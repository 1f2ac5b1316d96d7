"""Fields over the plane of a part, from which its surface is made."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]
"""(H, W), or (H, W, 3) for linear colours. Of double precision, so that last digits in which
processors differ do not reach a grey level."""

_NOISE_CELLS: Final = 256  # after as many the noise repeats: about three parts' width of the finest


@dataclass(frozen=True, eq=False)
class Plane:
    """Where each pixel of a photograph lies in a part's own plane.

    Attributes:
        x: (H, W), to the right; 1 is half of the photograph's height.
        y: (H, W), downwards.
    """

    x: Field
    y: Field

    @property
    def radius(self) -> Field:
        """(H, W) distance from the part's middle."""
        return np.hypot(self.x, self.y)

    @property
    def angle(self) -> Field:
        """(H, W) direction from the part's middle, in turns of [0, 1)."""
        return np.asarray(np.arctan2(self.y, self.x) / (2 * np.pi) % 1.0)


def step(value: Field, edge: float, width: float) -> Field:
    """Return 0 below an edge and 1 above, rising smoothly over a width around it."""
    t = np.clip((value - edge) / width + 0.5, 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))


def ramp(value: Field, start: float, end: float) -> Field:
    """Return 0 before a start and 1 after an end, with the sharp edges of a chamfer."""
    return np.asarray(np.clip((value - start) / (end - start), 0.0, 1.0))


def mixed(first: Field | float, second: Field | float, share: Field) -> Field:
    """Return the first where the share is 0 and the second where it is 1."""
    return np.asarray(first + (second - first) * share)


def noise(u: Field, v: Field, seed: int, period: int = _NOISE_CELLS) -> Field:
    """Return smooth noise of about unit deviation, with cells of size 1.

    Args:
        u: (H, W), along which it repeats after a period.
        v: (H, W).
        seed: Of the noise.
        period: Cells along u.
    """
    rng = np.random.default_rng(seed)
    cells = rng.standard_normal((_NOISE_CELLS, period))
    around = np.pad(cells, 2, mode="wrap")  # cubic interpolation reaches two cells
    columns = (u % period + 2).astype(np.float32)
    rows = (v % _NOISE_CELLS + 2).astype(np.float32)
    return np.asarray(
        cv2.remap(around, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
        np.float64,
    )


def blurred(field: Field, sigma_px: float) -> Field:
    """Return a field or colours under a Gaussian."""
    return np.asarray(
        cv2.GaussianBlur(field, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE), np.float64
    )


def widely_blurred(field: Field, sigma_px: float) -> Field:
    """Return a field under a Gaussian of several pixels, computed on every fourth one."""
    size = (field.shape[1], field.shape[0])
    small = cv2.resize(field, (size[0] // 4, size[1] // 4), interpolation=cv2.INTER_AREA)
    wide = blurred(np.asarray(small, np.float64), sigma_px / 4)
    return np.asarray(cv2.resize(wide, size, interpolation=cv2.INTER_LINEAR), np.float64)
