"""Masks that are true only inside a window, kept as that window: many regions in little memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import FloatMap, Mask


@dataclass(frozen=True, eq=False)
class MaskCrop:
    """A region of an image, as the part of its (H, W) mask outside of which nothing is true.

    Attributes:
        x0: The image's column of the crop's first, in pixels.
        y0: The image's row of the crop's first, in pixels.
        inside: (h, w) bool, that part of the mask.
    """

    x0: int
    y0: int
    inside: Mask

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the image, to index its arrays with."""
        height, width = self.inside.shape
        return slice(self.y0, self.y0 + height), slice(self.x0, self.x0 + width)

    @property
    def xyxy(self) -> tuple[int, int, int, int]:
        """The window as a box in pixels, x1 and y1 exclusive."""
        height, width = self.inside.shape
        return self.x0, self.y0, self.x0 + width, self.y0 + height

    @property
    def area_px(self) -> int:
        """How many pixels the region has."""
        return int(np.count_nonzero(self.inside))

    def touches(self, mask: Mask) -> bool:
        """Tell whether the region shares a pixel with an (H, W) mask of the image."""
        return bool(np.any(self.inside & mask[self.window]))

    def mean_of(self, values: FloatMap) -> float:
        """Return the mean over the region of an (H, W) float32 map of the image."""
        return float(values[self.window][self.inside].mean(dtype=np.float64))


def shared_px(a: MaskCrop, b: MaskCrop) -> int:
    """Return how many pixels two regions of one image share.

    >>> shared_px(MaskCrop(0, 0, np.ones((2, 3), bool)), MaskCrop(2, 1, np.ones((2, 2), bool)))
    1
    """
    x0, y0 = max(a.x0, b.x0), max(a.y0, b.y0)
    x1, y1 = min(a.xyxy[2], b.xyxy[2]), min(a.xyxy[3], b.xyxy[3])
    if x0 >= x1 or y0 >= y1:
        return 0
    first, second = (
        crop.inside[y0 - crop.y0 : y1 - crop.y0, x0 - crop.x0 : x1 - crop.x0] for crop in (a, b)
    )
    return int(np.count_nonzero(first & second))


def crop_iou(a: MaskCrop, b: MaskCrop) -> float:
    """Return intersection over union of two regions of one image; 0 where both are empty.

    >>> crop_iou(MaskCrop(0, 0, np.ones((1, 2), bool)), MaskCrop(1, 0, np.ones((1, 1), bool)))
    0.5
    """
    shared = shared_px(a, b)
    return shared / (a.area_px + b.area_px - shared) if shared else 0.0


def crop_of(mask: Mask) -> MaskCrop:
    """Return the part of an (H, W) mask that its tight box holds, without copying it.

    >>> crop_of(np.array([[False, False, False], [False, True, True]])).xyxy
    (1, 1, 3, 2)
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return MaskCrop(0, 0, mask[:0, :0])
    y0, x0 = int(rows[0]), int(columns[0])
    return MaskCrop(x0, y0, mask[y0 : rows[-1] + 1, x0 : columns[-1] + 1])


def crop_of_box(xyxy: NDArray[np.float32], shape: tuple[int, int]) -> MaskCrop:
    """Return a box's pixels, all true, cut to an image of (H, W) pixels.

    Args:
        xyxy: (4,) box in pixels.
        shape: (H, W) of the image.

    >>> crop_of_box(np.array([-2, 1, 1.6, 9], np.float32), (3, 4)).xyxy
    (0, 1, 2, 3)
    """
    height, width = shape
    x0, y0, x1, y1 = np.rint(xyxy).astype(int).clip(0, [width, height, width, height]).tolist()
    return MaskCrop(x0, y0, np.ones((max(y1 - y0, 0), max(x1 - x0, 0)), np.bool_))


def connected_regions(mask: Mask) -> Iterator[MaskCrop]:
    """Yield the regions of an (H, W) mask that touch at a side or a corner, each in its tight box.

    >>> [region.area_px for region in connected_regions(np.array([[True, False, True]]))]
    [1, 1]
    """
    whole = crop_of(mask)
    if not whole.inside.size:
        return
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        whole.inside.view(np.uint8), connectivity=8
    )
    for label, (x0, y0, width, height, _) in enumerate(stats.tolist()[1:], start=1):
        inside = labels[y0 : y0 + height, x0 : x0 + width] == label
        yield MaskCrop(whole.x0 + x0, whole.y0 + y0, inside)


def union_of(crops: Iterable[MaskCrop], shape: tuple[int, int]) -> Mask:
    """Return (H, W) bool, true where any of the regions is.

    >>> union_of([MaskCrop(1, 0, np.array([[True]]))], (1, 3))
    array([[False,  True, False]])
    """
    union = np.zeros(shape, np.bool_)
    for crop in crops:
        union[crop.window] |= crop.inside
    return union
