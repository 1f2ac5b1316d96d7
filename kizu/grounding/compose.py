"""Annotators made of detectors and segmenters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

import numpy as np

from kizu.grounding.detections import AnnotationFailure, Detections, fitting
from kizu.grounding.errors import GroundingUnavailable, ImageFailure
from kizu.grounding.postprocess.nms import refine
from kizu.grounding.postprocess.saliency import with_saliency
from kizu.grounding.protocols import Detector, Segmenter, TextSegmenter
from kizu.grounding.settings import GroundingSettings
from kizu.imaging.arrays import RgbImage

RGB_AXES = 3
LONGEST_REASON = 500  # characters; services and models may quote all they were given
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


class ImageAnnotator(Protocol):
    """Annotates one image; may raise."""

    def annotate_image(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return the refined regions of one (H, W, 3) uint8 image."""
        ...


@dataclass(frozen=True)
class BoxThenMask:
    """A detector's refined boxes, then a segmenter's masks for them, if there is one."""

    detector: Detector
    segmenter: Segmenter | None
    settings: GroundingSettings

    def annotate_image(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return the refined boxes; the segmenter sees all of them at once."""
        shape = (image.shape[0], image.shape[1])
        boxes = refine(fitting(self.detector.detect(image, phrases), shape), shape, self.settings)
        if self.segmenter is None:
            return _judged(boxes, image, self.settings)
        if len(boxes) == 0:
            return Detections.empty(shape)
        found = fitting(boxes.with_mask(self.segmenter.segment(image, boxes.xyxy)), shape)
        return _judged(found, image, self.settings)


@dataclass(frozen=True)
class TextToMask:
    """The refined regions of a system that goes from text to masks in one step."""

    system: TextSegmenter
    settings: GroundingSettings

    def annotate_image(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return the refined regions with their masks."""
        shape = (image.shape[0], image.shape[1])
        regions = fitting(self.system.detect_masks(image, phrases), shape)
        found = refine(regions, shape, self.settings)
        return _judged(found, image, self.settings)


@dataclass(frozen=True)
class PerImageAnnotator:
    """Annotates images one by one, so that none depends on its neighbours.

    Batching would pad images to one size, and even equal sizes change the order of floating
    point sums: an annotation could then not be cached by its image alone.
    """

    version: str
    system: ImageAnnotator
    lock: Lock = field(default_factory=Lock, repr=False)  # tokenizers and pipes are not shareable

    def annotate(
        self, images: Sequence[RgbImage], phrases: Sequence[Sequence[str]]
    ) -> list[Detections | AnnotationFailure]:
        """Return one result per image, in order; see `Annotator.annotate`.

        Raises:
            ValueError: If there are not as many phrase lists as images.
            GroundingUnavailable: If the system as a whole stopped working.
        """
        if len(images) != len(phrases):
            raise ValueError(
                f"{len(images)} images but {len(phrases)} phrase lists; give one list per image"
            )
        return [self._annotate_one(*pair) for pair in zip(images, phrases, strict=True)]

    def _annotate_one(
        self, image: RgbImage, phrases: Sequence[str]
    ) -> Detections | AnnotationFailure:
        try:
            _check_image(image)
            with self.lock:
                return self.system.annotate_image(image, _distinct(phrases))
        except ImageFailure as failure:
            return AnnotationFailure(_one_line(str(failure)))
        except GroundingUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a model may raise anything; it costs this image
            return AnnotationFailure(_one_line(_reason(error, image)))


@dataclass(frozen=True)
class NoGrounding:
    """The annotator of users who want none: every image has no regions."""

    version: str

    def annotate(
        self, images: Sequence[RgbImage], phrases: Sequence[Sequence[str]]
    ) -> list[Detections | AnnotationFailure]:
        """Return no regions for each image."""
        del phrases
        return [Detections.empty((image.shape[0], image.shape[1])) for image in images]


def _judged(found: Detections, image: RgbImage, settings: GroundingSettings) -> Detections:
    return with_saliency(found, image) if settings.saliency else found


def _check_image(image: RgbImage) -> None:
    is_rgb = image.dtype == np.uint8 and image.ndim == RGB_AXES and image.shape[2] == RGB_AXES
    if not is_rgb or image.size == 0:
        raise ImageFailure(
            f"the image is {image.dtype} {image.shape}; give a non-empty uint8 (H, W, 3) array"
        )


def _distinct(phrases: Sequence[str]) -> list[str]:
    named = [phrase for phrase in dict.fromkeys(phrases) if phrase.strip()]
    if not named:
        raise ImageFailure("no phrase to look for; give the defect at least one phrase")
    return named


def _one_line(text: str) -> str:
    """Return a sentence with somebody else's words in it in one line, and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"


def _reason(error: Exception, image: RgbImage) -> str:
    text = str(error).strip().split("\n", maxsplit=1)[0]
    size = f"{image.shape[1]}x{image.shape[0]} px" if image.ndim == RGB_AXES else str(image.shape)
    if isinstance(error, MemoryError) or any(word in text.lower() for word in OUT_OF_MEMORY):
        return (
            f"out of memory on an image of {size}; close other programs, take a smaller model, "
            "or shrink the photo"
        )
    return f"the model failed on an image of {size}: {type(error).__name__}: {text}"
