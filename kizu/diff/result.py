"""What a comparison answers: where, how much, and how far the rest of the picture drifted."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import FloatMap, Mask

Affine: TypeAlias = NDArray[np.float64]
"""(2, 3) float64; maps (x, y, 1) in pixels, pixel centres on integers."""


class Status(StrEnum):
    """What happened to the picture as a whole."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REDRAWN = "redrawn"
    NO_NORMAL = "no_normal"


class Drift(StrEnum):
    """How far the picture moved away from its normal outside the change."""

    NONE = "none"
    SLIGHT = "slight"
    STRONG = "strong"
    REDRAWN = "redrawn"


@dataclass(frozen=True)
class Region:
    """One connected changed region.

    Attributes:
        xyxy: Box in edited-image pixels; the right and lower ends are exclusive.
        area_px: Number of mask pixels.
        strength: Mean of the anomaly map over the region, in noise-floor units.
    """

    xyxy: tuple[int, int, int, int]
    area_px: int
    strength: float


@dataclass(frozen=True)
class DriftMetrics:
    """What was measured of the drift; plain floats, so that it goes into JSON as it is.

    Attributes:
        shift_x_px: Median displacement of the picture content, rightwards positive.
        shift_y_px: The same, downwards positive.
        scale_x: Size of the edited content relative to the normal's, along x.
        scale_y: The same, along y.
        rotation_deg: Rotation of the edited content, clockwise on the screen positive.
        warp_rms_px: What of the displacement no affine map explains.
        delta_l: Median lightness offset, CIE L*.
        delta_a: Median green-red offset, CIE a*.
        delta_b: Median blue-yellow offset, CIE b*.
        tone_delta_e: Median size of the colour correction.
        relight_delta_e: What nine tenths of the unchanged picture differ by at most, registered but
            not corrected.
        chroma_gain: Chroma of the edit relative to the normal's.
        noise_delta_e: Median colour difference left after registration and colour correction.
        identical_fraction: Fraction of pixels that agree within one grey level as they came.
        unjudged_fraction: Fraction of pixels that have no counterpart in the normal image.
    """

    shift_x_px: float = 0.0
    shift_y_px: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    rotation_deg: float = 0.0
    warp_rms_px: float = 0.0
    delta_l: float = 0.0
    delta_a: float = 0.0
    delta_b: float = 0.0
    tone_delta_e: float = 0.0
    relight_delta_e: float = 0.0
    chroma_gain: float = 1.0
    noise_delta_e: float = 0.0
    identical_fraction: float = 0.0
    unjudged_fraction: float = 0.0


@dataclass(frozen=True, eq=False)
class DiffResult:
    """Where the edited image really differs from its normal, in the edited image's frame.

    Attributes:
        anomaly_map: (H, W) float32, evidence of change in units of the pair's own noise floor;
            finite, never negative; at or above `threshold` exactly where the mask is set.
        mask: (H, W) bool, the calibrated decision.
        judged: (H, W) bool, what has a counterpart in the normal image. Of all else nothing is
            said: the picture moved, and it shows there what lay outside of the normal image.
        threshold: Noise-floor units at which a pixel counts as changed.
        status: Changed here, unchanged, redrawn as a whole, or nothing to compare with.
        drift: Grade of what happened outside the change.
        normal_from_edited: (2, 3) float64, affine part of the geometry.
        registration_residual_px: RMS misfit of the dense registration where it could be judged.
        match_rate: Share of textured cells outside the mask that found their counterpart, 0 to 1.
        regions: Changed regions, largest first.
        tone: The measured drift.
    """

    anomaly_map: FloatMap
    mask: Mask
    judged: Mask
    threshold: float
    status: Status
    drift: Drift
    normal_from_edited: Affine
    registration_residual_px: float
    match_rate: float
    regions: tuple[Region, ...]
    tone: DriftMetrics

    def with_judged(self, judged: Mask) -> "DiffResult":
        """Return the same with other judged pixels (H, W), and the fraction that follows."""
        unjudged = 1 - float(judged.mean())
        return replace(self, judged=judged, tone=replace(self.tone, unjudged_fraction=unjudged))


def not_compared(shape: tuple[int, int]) -> DiffResult:
    """Return what a comparison says of an (H, W) picture that has no normal image: nothing."""
    return DiffResult(
        anomaly_map=np.zeros(shape, np.float32),
        mask=np.zeros(shape, np.bool_),
        judged=np.zeros(shape, np.bool_),
        threshold=0.0,
        status=Status.NO_NORMAL,
        drift=Drift.NONE,
        normal_from_edited=np.eye(2, 3),
        registration_residual_px=0.0,
        match_rate=0.0,
        regions=(),
        tone=DriftMetrics(unjudged_fraction=1.0),
    )
