"""How far each image model drifts: ranges measured on 22 published before-and-after pairs.

Eight pairs of gpt-image-1.5, six of gpt-image-2, eight of gpt-image-1 at low fidelity (`REDRAW`),
outside the edit: block matching, an affine fit, smoothed flow, a robust fit in Lab, correlation and
amplitude of difference-of-Gaussians bands. With so few, each range is indicative. Painted with
them, unedited photos reach a structural similarity of 0.80-0.93, 0.70-0.87 and 0.23-0.45, against
0.92-0.99, 0.59-0.94 and 0.44-0.86 of the real ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

Range: TypeAlias = tuple[float, float]
"""Smallest and largest value."""
Normal: TypeAlias = tuple[float, float]
"""Mean and standard deviation."""

REFERENCE_SIDE_PX: Final = 1024.0
"""Long side of the picture that all lengths refer to: the size at which the pairs were measured."""


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
    nearby: float = 1.0  # within 6 % of the long side change was 1.6-2.8 times that afar
    redrawn_objects: tuple[int, int] = (0, 0)  # gpt-image-1.5 and 2 keep what stands there


DRIFTS: Final[Mapping[DriftProfile, Drift]] = {
    DriftProfile.GPT_IMAGE_1_5: Drift(
        scale_x=(0.9998, 1.0002),  # measured 0.9996 to 1.0006, most within 0.0001
        scale_y=(0.9998, 1.0002),  # measured 0.9999 to 1.0001
        rotation_deg=(-0.01, 0.01),  # fitted; moves a corner by 0.13 px
        shift_x_px=(-0.1, 0.1),  # measured -0.1 to 0.0
        shift_y_px=(-0.1, 0.1),  # measured 0.0
        warp_rms_px=(0.05, 0.4),  # median residuals 0.02 to 0.36
        warp_length_px=(20, 40),  # residuals are alike over 20-60 px
        lightness=(0.1, 0.9),  # measured -0.8 to 1.1
        a=(-0.3, 0.5),  # measured -1.0 to 0.2
        b=(-1.0, 1.5),  # measured -4.0 to 0.2
        field=(0.5, 1.2),  # low-frequency dE was 0.8 to 4.7, medians of the pairs
        field_length_px=(60, 140),  # a guess: no residual was followed this far
        chroma=(0.88, 1.0),  # measured 0.90 to 1.01, once 0.69
        # measured 0.44-0.93, 0.85-0.98, 0.90-1, 0.95-1
        rho=((0.55, 0.93), (0.85, 0.98), (0.96, 0.99), (0.99, 0.99)),
        # measured 0.87-1.15, 0.85-1.01, 0.90-0.99
        gain=((0.87, 0.98), (0.90, 1.00), (0.93, 0.99), (1.0, 1.0)),
        checkerboard=(0.3, 0.8),  # a guess; a spectral peak of this period was measured
    ),
    DriftProfile.GPT_IMAGE_2: Drift(
        scale_x=(0.9997, 1.0003),  # measured 1.0000 to 1.0006, resized photos aside
        scale_y=(0.9994, 1.0),  # measured 0.9997 to 1.0002
        rotation_deg=(-0.02, 0.02),  # fitted; moves a corner by 0.25 px
        shift_x_px=(-0.1, 0.1),  # measured 0.0 to 0.1
        shift_y_px=(-0.75, -0.45),  # measured -0.7 to -0.3: content moves up
        warp_rms_px=(0.08, 0.3),  # median residuals 0.09 to 0.18; 0.7 where resized
        warp_length_px=(30, 55),  # residuals are alike over 20-60 px
        lightness=(-0.9, 1.0),  # measured -1.4 to 0.0; 3.4 once
        a=(0.0, 0.15),  # measured 0.0 to 0.2
        b=(0.0, 0.3),  # measured -0.2 to 0.5
        field=(0.3, 0.6),  # low-frequency dE was 0.4 to 3.2
        field_length_px=(60, 140),  # a guess, as above
        chroma=(0.96, 1.03),  # measured 0.96 to 1.03
        # measured 0.38-0.75, 0.67-0.87, 0.92-0.98, 0.98-1
        rho=((0.40, 0.62), (0.70, 0.88), (0.93, 0.985), (0.99, 0.99)),
        # measured 0.99-1.53, 0.95-1.06, 0.95-0.97
        gain=((1.0, 1.2), (0.95, 1.05), (0.95, 0.98), (1.0, 1.0)),
        checkerboard=(0.3, 0.8),  # a guess, as above
    ),
    DriftProfile.REDRAW: Drift(
        scale_x=(0.988, 1.012),  # measured 0.989 to 1.025; no fit holds over the picture
        scale_y=(0.955, 0.995),  # measured 0.934 to 1.015, mostly shrunk
        rotation_deg=(-0.4, 0.4),  # fitted, but no fit holds over the picture
        shift_x_px=(-18, -2),  # measured -18.5 to -4.1
        shift_y_px=(-15, -1),  # measured -17.3 to -0.6
        warp_rms_px=(4, 11),  # median residuals 3 to 15
        warp_length_px=(35, 70),  # residuals are alike over 20-60 px
        lightness=(-1.5, 2.0),  # measured -5.7 to 0.1
        a=(1.0, 1.0),  # measured 0.1 to 2.1, once 4.5
        b=(2.5, 1.5),  # measured 1.0 to 6.2: the warm cast
        field=(2.3, 4.5),  # low-frequency dE was 3.2 to 12.8
        field_length_px=(40, 100),  # a guess, as above
        chroma=(1.03, 1.2),  # measured 1.08 to 1.38
        # measured 0.02-0.24, 0.12-0.43, 0.27-0.67, 0.45-0.89, 0.67-0.94
        rho=((0.10, 0.30), (0.25, 0.50), (0.50, 0.75), (0.80, 0.80), (0.93, 0.93)),
        # measured 1.16-1.91, 0.91-1.39, 0.81-1.24
        gain=((1.1, 1.9), (0.95, 1.35), (0.8, 1.1), (1.0, 1.0), (1.0, 1.0)),
        checkerboard=(0.0, 0.0),  # no such peak in its pictures
        nearby=0.0,  # all of the picture is redrawn alike
        redrawn_objects=(1, 4),  # seen: 1 to 4 things added, gone or drawn anew
    ),
}
