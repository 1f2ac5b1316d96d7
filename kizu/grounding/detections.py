"""What an annotator says of one image: boxes, masks, confidences and phrases, row by row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import Boxes, Mask
from kizu.imaging.crops import MaskCrop, crop_of, crop_of_box, union_of


@dataclass(frozen=True)
class AnnotationFailure:
    """Why one image has no annotation.

    Attributes:
        reason: One sentence with the facts and the way out.
    """

    reason: str


@dataclass(frozen=True, eq=False)
class Detections:
    """N regions of one image; row i of every array speaks of the same region.

    Attributes:
        xyxy: (N, 4) float32 boxes in pixels, x1 and y1 exclusive.
        mask: (N, H, W) bool at the image's full resolution, or None without a segmenter.
        confidence: (N,) float32 in the system's own units, usually 0 to 1.
        phrase: N phrases, each as the caller wrote it.

    Raises:
        ValueError: If the shapes or types disagree.
    """

    xyxy: Boxes
    mask: NDArray[np.bool_] | None
    confidence: NDArray[np.float32]
    phrase: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse arrays that do not describe the same N regions."""
        count = len(self.phrase)
        _expect("xyxy", self.xyxy, (count, 4), np.float32)
        _expect("confidence", self.confidence, (count,), np.float32)
        if self.mask is not None:
            _expect("mask", self.mask, (count, *self.mask.shape[1:3]), np.bool_)
            if self.mask.ndim != 3:  # rows of (H, W)
                raise ValueError(f"mask has {self.mask.ndim} axes, expected 3: (N, H, W)")

    def __len__(self) -> int:
        """Return the number of regions."""
        return len(self.phrase)

    @classmethod
    def empty(cls, shape: tuple[int, int] | None = None) -> Self:
        """Return no regions, with a (0, H, W) mask if the image's (H, W) is given.

        >>> len(Detections.empty((4, 6)))
        0
        """
        mask = None if shape is None else np.zeros((0, *shape), dtype=np.bool_)
        return cls(np.zeros((0, 4), np.float32), mask, np.zeros(0, np.float32), ())

    def select(self, rows: Sequence[int] | NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Return the given rows, in the given order.

        Args:
            rows: Row numbers, or (N,) bool.
        """
        index = np.asarray(rows)
        picked = np.flatnonzero(index) if index.dtype == np.bool_ else index.astype(np.intp)
        mask = None if self.mask is None else self.mask[picked]
        phrase = tuple(self.phrase[row] for row in picked)
        return type(self)(self.xyxy[picked], mask, self.confidence[picked], phrase)

    def with_mask(self, mask: NDArray[np.bool_]) -> Self:
        """Return the same regions with these (N, H, W) masks."""
        return type(self)(self.xyxy, mask, self.confidence, self.phrase)

    def crops(self, shape: tuple[int, int]) -> Iterator[MaskCrop]:
        """Yield each region; one without a mask fills its box.

        Args:
            shape: The image's (H, W) in pixels.

        Raises:
            ValueError: If the masks have another shape.
        """
        if self.mask is None:
            yield from (crop_of_box(box, shape) for box in self.xyxy)
            return
        if self.mask.shape[1:] != shape:
            raise ValueError(f"masks are {self.mask.shape[1:]}, the image is {shape}")
        yield from (crop_of(mask) for mask in self.mask)

    def areas(self, shape: tuple[int, int]) -> list[Mask]:
        """Return the (H, W) mask of each region; a region without a mask fills its box.

        Args:
            shape: The image's (H, W) in pixels.
        """
        return [self.select([row]).union_mask(shape) for row in range(len(self))]

    def union_mask(self, shape: tuple[int, int]) -> Mask:
        """Return (H, W) bool, true where any region is; a region without a mask fills its box.

        Args:
            shape: The image's (H, W) in pixels.

        Raises:
            ValueError: If the masks have another shape.

        >>> Detections.empty().union_mask((1, 2))
        array([[False, False]])
        """
        return union_of(self.crops(shape), shape)


def concatenate(parts: Sequence[Detections]) -> Detections:
    """Return the rows of all parts in order; masks are dropped."""
    if not parts:
        return Detections.empty()
    return Detections(
        np.concatenate([part.xyxy for part in parts]),
        None,
        np.concatenate([part.confidence for part in parts]),
        tuple(phrase for part in parts for phrase in part.phrase),
    )


def from_rows(rows: Sequence[tuple[Sequence[float], float, str]]) -> Detections:
    """Return detections without masks from `(xyxy px, confidence, phrase)` rows."""
    return Detections(
        np.array([xyxy for xyxy, _, _ in rows], dtype=np.float32).reshape(-1, 4),
        None,
        np.array([confidence for _, confidence, _ in rows], dtype=np.float32),
        tuple(phrase for _, _, phrase in rows),
    )


MOST_CANDIDATES: Final = 5000
"""Regions of one image that are compared with each other, which takes 100 MB of overlaps."""


def fitting(found: Detections, shape: tuple[int, int]) -> Detections:
    """Return what a system found, as far as it can be of the image.

    Rows that are not finite are left out, and of very many the least confident ones.

    Args:
        found: The regions.
        shape: The image's (H, W) in pixels.

    Raises:
        ValueError: Its masks have another shape than the image.
    """
    if found.mask is not None and found.mask.shape[1:] != shape:
        raise ValueError(f"masks are {found.mask.shape[1:]}, the image is {shape}")
    finite = np.isfinite(found.xyxy).all(axis=1) & np.isfinite(found.confidence)
    rows = np.flatnonzero(finite)
    if len(rows) > MOST_CANDIDATES:
        surest = np.argsort(-found.confidence[rows], kind="stable")[:MOST_CANDIDATES]
        rows = rows[np.sort(surest)]
    return found if len(rows) == len(found) else found.select(rows)


def _expect(name: str, array: NDArray[np.generic], shape: tuple[int, ...], dtype: type) -> None:
    if array.shape != shape or array.dtype != dtype:
        raise ValueError(
            f"{name} is {array.dtype} {array.shape}, expected {np.dtype(dtype)} {shape}"
        )
