"""Brings a photo to a size a model accepts, and brings the model's answer back, exactly.

A ``Geometry`` is recorded with every edit: which part of the photo was sent, how it was scaled,
what was padded around it. ``undo`` needs nothing else to put the answer back on the photo's grid.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Protocol, Self, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import Mask, RgbImage

Fit = Literal["pad", "crop"]
Pixel = TypeVar("Pixel", bound=np.generic)

MAX_PLAIN_PADDING: Final = 1.25
"""A photo this much smaller than the model's picture is padded as it is, without resampling."""

_SENT, _BACK = 1, 255
"""What stands for a set pixel while masks are resized: both round ties as they always did."""
_QUARTERS: Final = 4  # quarter turns of a whole one
_TURNED: Final = ("upright", "turned left", "turned upside down", "turned right")
"""What quarter turns counter-clockwise come to."""
_TOLD_SCALE: Final = 0.005  # nearer to 1, two digits behind the point show no scaling
_MIN_LINE_PX: Final = 4  # px of the mask; less is a crumb, as in kizu.diff.composite


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
"""The sizes a model accepts, each choosing the one that fits a crop best."""


class SizeChoice(Protocol):
    """Chooses the size of the model's picture for a crop."""

    def best_size(self, width: int, height: int) -> tuple[int, int]:
        """Return a (width, height) that the model accepts; all numbers are pixels."""
        ...


@dataclass(frozen=True)
class Geometry:
    """How one photo was brought to a model's size; all numbers are pixels.

    Attributes:
        source: (width, height) of the photo.
        crop: (x, y, width, height) of the part that was sent, on the photo.
        scaled: (width, height) of that part after scaling, inside the model's picture.
        offset: (x, y) of the scaled part inside the model's picture before it is turned; the rest
            is padding.
        model: (width, height) of the picture the model gets and returns, after turning.
        turns: Quarter turns counter-clockwise, as of ``np.rot90``, that come last; 0 to 3.
    """

    source: tuple[int, int]
    crop: tuple[int, int, int, int]
    scaled: tuple[int, int]
    offset: tuple[int, int]
    model: tuple[int, int]
    turns: int = 0

    def __post_init__(self) -> None:
        """Check the turns.

        Raises:
            ValueError: They are none of 0, 1, 2, 3.
        """
        if self.turns not in range(_QUARTERS):
            raise ValueError(f"turns is {self.turns}; a geometry has 0, 1, 2 or 3 quarter turns")

    @classmethod
    def whole(cls, source: tuple[int, int], model: tuple[int, int], turns: int = 0) -> Self:
        """Return the geometry of a whole photo that fills a picture, both (width, height) px.

        Args:
            source: The photo's size.
            model: The picture's size, after turning.
            turns: Quarter turns counter-clockwise.
        """
        scaled = model[::-1] if turns % 2 else model
        return cls(source, (0, 0, *source), scaled, (0, 0), model, turns)

    def identity(self) -> dict[str, Any]:
        """Return what tells this geometry from others, for keys and tables.

        The turns are left out where there are none: keys are older than they.
        """
        fields = asdict(self)
        if not self.turns:
            del fields["turns"]
        return fields

    def in_words(self) -> str:
        """Return in words how the photo was brought to the picture.

        Example:
            >>> Geometry((80, 60), (0, 0, 80, 30), (40, 15), (0, 0), (40, 40)).in_words()
            'cropped to 50 % of its area, resized 0.50, padded'
            >>> Geometry.whole((80, 60), (80, 60)).in_words()
            'as it is'
        """
        _, _, width, height = self.crop
        kept = width * height / (self.source[0] * self.source[1])
        across, down = self.scaled[0] / width, self.scaled[1] / height
        even = abs(across * height - self.scaled[1]) <= 1  # px that rounding takes
        said = (
            (kept < 1, f"cropped to {max(min(round(kept * 100), 99), 1)} % of its area"),
            (self.scaled != (width, height), f"resized {_factors(across, down, even=even)}"),
            (self.scaled != self._framed, "padded"),
            (self.turns > 0, _TURNED[self.turns]),
        )
        return ", ".join(words for applies, words in said if applies) or "as it is"

    @classmethod
    def fit(cls, source: tuple[int, int], rule: SizeChoice, fit: Fit = "pad") -> Self:
        """Plan the way from a photo to a size the model accepts.

        Args:
            source: (width, height) of the photo in pixels.
            rule: Chooses among the sizes the model accepts.
            fit: "pad" keeps the whole photo and mirrors its border into the rest; "crop" fills
                the model's picture with the centre of the photo.
        """
        model = rule.best_size(*source)
        if fit == "crop":
            return cls._cropped(source, model)
        return cls._padded(source, (0, 0, *source), model)

    @classmethod
    def window(
        cls, source: tuple[int, int], crop: tuple[int, int, int, int], rule: SizeChoice
    ) -> Self:
        """Plan to send a window of the photo, padded to a size the model accepts.

        Args:
            source: (width, height) of the photo in pixels.
            crop: (x, y, width, height) of the window on the photo.
            rule: Chooses among the sizes the model accepts.
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
        scaled = _resize(self._cut(photo), self.scaled)
        return self._turned(self._pad(scaled, cv2.BORDER_REFLECT_101))

    def apply_mask(self, mask: Mask) -> Mask:
        """Return a mask of the photo in the model's picture; padding does not belong.

        Of a component so thin that most of it would be lost, every pixel it touches stands for it.
        Where a component covers exactly half of a pixel, that pixel may or may not belong.
        """
        scaled = _resize_mask(self._cut(mask), self.scaled, _SENT)
        return self._turned(self._pad(scaled, cv2.BORDER_CONSTANT)) > 0

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
        """Return a mask of the model's picture on the photo's grid; thin lines stay, as above."""
        x, y, width, height = self.crop
        result = np.zeros((self.source[1], self.source[0]), dtype=bool)
        back = _resize_mask(self._unpad(mask), (width, height), _BACK)
        result[y : y + height, x : x + width] = back > 0
        return result

    def sent_part(self, answer: RgbImage) -> RgbImage:
        """Return what of the model's picture shows the photo, upright, as large as it came.

        Args:
            answer: (model height, model width, 3) uint8.

        Raises:
            ValueError: The picture has another size than this geometry was made for.
        """
        self._check(answer, self.model, "the edited picture")
        return np.ascontiguousarray(self._unpad(answer), np.uint8)

    def _cut(self, array: NDArray[Pixel]) -> NDArray[Pixel]:
        self._check(array, self.source, "the normal image")
        x, y, width, height = self.crop
        return array[y : y + height, x : x + width]

    @property
    def _framed(self) -> tuple[int, int]:
        """(width, height) of the model's picture before it is turned."""
        width, height = self.model
        return (height, width) if self.turns % 2 else (width, height)

    def _pad(self, array: NDArray[np.uint8], border: int) -> NDArray[np.uint8]:
        left, top = self.offset
        right = self._framed[0] - self.scaled[0] - left
        bottom = self._framed[1] - self.scaled[1] - top
        return np.asarray(cv2.copyMakeBorder(array, top, bottom, left, right, border), np.uint8)

    def _turned(self, array: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.ascontiguousarray(np.rot90(array, self.turns))

    def _unpad(self, array: NDArray[Pixel]) -> NDArray[Pixel]:
        (x, y), (width, height) = self.offset, self.scaled
        return np.rot90(array, -self.turns)[y : y + height, x : x + width]

    @staticmethod
    def _check(array: NDArray[np.generic], size: tuple[int, int], what: str) -> None:
        height, width = array.shape[:2]
        if (width, height) != size:
            raise ValueError(f"{what} is {width}x{height}, the geometry needs {size[0]}x{size[1]}")


def _factors(across: float, down: float, *, even: bool) -> str:
    """Write scales with two digits behind the point, or as many as tell them from 1."""
    factors = (across,) if even else (across, down)
    return " x ".join(
        f"{factor:.2f}" if abs(factor - 1) >= _TOLD_SCALE else f"{factor:.4f}" for factor in factors
    )


def _resize(array: NDArray[np.generic], size: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = array.shape[:2]
    if (width, height) == size:
        return np.array(array, np.uint8)
    shrinks = size[0] * size[1] < width * height
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.asarray(array), size, interpolation=method), np.uint8)


