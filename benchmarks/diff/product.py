"""A picture that is drawn part by part, and remembers where its parts and its print are."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.edit.painter.noise_fields import blur, fractal_noise, translate
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

Colour: TypeAlias = tuple[float, float, float]
Picture: TypeAlias = NDArray[np.float32]
"""(H, W, 3) float32 RGB from 0 to 255."""

_SHADOW: Final = 0.55


@dataclass(eq=False)
class Product:
    """A picture while it is drawn, and what stands in it."""

    picture: Picture
    rng: np.random.Generator
    parts: tuple[Mask, ...] = ()
    prints: tuple[Mask, ...] = ()

    @property
    def unit(self) -> float:
        """The long side in pixels."""
        return float(max(self.picture.shape[:2]))

    @property
    def image(self) -> RgbImage:
        """(H, W, 3) uint8 as a camera gives it: slightly soft, with grain."""
        soft = blur(self.picture, 0.6)
        grain = self.rng.standard_normal(soft.shape, np.float32)
        return np.clip(np.rint(soft + 1.5 * blur(grain, 0.5)), 0, 255).astype(np.uint8)

    def place(self, distance: FloatMap, colour: Colour, *, dome: float = 0.0) -> Mask:
        """Lay a solid part with a contact shadow; distance in pixels, positive inside."""
        alpha = np.clip(distance + 0.5, 0, 1)
        off = 0.006 * self.unit
        shade = _SHADOW * blur(translate(alpha, off, off), off)
        self.picture *= (1 - shade * (1 - alpha))[..., None]
        dy, dx = np.gradient(np.minimum(distance, 0.02 * self.unit))
        light = 1 - dome * (dx + dy)
        body = np.asarray(colour, np.float32) * light[..., None]
        self.picture += (body - self.picture) * alpha[..., None]
        return np.asarray(distance > -off)

    def add_grain(self, strength: float, length_px: float) -> None:
        """Vary the brightness by a share, over lengths in pixels and finer."""
        noise = fractal_noise(self.picture.shape[:2], length_px, self.rng)
        self.picture *= (1 + strength * noise)[..., None]

    def round_part(self, x: float, y: float, radius: float, colour: Colour, dome: float) -> Mask:
        """Lay a disc; place and radius as shares of the long side."""
        rows, columns = self.grid()
        distance = radius - np.hypot(columns - x, rows - y)
        return self.place((distance * self.unit).astype(np.float32), colour, dome=dome)

    def box_part(self, box: tuple[float, float, float, float], colour: Colour) -> Mask:
        """Lay a rectangle: centre x, y and half sides, as shares of the long side."""
        rows, columns = self.grid()
        distance = np.minimum(box[2] - np.abs(columns - box[0]), box[3] - np.abs(rows - box[1]))
        return self.place((distance * self.unit).astype(np.float32), colour, dome=0.25)

    def write(self, text: str, x: float, y: float, size: float, colour: Colour) -> Mask:
        """Print a line; x, y is its lower left corner, size the letters' height."""
        scale, thick = size * self.unit / 22, max(round(size * self.unit / 11), 1)
        at = (round(x * self.unit), round(y * self.unit))
        font = cv2.FONT_HERSHEY_SIMPLEX
        cover = np.zeros(self.picture.shape[:2], np.uint8)
        cv2.putText(cover, text, at, font, scale, 255, thick, cv2.LINE_AA)
        self.ink(cover, colour)
        (width, height), below = cv2.getTextSize(text, font, scale, thick)
        mask = np.zeros(cover.shape, np.bool_)
        mask[at[1] - height - below // 2 : at[1] + below, at[0] : at[0] + width] = True
        return mask

    def ink(self, cover: NDArray[np.uint8], colour: Colour) -> None:
        """Colour the picture where a (H, W) uint8 cover says so, 255 being opaque."""
        alpha = cover[..., None] * np.float32(1 / 255)
        self.picture += (np.asarray(colour, np.float32) - self.picture) * alpha

    def grid(self) -> tuple[FloatMap, FloatMap]:
        """Rows and columns of every pixel, as shares of the long side."""
        rows, columns = np.mgrid[: self.picture.shape[0], : self.picture.shape[1]]
        return (rows / self.unit).astype(np.float32), (columns / self.unit).astype(np.float32)
