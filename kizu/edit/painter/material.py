"""What a defect is painted on, how it is wanted, and how light and films change a surface."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np

from kizu.edit.painter.noise_fields import FloatArray, Rng, Shape, blob
from kizu.imaging.arrays import FloatMap, RgbImage

IS_OBJECT: Final = 0.5
"""Value of the object mask from which a pixel is more object than not."""

_ROOM_TO_DARKEN: Final = 1.3  # contrasts of lightness; by eye: less, and dark paint drowns in black
_SHADOW_CHROMA_L: Final = 8  # by eye: added to L, so that chroma fades slower than light near black
_MAX_CHROMA_GAIN: Final = 1.15  # by eye: more turns highlights on dark ground into neon


@dataclass(frozen=True, eq=False)
class Material:
    """A crop of the photo around the place of the defect, and what was measured on it.

    Attributes:
        lab: (H, W, 3) float32 CIE Lab, L in [0, 100].
        objects: (H, W) float32 in [0, 1], 1 on an object, 0 on plain background.
        tone: Median Lab around the place.
        contrast: Lightness step, in L, that stands out from the material's own texture.
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

    def contrast_sign(self) -> float:
        """-1 where the surface leaves room to darken, +1 where only brightening shows."""
        return -1.0 if self.tone[0] > self.contrast * _ROOM_TO_DARKEN else 1.0


@dataclass(frozen=True)
class DefectParameters:
    """Where, how large and how strong a defect is wanted, in pixels of the crop.

    Attributes:
        x: Column of the centre.
        y: Row of the centre.
        angle_rad: Direction of long shapes; for an edge, the way into the object.
        area_px: Wanted area.
        span_px: Longest extent that fits.
        strength: Contrast multiplier.
        breadth: Width of lines, as a multiple of what is usual; the area stays.
        at_edge: Whether the centre lies on an object's edge.
        at_border: Whether that edge is the photo's own border.
        grain_rad: Direction of the surface's grain; None where it has none.
        branched: Whether a crack branches; None lets it be drawn.
        whole_object: Whether the object that stands there is meant as a whole.
    """

    x: float
    y: float
    angle_rad: float
    area_px: float
    span_px: float
    strength: float = 1.0
    breadth: float = 1.0
    at_edge: bool = False
    at_border: bool = False
    grain_rad: float | None = None
    branched: bool | None = None
    whole_object: bool = False


@dataclass(frozen=True, eq=False)
class PaintedCrop:
    """A crop with the defect painted.

    Attributes:
        lab: (H, W, 3) float32 CIE Lab with the defect.
        body: (H, W) float32 in [0, 1], the defect's own extent, shadows excluded.
    """

    lab: FloatArray
    body: FloatMap


DrawDefect: TypeAlias = Callable[[Material, DefectParameters, Rng], PaintedCrop]


def irregular_ellipse(
    material: Material, params: DefectParameters, *, ratio: float, roughness: float, rng: Rng
) -> tuple[FloatMap, float]:
    """Draw the outline of an irregular ellipse of the wanted area where the defect is wanted.

    Args:
        material: The surface.
        params: Place, direction and area.
        ratio: Long axis over short axis.
        roughness: Border displacement as a fraction of the radius.
        rng: Source of the border's shape.

    Returns:
        (H, W) signed distance to the border in pixels, positive inside, and the short half axis.
    """
    radius = float(np.sqrt(params.area_px / np.pi / ratio))
    centre, radii = (params.x, params.y), (radius * ratio, radius)
    edge = blob(
        material.shape,
        centre,
        radii,
        angle_rad=params.angle_rad,
        roughness=roughness,
        rng=rng,
    )
    return edge, radius


def to_lab(rgb: RgbImage) -> FloatArray:
    """(H, W, 3) uint8 sRGB to float32 CIE Lab (D65)."""
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def to_rgb(lab: FloatArray) -> RgbImage:
    """(H, W, 3) float32 CIE Lab to uint8 sRGB, clipped to its gamut."""
    lab = lab.copy()
    lab[..., 0] = np.clip(lab[..., 0], 0, 100)
    rgb = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.float32)
    return np.clip(np.rint(rgb * 255), 0, 255).astype(np.uint8)


def relight(lab: FloatArray, delta_l: FloatMap) -> FloatArray:
    """Lightness changed as light does it: darker pixels lose chroma too, highlights saturate."""
    before = lab[..., 0]
    room = np.maximum(np.where(delta_l > 0, 100 - before, before), 1e-3)
    step = np.where(delta_l > 0, room, -room) * np.tanh(np.abs(delta_l) / room)
    after = before + step
    chroma = np.clip(
        (after + _SHADOW_CHROMA_L) / np.maximum(before + _SHADOW_CHROMA_L, 1), 0, _MAX_CHROMA_GAIN
    )
    return np.stack([after, lab[..., 1] * chroma, lab[..., 2] * chroma], -1).astype(np.float32)


def alpha_blend(under: FloatArray, over: FloatArray, alpha: FloatMap) -> FloatArray:
    """`over` laid on `under` with opacity `alpha`."""
    return np.asarray(under + (over - under) * alpha[..., None], np.float32)


def absorb(
    lab: FloatArray, density: FloatMap, absorbance: tuple[float, float, float]
) -> FloatArray:
    """The surface seen through a film: Beer-Lambert absorption per linear RGB channel."""
    rgb = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2LRGB), np.float32)
    rgb = np.clip(rgb, 0, 1) * np.exp(-density[..., None] * np.asarray(absorbance, np.float32))
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32), cv2.COLOR_LRGB2LAB), np.float32)