def _resize_mask(mask: Mask, size: tuple[int, int], level: int) -> NDArray[np.uint8]:
    """Resize a mask, (H, W) bool, to (width, height); 1 where it covers half of a pixel.

    Components that would lose most of their pixels keep all they touch: a line must not vanish.
    """
    half = _resize(mask.astype(np.uint8) * np.uint8(level), size) > level // 2
    if half.shape == mask.shape or not mask.any():
        return half.astype(np.uint8)
    rows, columns = (_landing(was, now) for was, now in zip(mask.shape, half.shape, strict=True))
    count, components = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    area_px = np.bincount(components.ravel(), minlength=count)
    kept = np.bincount(components[half[rows][:, columns]], minlength=count)
    lost = 2 * kept < area_px
    if half.any():  # else even a crumb is all there is
        lost &= area_px >= _MIN_LINE_PX
    lost[0] = False
    if lost.any():
        half |= _touched(_touched(lost[components], half.shape[0]).T, half.shape[1]).T
    return half.astype(np.uint8)


def _landing(was: int, now: int) -> NDArray[np.int64]:
    """Where each of `was` pixels in a row lands among `now`."""
    return (2 * np.arange(was) + 1) * now // (2 * was)


def _touched(mask: Mask, rows: int) -> Mask:
    """Resize a mask along its rows so that no set pixel is lost."""
    if rows >= len(mask):
        return mask[_landing(rows, len(mask))]
    firsts = np.searchsorted(_landing(len(mask), rows), np.arange(rows))
    return np.asarray(np.logical_or.reduceat(mask, firsts, axis=0), np.bool_)
