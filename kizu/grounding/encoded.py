"""Detections whose masks stay run-length encoded, and are decoded one region at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kizu.grounding.detections import Detections
from kizu.imaging.arrays import Boxes, Mask
from kizu.imaging.crops import MaskCrop, crop_of, crop_of_box, union_of
from kizu.imaging.rle import decode_crop, encode_crop


@dataclass(frozen=True, eq=False)
class EncodedDetections:
    """N regions of one image, as ``Detections``, but without its (N, H, W) masks.

    Attributes:
        xyxy: (N, 4) float32 boxes in pixels, x1 and y1 exclusive.
        rle: N masks as COCO RLE, or None without a segmenter.
        confidence: (N,) float32 in the system's own units, usually 0 to 1.
        phrase: N phrases, each as the caller wrote it.
    """

    xyxy: Boxes
    rle: tuple[dict[str, Any], ...] | None
    confidence: NDArray[np.float32]
    phrase: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of regions."""
        return len(self.phrase)

    def select(self, rows: Sequence[int] | NDArray[np.intp]) -> Self:
        """Return the given rows, in the given order.

        Args:
            rows: Row numbers.
        """
        picked = np.asarray(rows, dtype=np.intp)
        rle = None if self.rle is None else tuple(self.rle[row] for row in picked)
        phrase = tuple(self.phrase[row] for row in picked)
        return type(self)(self.xyxy[picked], rle, self.confidence[picked], phrase)

    def crops(self, shape: tuple[int, int]) -> Iterator[MaskCrop]:
        """Decode one region after the other; one without a mask fills its box.

        Args:
            shape: The image's (H, W) in pixels.

        Raises:
            ValueError: If a mask has another shape.
        """
        if self.rle is None:
            yield from (crop_of_box(box, shape) for box in self.xyxy)
            return
        for rle in self.rle:
            if tuple(rle["size"]) != shape:
                raise ValueError(f"masks are {tuple(rle['size'])}, the image is {shape}")
            yield decode_crop(rle)

    def union_mask(self, shape: tuple[int, int]) -> Mask:
        """Return (H, W) bool, true where any region is; a region without a mask fills its box.

        Args:
            shape: The image's (H, W) in pixels.

        Raises:
            ValueError: If a mask has another shape.
        """
        return union_of(self.crops(shape), shape)


def encoded(found: Detections) -> EncodedDetections:
    """Return the same detections with their masks encoded."""
    rle = None if found.mask is None else tuple(_encode(mask) for mask in found.mask)
    return EncodedDetections(found.xyxy, rle, found.confidence, found.phrase)


def decoded(found: EncodedDetections, shape: tuple[int, int]) -> Detections:
    """Return the same detections with their masks as arrays.

    Args:
        found: The detections.
        shape: The image's (H, W) in pixels.

    Raises:
        ValueError: If a mask has another shape.
    """
    mask = None
    if found.rle is not None:
        mask = np.zeros((len(found), *shape), np.bool_)
        for each, crop in zip(mask, found.crops(shape), strict=True):
            each[crop.window] = crop.inside
    return Detections(found.xyxy, mask, found.confidence, found.phrase)


def _encode(mask: Mask) -> dict[str, Any]:
    return encode_crop(crop_of(mask), (mask.shape[0], mask.shape[1]))
