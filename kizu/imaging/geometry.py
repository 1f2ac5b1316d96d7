"""Brings a photo to a size a model accepts, and brings the model's answer back, exactly.

A ``Geometry`` is recorded with every edit: which part of the photo was sent, how it was scaled,
what was padded around it. ``undo`` needs nothing else to put the answer back on the photo's grid.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import Mask, RgbImage

Fit = Literal["pad", "crop"]

MAX_PLAIN_PADDING: Final = 1.25
"""A photo this much smaller than the model's picture is padded as it is, without resampling."""

_HALF: Final = 127


@dataclass(frozen=True)
class FixedSizes:
    """A model that takes only listed sizes, each (width, height) px."""

    sizes: tuple[tuple[int, int], ...]

    def best_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size whose aspect ratio is nearest; the larger one where two tie."""
        wanted = math.log(width / height)
        return min(
            self.sizes, key=lambda wh: (abs(math.log(wh[0] / wh[1]) - wanted), -wh[0] * wh[1])
        )


@dataclass(frozen=True)
class FreeSizes:
    """A model that takes any size within bounds, edges being multiples of a step."""

    multiple_px: int
    min_pixels: int
    max_pixels: int
    max_edge_px: int
    max_aspect: float

    def best_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the smallest accepted size that holds the photo, or else the largest one."""
        long, short = max(width, height), min(width, height)
        short = max(short, math.ceil(long / self.max_aspect))
        scale = self._scale(long, short)
        sides = [self._round_up(long * scale), self._round_up(short * scale)]
        while sides[0] * sides[1] > self.max_pixels:
            sides[int(sides[1] > sides[0])] -= self.multiple_px
        return (sides[0], sides[1]) if width >= height else (sides[1], sides[0])

    def _scale(self, long: float, short: float) -> float:
        grow = max(1.0, math.sqrt(self.min_pixels / (long * short)))
        shrink = min(1.0, self.max_edge_px / long, math.sqrt(self.max_pixels / (long * short)))
        return grow * shrink

    def _round_up(self, edge: float) -> int:
        steps = math.ceil(round(edge / self.multiple_px, 6))
        return min(
            steps * self.multiple_px, self.max_edge_px // self.multiple_px * self.multiple_px
        )


SizeRule = FixedSizes | FreeSizes


