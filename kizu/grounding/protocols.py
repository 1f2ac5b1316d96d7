"""The roles that text grounding is composed of."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kizu.grounding.detections import AnnotationFailure, Detections
from kizu.imaging.arrays import Boxes, Mask, RgbImage


class Annotator(Protocol):
    """Finds in images what phrases name.

    Attributes:
        version: JSON text of everything the result depends on: system, weights, thresholds,
            code. Equal versions give equal annotations, so it belongs into cache keys.
    """

    @property
    def version(self) -> str:
        """JSON text of everything the result depends on."""
        ...

    def annotate(
        self, images: Sequence[RgbImage], phrases: Sequence[Sequence[str]]
    ) -> list[Detections | AnnotationFailure]:
        """Return one result per image, in order, each independent of its neighbours.

        Args:
            images: (H, W, 3) uint8 each, of any sizes.
            phrases: For each image, what to look for in it.
        """
        ...


class Detector(Protocol):
    """Draws boxes around what phrases name."""

    def detect(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return boxes above the system's threshold, unordered, without masks.

        Raises:
            ImageFailure: If this image cannot be handled.
        """
        ...


class Segmenter(Protocol):
    """Draws masks for boxes."""

    def segment(self, image: RgbImage, xyxy: Boxes) -> NDArray[np.bool_]:
        """Return (N, H, W) bool, one full-resolution mask per box; N is at least one.

        Args:
            image: (H, W, 3) uint8.
            xyxy: (N, 4) float32 pixels inside the image.
        """
        ...


class PointSegmenter(Protocol):
    """Draws the mask of an object that points lie on, as an interactive tool does."""

    def encode(self, image: RgbImage) -> object:
        """Return what ``segment_points`` needs of an image; this is most of the work.

        Args:
            image: (H, W, 3) uint8.
        """
        ...

    def segment_points(
        self, encoded: object, points_xy: NDArray[np.float32], inside: NDArray[np.bool_]
    ) -> Mask:
        """Return (H, W) bool, the object at full resolution.

        Args:
            encoded: What ``encode`` returned.
            points_xy: (N, 2) float32 pixels inside the image; N is at least one.
            inside: (N,) bool, which of them lie on the object; the others lie beside it.
        """
        ...


class TextSegmenter(Protocol):
    """Draws boxes and masks for phrases in one step."""

    def detect_masks(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return regions above the system's threshold, unordered, with masks.

        Raises:
            ImageFailure: If this image cannot be handled.
        """
        ...
