"""What the diff saw of one picture, and what it says of any part of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from kizu.diff import Status
from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.crops import MaskCrop

SHARP_THRESHOLDS: Final = 2.0
"""A pixel is sharp at twice the pair's threshold: of all single numbers that were tried on pairs
with a known truth, the sharp fraction told good masks from bad ones best."""


@dataclass(frozen=True, eq=False)
class Change:
    """What changed from the normal image to the edited one, on the edited picture's grid.

    Attributes:
        status: What happened to the picture as a whole.
        mask: (H, W) bool, what changed.
        anomaly_map: (H, W) float32, evidence of change in noise-floor units.
        threshold: Noise-floor units at which a pixel counts as changed.
    """

    status: Status
    mask: Mask
    anomaly_map: FloatMap
    threshold: float

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.mask.shape[0], self.mask.shape[1]

    @property
    def is_compared(self) -> bool:
        """False where there was no normal image to compare with."""
        return self.status is not Status.NO_NORMAL

    @cached_property
    def sharp(self) -> Mask:
        """(H, W) bool, where the evidence reaches twice the threshold."""
        return np.asarray(self.anomaly_map >= SHARP_THRESHOLDS * self.threshold)

    def sharp_fraction(self, crop: MaskCrop) -> float | None:
        """Return how much of a region is sharp; None of an empty one, or if nothing was compared.

        Args:
            crop: The region.
        """
        inside = self.sharp[crop.window][crop.inside]
        return round(float(inside.mean()), 4) if inside.size and self.is_compared else None

    def strength(self, crop: MaskCrop) -> float | None:
        """Return a region's mean evidence over the threshold; None as for ``sharp_fraction``."""
        if not (crop.area_px and self.is_compared and self.threshold > 0):
            return None
        return round(crop.mean_of(self.anomaly_map) / self.threshold, 4)
