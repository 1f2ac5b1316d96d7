"""How far each image model drifts: ranges measured on published before-and-after pairs."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

Range: TypeAlias = tuple[float, float]
"""Smallest and largest value."""
Normal: TypeAlias = tuple[float, float]
"""Mean and standard deviation."""

REFERENCE_SIDE_PX: Final = 1024.0
"""Long side of the picture that all lengths refer to."""


class DriftProfile(StrEnum):
    """Whose redraw is imitated."""

    NONE = "none"
    GPT_IMAGE_1_5 = "gpt-image-1.5"
    GPT_IMAGE_2 = "gpt-image-2"
    REDRAW = "redraw"


@dataclass(frozen=True)
class Drift:
    """Ranges of one profile; lengths in pixels of a picture 1024 on its long side.

    Attributes:
        scale_x: Horizontal scale about the centre.
        scale_y: Vertical scale about the centre.
        rotation_deg: Rotation about the centre.
        shift_x_px: Horizontal shift of the content.
        shift_y_px: Vertical shift of the content.
        warp_rms_px: Root mean square length of the local displacement.
        warp_length_px: Its correlation length.
        lightness: Lightness offset.
        a: Offset on the green-red axis.
        b: Offset on the blue-yellow axis.
        field: Standard deviation of the low-frequency lightness field.
        field_length_px: Its correlation length.
        chroma: Chroma gain.
        rho: Correlation of each texture band with the input, finest first.
        gain: Amplitude of each texture band, finest first.
        checkerboard: Amplitude of the 2-pixel pattern in grey levels.
        nearby: How much more warp and lost texture there is close to the edit (1: twice as much).
        redrawn_objects: How many places show something else (min, max).
    """

    scale_x: Range
    scale_y: Range
    rotation_deg: Range
    shift_x_px: Range
    shift_y_px: Range
    warp_rms_px: Range
    warp_length_px: Range
    lightness: Normal
    a: Normal
    b: Normal
    field: Range
    field_length_px: Range
    chroma: Range
    rho: tuple[Range, ...]
    gain: tuple[Range, ...]
    checkerboard: Range
    nearby: float = 1.0
    redrawn_objects: tuple[int, int] = (0, 0)


DRIFTS: Final[Mapping[DriftProfile, Drift]] = {
    DriftProfile.GPT_IMAGE_1_5: Drift(
        scale_x=(0.9998, 1.0002),
        scale_y=(0.9998, 1.0002),
        rotation_deg=(-0.01, 0.01),
        shift_x_px=(-0.1, 0.1),
        shift_y_px=(-0.1, 0.1),
        warp_rms_px=(0.05, 0.4),
        warp_length_px=(20, 40),
        lightness=(0.1, 0.9),
        a=(-0.3, 0.5),
        b=(-1.0, 1.5),
        field=(0.5, 1.2),
        field_length_px=(60, 140),
        chroma=(0.88, 1.0),
        rho=((0.55, 0.93), (0.85, 0.98), (0.96, 0.99), (0.99, 0.99)),
        gain=((0.87, 0.98), (0.90, 1.00), (0.93, 0.99), (1.0, 1.0)),
        checkerboard=(0.3, 0.8),
    ),
    DriftProfile.GPT_IMAGE_2: Drift(
        scale_x=(0.9997, 1.0003),
        scale_y=(0.9994, 1.0),
        rotation_deg=(-0.02, 0.02),
        shift_x_px=(-0.1, 0.1),
        shift_y_px=(-0.75, -0.45),
        warp_rms_px=(0.08, 0.3),
        warp_length_px=(30, 55),
        lightness=(-0.9, 1.0),
        a=(0.0, 0.15),
        b=(0.0, 0.3),
        field=(0.3, 0.6),
        field_length_px=(60, 140),
        chroma=(0.96, 1.03),
        rho=((0.40, 0.62), (0.70, 0.88), (0.93, 0.985), (0.99, 0.99)),
        gain=((1.0, 1.2), (0.95, 1.05), (0.95, 0.98), (1.0, 1.0)),
        checkerboard=(0.3, 0.8),
    ),
    DriftProfile.REDRAW: Drift(
        scale_x=(0.988, 1.012),
        scale_y=(0.955, 0.995),
        rotation_deg=(-0.4, 0.4),
        shift_x_px=(-18, -2),
        shift_y_px=(-15, -1),
        warp_rms_px=(4, 11),
        warp_length_px=(35, 70),
        lightness=(-1.5, 2.0),
        a=(1.0, 1.0),
        b=(2.5, 1.5),
        field=(2.3, 4.5),
        field_length_px=(40, 100),
        chroma=(1.03, 1.2),
        rho=((0.10, 0.30), (0.25, 0.50), (0.50, 0.75), (0.80, 0.80), (0.93, 0.93)),
        gain=((1.1, 1.9), (0.95, 1.35), (0.8, 1.1), (1.0, 1.0), (1.0, 1.0)),
        checkerboard=(0.0, 0.0),
        nearby=0.0,
        redrawn_objects=(1, 4),
    ),
}
