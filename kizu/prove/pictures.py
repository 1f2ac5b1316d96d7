"""A picture with its mask, what it shows and which part it is of; and the size it is judged at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from kizu.imaging.arrays import Mask, RgbImage
from kizu.spec import GOOD

LARGEST_SIDE_PX: Final = 320  # a test set of 300 such pictures takes seconds a model, not minutes
SMALLEST_SIDE_PX: Final = 64  # below, the widest filter (8 px) would see borders only
_SCALE: Final = 0.5  # half size: the widest filter then sees 16 px of the photo
_COVERED: Final = (
    0.5  # of a reduced pixel; a line one pixel wide covers just half of those it meets
)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that is trained on or tested with; its pixels are read when they are asked for.

    Attributes:
        name: What it is called where it came from.
        kind: Its defect, or "good".
        group: The part it shows; pictures of one part never stand on both sides of a split.
        read: Returns its (H, W, 3) uint8 RGB image and its (H, W) bool mask.
        made_from: Other parts it shows something of, as a defect that was moved onto it.
    """

    name: str
    kind: str
    group: str
    read: Callable[[], tuple[RgbImage, Mask]]
    made_from: frozenset[str] = frozenset()

    @property
    def parts(self) -> frozenset[str]:
        """All parts that it shows something of: where one is tested, it is not trained on."""
        return self.made_from | {self.group}

    @property
    def is_normal(self) -> bool:
        """True for a picture without a defect."""
        return self.kind == GOOD


def working_size(width: int, height: int) -> tuple[int, int]:
    """Return the (width, height) px a picture is judged at: half, within bounds.

    Example:
        >>> working_size(300, 200), working_size(4000, 1000), working_size(80, 100)
        ((150, 100), (320, 80), (64, 80))
    """
    scale = min(_SCALE, LARGEST_SIDE_PX / max(width, height))
    scale = min(1.0, max(scale, SMALLEST_SIDE_PX / min(width, height)))
    return max(round(width * scale), 1), max(round(height * scale), 1)


def reduced(image: RgbImage, mask: Mask) -> tuple[RgbImage, Mask]:
    """Return an (H, W, 3) uint8 image and its (H, W) bool mask at the size they are judged at."""
    size = working_size(image.shape[1], image.shape[0])
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    covered = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), np.asarray(covered >= _COVERED)
