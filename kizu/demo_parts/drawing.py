"""Drawings on a part: letters, lines and pads, as the camera sees them."""

from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.demo_parts.fields import Field

Place: TypeAlias = tuple[float, float]
"""x and y in a part's plane."""

_UNIT_PX: Final = 420  # twice as fine as the photograph, whose unit has 214 pixels
_FRACTION_BITS: Final = 4  # OpenCV draws at sixteenths of a pixel
_WHOLE: Final = 255


class Drawing:
    """A drawing in white on black.

    Attributes:
        pixels: (H, W) uint8.
    """

    def __init__(self, width: float, height: float) -> None:
        """Begin an empty one.

        Args:
            width: In units of the part's plane, as all lengths and places are.
            height: The same.
        """
        self.pixels = np.zeros((round(height * _UNIT_PX), round(width * _UNIT_PX)), np.uint8)

    def line(self, points: tuple[Place, ...], width: float) -> None:
        """Draw a line through points."""
        thick = max(round(width * _UNIT_PX), 1)
        cv2.polylines(
            self.pixels,
            [_path(points)],
            isClosed=False,
            color=_WHOLE,
            thickness=thick,
            lineType=cv2.LINE_AA,
            shift=_FRACTION_BITS,
        )

    def disc(self, x: float, y: float, radius: float) -> None:
        """Draw a filled circle."""
        at = (_fine(x), _fine(y))
        cv2.circle(self.pixels, at, _fine(radius), _WHOLE, -1, cv2.LINE_AA, _FRACTION_BITS)

    def box(self, x: float, y: float, width: float, height: float) -> None:
        """Draw a filled rectangle around a middle."""
        left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
        corners = (left, top), (right, top), (right, bottom), (left, bottom)
        cv2.fillPoly(self.pixels, [_path(corners)], _WHOLE, cv2.LINE_AA, _FRACTION_BITS)

    def arc(
        self, x: float, y: float, radius: float, start_deg: int, end_deg: int, width: float
    ) -> None:
        """Draw a part of a circle, clockwise from the right."""
        at, axes = (round(x * _UNIT_PX), round(y * _UNIT_PX)), (round(radius * _UNIT_PX),) * 2
        thick = round(width * _UNIT_PX)
        cv2.ellipse(self.pixels, at, axes, 0, start_deg, end_deg, _WHOLE, thick, cv2.LINE_AA)

    def text(self, words: str, x: float, y: float, size: float, width_px: int = 1) -> None:
        """Write from a left end of a base line; a size of 1 is .05 high."""
        at = (round(x * _UNIT_PX), round(y * _UNIT_PX))
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(self.pixels, words, at, font, size, _WHOLE, width_px, cv2.LINE_AA)

    def seen(self, x: Field, y: Field) -> Field:
        """Return what of it lies at places, 0 to 1."""
        columns, rows = (x * _UNIT_PX).astype(np.float32), (y * _UNIT_PX).astype(np.float32)
        found = cv2.remap(
            self.pixels, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )
        return np.asarray(found, np.float64) / _WHOLE


def _fine(length: float) -> int:
    return round(length * _UNIT_PX * 2**_FRACTION_BITS)


def _path(points: tuple[Place, ...]) -> NDArray[np.int32]:
    return np.array([(_fine(x), _fine(y)) for x, y in points], np.int32)
