"""What a region looks like, to tell pieces of one defect from two different things."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.filters import to_lab
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.crops import MaskCrop
from kizu.imaging.morphology import dilate

_RIM_PX: Final = 4  # how wide the surroundings are that a region's colour is compared with
_SAME_LOOK_DELTA_E: Final = 12.0
"""CIE76 between the contrasts of two regions of one look: about half of what two kinds of defect
differ by on one material."""
_SAME_LOOK_RATIO: Final = 0.35
"""Of the stronger contrast, how far two of one look may be apart: dust is not equally dark."""
_SAME_WIDTH_RATIO: Final = 3.0  # of the widest places of two regions of one look


@dataclass(frozen=True, eq=False)
class Look:
    """What a region looks like.

    Attributes:
        contrast: (3,) float64 CIE L*a*b*, its mean colour less that of its surroundings.
        width_px: Its widest place.
    """

    contrast: NDArray[np.float64]
    width_px: float

    @classmethod
    def of(cls, crop: MaskCrop, edited: RgbImage, changed: Mask) -> "Look":
        """Look at a region of an (H, W, 3) picture, in which an (H, W) mask changed."""
        y, x = crop.window
        y0, x0 = max(y.start - _RIM_PX, 0), max(x.start - _RIM_PX, 0)
        window = slice(y0, y.stop + _RIM_PX), slice(x0, x.stop + _RIM_PX)
        inside = np.zeros(changed[window].shape, np.bool_)
        top, left = y.start - y0, x.start - x0
        inside[top : top + crop.inside.shape[0], left : left + crop.inside.shape[1]] = crop.inside
        rim = dilate(inside, _RIM_PX) & ~changed[window]
        lab = to_lab(edited[window])
        around = lab[rim].mean(axis=0) if rim.any() else lab.reshape(-1, 3).mean(axis=0)
        framed = cv2.copyMakeBorder(inside.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        width = 2 * float(cv2.distanceTransform(framed, cv2.DIST_L2, 3).max())
        return cls(np.asarray(lab[inside].mean(axis=0) - around, np.float64), width)

    def is_like(self, other: "Look") -> bool:
        """Tell whether two regions may be pieces of one defect."""
        apart = float(np.linalg.norm(self.contrast - other.contrast))
        strongest = float(max(np.linalg.norm(self.contrast), np.linalg.norm(other.contrast)))
        least, most = sorted((self.width_px, other.width_px))
        same_colour = apart <= max(_SAME_LOOK_DELTA_E, _SAME_LOOK_RATIO * strongest)
        return same_colour and most <= _SAME_WIDTH_RATIO * least
