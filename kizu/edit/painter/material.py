"""What a defect is painted on, what is asked of it, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from kizu.edit.painter.noise_fields import FloatArray, Rng, Shape
from kizu.imaging.arrays import FloatMap, RgbImage


@dataclass(frozen=True, eq=False)
class Surface:
    """A crop of the photo around the place of the defect.

    Attributes:
        lab: (H, W, 3) float32 CIE Lab, L in [0, 100].
        objects: (H, W) float32 in [0, 1], 1 on an object, 0 on plain background.
        tone: Median Lab around the place.
        contrast: Lightness step, in L, that stands out from this surface's own texture.
        grain: Standard deviation of the finest texture, in L.
        light: Unit vector (x, y) towards the light.
        grey: Whether the photo has no colour.
    """

    lab: FloatArray
    objects: FloatMap
    tone: tuple[float, float, float]
    contrast: float
    grain: float
    light: tuple[float, float]
    grey: bool

    @property
    def shape(self) -> Shape:
        """Height and width of the crop in pixels."""
        return self.lab.shape[0], self.lab.shape[1]

    def sign(self) -> float:
        """-1 where the surface leaves room to darken, +1 where only brightening shows."""
        return -1.0 if self.tone[0] > self.contrast * 1.3 else 1.0


@dataclass(frozen=True)
class Ask:
    """Where and how large a defect is wanted, in crop pixels.

    Attributes:
        x: Column of the centre.
        y: Row of the centre.
        angle_rad: Direction of long shapes; for an edge, the way into the object.
        area_px: Wanted area.
        span_px: Longest extent that fits.
        strength: Contrast multiplier.
        at_edge: Whether the centre lies on an object's edge.
        whole_object: Whether the object that stands there is meant as a whole.
    """

    x: float
    y: float
    angle_rad: float
    area_px: float
    span_px: float
    strength: float = 1.0
    at_edge: bool = False
    whole_object: bool = False


@dataclass(frozen=True, eq=False)
class Layer:
    """A painted crop.

    Attributes:
        lab: (H, W, 3) float32 CIE Lab with the defect.
        body: (H, W) float32 in [0, 1], the defect's own extent, shadows excluded.
    """

    lab: FloatArray
    body: FloatMap


Defect: TypeAlias = Callable[[Surface, Ask, Rng], Layer]


def to_lab(rgb: RgbImage) -> FloatArray:
    """(H, W, 3) uint8 sRGB to float32 CIE Lab (D65)."""
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def to_rgb(lab: FloatArray) -> RgbImage:
    """(H, W, 3) float32 CIE Lab to uint8 sRGB, clipped to its gamut."""
    lab = lab.copy()
    lab[..., 0] = np.clip(lab[..., 0], 0, 100)
    rgb = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.float32)
    return np.clip(np.rint(rgb * 255), 0, 255).astype(np.uint8)


def relit(lab: FloatArray, delta_l: FloatMap) -> FloatArray:
    """Lightness changed as light does it: darker pixels lose chroma too, highlights saturate."""
    before = lab[..., 0]
    room = np.maximum(np.where(delta_l > 0, 100 - before, before), 1e-3)
    step = np.where(delta_l > 0, room, -room) * np.tanh(np.abs(delta_l) / room)
    after = before + step
    chroma = np.clip((after + 8) / np.maximum(before + 8, 1), 0, 1.15)
    return np.stack([after, lab[..., 1] * chroma, lab[..., 2] * chroma], -1).astype(np.float32)


def mixed(under: FloatArray, over: FloatArray, alpha: FloatMap) -> FloatArray:
    """`over` laid on `under` with opacity `alpha`."""
    return np.asarray(under + (over - under) * alpha[..., None], np.float32)


def absorbed(
    lab: FloatArray, density: FloatMap, absorbance: tuple[float, float, float]
) -> FloatArray:
    """The surface seen through a film: Beer-Lambert absorption per linear RGB channel."""
    rgb = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2LRGB), np.float32)
    rgb = np.clip(rgb, 0, 1) * np.exp(-density[..., None] * np.asarray(absorbance, np.float32))
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32), cv2.COLOR_LRGB2LAB), np.float32)