@dataclass(frozen=True)
class Geometry:
    """How one photo was brought to a model's size; all numbers are pixels.

    Attributes:
        source: (width, height) of the photo.
        crop: (x, y, width, height) of the part that was sent, on the photo.
        scaled: (width, height) of that part after scaling, inside the model's picture.
        offset: (x, y) of the scaled part inside the model's picture; the rest is padding.
        model: (width, height) of the picture the model gets and returns.
    """

    source: tuple[int, int]
    crop: tuple[int, int, int, int]
    scaled: tuple[int, int]
    offset: tuple[int, int]
    model: tuple[int, int]

    @classmethod
    def fit(cls, source: tuple[int, int], rule: SizeRule, fit: Fit = "pad") -> Self:
        """Plan the way from a photo to a size the model accepts.

        Args:
            source: (width, height) of the photo in pixels.
            rule: The sizes the model accepts.
            fit: "pad" keeps the whole photo and mirrors its border into the rest; "crop" fills
                the model's picture with the centre of the photo.
        """
        model = rule.best_size(*source)
        if fit == "crop":
            return cls._cropped(source, model)
        return cls._padded(source, (0, 0, *source), model)

    @classmethod
    def window(
        cls, source: tuple[int, int], crop: tuple[int, int, int, int], rule: SizeRule
    ) -> Self:
        """Plan to send a window of the photo, padded to a size the model accepts.

        Args:
            source: (width, height) of the photo in pixels.
            crop: (x, y, width, height) of the window on the photo.
            rule: The sizes the model accepts.
        """
        return cls._padded(source, crop, rule.best_size(crop[2], crop[3]))

    @classmethod
    def _padded(
        cls, source: tuple[int, int], crop: tuple[int, int, int, int], model: tuple[int, int]
    ) -> Self:
        ratio = min(model[0] / crop[2], model[1] / crop[3])
        ratio = 1.0 if 1 < ratio <= MAX_PLAIN_PADDING else ratio
        scaled = (round(crop[2] * ratio), round(crop[3] * ratio))
        offset = ((model[0] - scaled[0]) // 2, (model[1] - scaled[1]) // 2)
        return cls(source, crop, scaled, offset, model)

    @property
    def scale(self) -> float:
        """How the sent part was scaled: 1 keeps every pixel, 0.25 keeps one in sixteen."""
        return self.scaled[0] / self.crop[2]

    @classmethod
    def _cropped(cls, source: tuple[int, int], model: tuple[int, int]) -> Self:
        ratio = max(model[0] / source[0], model[1] / source[1])
        width = min(round(model[0] / ratio), source[0])
        height = min(round(model[1] / ratio), source[1])
        crop = ((source[0] - width) // 2, (source[1] - height) // 2, width, height)
        return cls(source, crop, model, (0, 0), model)

    def apply(self, photo: RgbImage) -> RgbImage:
        """Return the picture to send: (model height, model width, 3) uint8.

        Raises:
            ValueError: The photo has another size than this geometry was made for.
        """
        return np.asarray(self._pad(self._scale_crop(photo), cv2.BORDER_REFLECT_101), np.uint8)

    def apply_mask(self, mask: Mask) -> Mask:
        """Return a mask of the photo in the model's picture; padding does not belong."""
        return self._pad(self._scale_crop(mask.astype(np.uint8)), cv2.BORDER_CONSTANT) > 0

    def undo(self, answer: RgbImage, photo: RgbImage) -> RgbImage:
        """Return the model's answer on the photo's grid, (H, W, 3) uint8.

        What was not sent comes from the photo. Where nothing was scaled, pixels are the answer's.

        Raises:
            ValueError: Answer or photo have another size than this geometry was made for.
        """
        self._check(answer, self.model, "the edited picture")
        self._check(photo, self.source, "the normal image")
        x, y, width, height = self.crop
        result = photo.copy()
        result[y : y + height, x : x + width] = _resize(self._unpad(answer), (width, height))
        return result

    def undo_mask(self, mask: Mask) -> Mask:
        """Return a mask of the model's picture on the photo's grid."""
        x, y, width, height = self.crop
        result = np.zeros((self.source[1], self.source[0]), dtype=bool)
        back = _resize(self._unpad(mask).astype(np.uint8) * np.uint8(255), (width, height))
        result[y : y + height, x : x + width] = back > _HALF
        return result

    def _scale_crop(self, array: NDArray[np.uint8]) -> NDArray[np.uint8]:
        self._check(array, self.source, "the normal image")
        x, y, width, height = self.crop
        return _resize(array[y : y + height, x : x + width], self.scaled)

    def _pad(self, array: NDArray[np.uint8], border: int) -> NDArray[np.uint8]:
        left, top = self.offset
        right = self.model[0] - self.scaled[0] - left
        bottom = self.model[1] - self.scaled[1] - top
        return np.asarray(cv2.copyMakeBorder(array, top, bottom, left, right, border))

    def _unpad(self, array: NDArray[np.generic]) -> NDArray[np.generic]:
        (x, y), (width, height) = self.offset, self.scaled
        return array[y : y + height, x : x + width]

    @staticmethod
    def _check(array: NDArray[np.generic], size: tuple[int, int], what: str) -> None:
        height, width = array.shape[:2]
        if (width, height) != size:
            raise ValueError(f"{what} is {width}x{height}, the geometry needs {size[0]}x{size[1]}")


def _resize(array: NDArray[np.generic], size: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = array.shape[:2]
    if (width, height) == size:
        return np.array(array, np.uint8)
    shrinks = size[0] * size[1] < width * height
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.asarray(array), size, interpolation=method), np.uint8)
