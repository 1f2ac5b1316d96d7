"""Click to segment: a SAM marks the object under the points, or in the box, that a person gives."""

import logging
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final, cast

import numpy as np

from kizu.grounding import GroundingSettings, GroundingUnavailable
from kizu.grounding.loading import load_segmenter
from kizu.grounding.names import parse_annotator_name, uses_demo_weights
from kizu.grounding.protocols import PointSegmenter, Segmenter
from kizu.grounding.registry import SEGMENTERS
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.boxes import box_iou, box_of, clip_boxes
from kizu.spec import DatasetSpec

_BOX_FRACTIONS: Final = (0.03, 0.06, 0.12, 0.24)
"""Sides of boxes tried around a click, of the image's longer side: from a pit to a large stain."""

logger = logging.getLogger(__name__)

Point = tuple[float, float, bool]
"""x and y in pixels of the image, and whether it is on the object."""
Box = tuple[float, float, float, float]
"""xyxy in pixels of the image."""


class SegmenterNotLoadedError(LookupError):
    """Nothing here can mark what is under a click."""


def segmenters_of(spec: DatasetSpec) -> list[GroundingSettings]:
    """Return the settings of a dataset's annotators that have a segmenter."""
    return [
        settings
        for settings in spec.grounding.annotators
        if parse_annotator_name(settings.annotator).segmenter
    ]


def named_segmenter(name: str, weights: str | None = None) -> GroundingSettings:
    """Return settings that ask for a segmenter by its name.

    Args:
        name: Its name in ``kizu annotators``.
        weights: Hub id or local path; None for its default.

    Raises:
        ValueError: There is none of that name.
    """
    if name not in SEGMENTERS:
        raise ValueError(f"there is no segmenter {name!r}; choose one of {', '.join(SEGMENTERS)}")
    return GroundingSettings(
        annotator=f"demo-grounding-dino+{name}",  # the detector is not loaded
        segmenter_weights=weights,
        force_demo_weights=True,
    )


class ClickSegmenter:
    """The first segmenter that can be loaded; the image it saw last stays encoded.

    Attributes:
        name: Its name; empty as long as none is loaded.
        is_loading: False once one is loaded, or none could be.
    """

    def __init__(self, choices: Sequence[GroundingSettings]) -> None:
        """Load nothing yet: that takes seconds, and the page does without at first.

        Args:
            choices: Settings of annotators with a segmenter, the best one first.
        """
        self._choices = choices
        self._lock = Lock()
        self._loaded: PointSegmenter | None = None
        self._encoded: tuple[str, object] = ("", None)
        self.name = ""
        self.is_loading = True

    def load(self) -> None:
        """Load the first one that can be."""
        try:
            self._load()
        finally:
            self.is_loading = False

    def _load(self) -> None:
        for settings in self._choices:
            name = parse_annotator_name(settings.annotator).segmenter or ""
            try:
                self._loaded = cast("PointSegmenter", load_segmenter(name, settings))
            except GroundingUnavailable as error:
                logger.warning("no click to segment with %s: %s", name, error)
                continue
            self.name = name
            return

    def mask_at(
        self,
        version: str,
        image: Callable[[], RgbImage],
        points: Sequence[Point],
        box: Box | None,
    ) -> Mask:
        """Return the mask of an object, (H, W) bool.

        Args:
            version: Names the image; of the same one, the encoding is used again.
            image: Reads it, (H, W, 3) uint8.
            points: On the object, and beside it.
            box: Around the object; then points are not read.

        Raises:
            SegmenterNotLoadedError: None is loaded.
        """
        if self._loaded is None:
            raise SegmenterNotLoadedError("no segmenter is loaded; see 'kizu review --help'")
        with self._lock:
            if box is not None:
                return _in_box(cast("Segmenter", self._loaded), image(), box)
            if uses_demo_weights(self.name):
                return _by_boxes(cast("Segmenter", self._loaded), image(), points)
            if self._encoded[0] != version:
                self._encoded = (version, self._loaded.encode(image()))
            xy = np.array([point[:2] for point in points], np.float32)
            inside = np.array([point[2] for point in points], np.bool_)
            return self._loaded.segment_points(self._encoded[1], xy, inside)


def _by_boxes(segmenter: Segmenter, image: RgbImage, points: Sequence[Point]) -> Mask:
    """Return what lies at points by a segmenter that was trained on boxes alone."""
    mask = np.zeros(image.shape[:2], np.bool_)
    for x, y, _ in (point for point in points if point[2]):
        mask |= _best_box(segmenter, image, x, y)
    for x, y, _ in (point for point in points if not point[2]):
        mask &= ~_best_box(segmenter, image, x, y)
    return mask


def _best_box(segmenter: Segmenter, image: RgbImage, x: float, y: float) -> Mask:
    """Return the mask that fills its box best, of boxes of several sizes around a point."""
    shape = (image.shape[0], image.shape[1])
    halves = np.array(_BOX_FRACTIONS, np.float32)[:, None] * max(shape) / 2
    around = np.array([x, y, x, y], np.float32) + halves * np.array([-1, -1, 1, 1], np.float32)
    boxes = clip_boxes(around, shape)
    masks = segmenter.segment(image, boxes)
    fits = [box_iou(box_of(mask), boxes[[row]]).max(initial=0) for row, mask in enumerate(masks)]
    best: Mask = masks[int(np.argmax(fits))]
    return best


def _in_box(segmenter: Segmenter, image: RgbImage, box: Box) -> Mask:
    x0, y0, x1, y1 = box
    ordered = np.array([[min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]], np.float32)
    inside = clip_boxes(ordered, (image.shape[0], image.shape[1]))
    mask: Mask = segmenter.segment(image, inside)[0]
    return mask
