"""How far the picture drifted, and whether it is still the same picture."""

import numpy as np

from kizu.diff.align.registration import Registration
from kizu.diff.align.tone import Tone
from kizu.diff.result import Drift, DriftMetrics, Status
from kizu.imaging.arrays import Mask

_LOST_MATCH_RATE = 0.3
"""Textured cells that match; fewer are another picture; x0.7 to x1.4 no effect."""
POOR_MATCH_RATE = 0.5  # textured cells that match; fewer are suspect; a majority
_SEEN_DELTA_E = 1.0  # delta E left; less than the least visible difference, 2.3 (Mahy et al. 1994)
RELIT_DELTA_E = 20.0  # delta E; at 23, 7 more of 210 relights pass; drift alone stays below 19
_CAST_DELTA_E = 12.0
"""Delta E in a* and b*; warm light of redraws casts 10 at most, colourised photographs 15 to 61."""
_OTHER_DELTA_E = 8.0  # delta E left everywhere: other contents; x0.7 to x1.4 no effect
_UNSETTLED_PX = 0.18
"""Px; redraws of 28 scenes still ask for 0.17 and more, `warped` for up to 0.15."""
_RESYNTHESISED_DELTA_E = 2.0  # delta E left; blurred pictures leave 0.5, redraws at least 2.4
_STRONG_SHIFT_PX = 3.0  # px; names a grade of drift; no mask or status depends on it
_STRONG_TONE_DELTA_E = 6.0  # delta E; likewise; no mask or status depends on it


def drift_metrics(
    registration: Registration,
    tone: Tone,
    changed: Mask,
    *,
    noise_delta_e: float,
    identical_fraction: float,
    unjudged_fraction: float,
) -> DriftMetrics:
    """Collect what was measured outside a change (H, W).

    The motion is the content's, which is the inverse of the sampling map's.
    """
    affine = registration.affine
    to_edited = np.linalg.inv(np.vstack([affine, [0.0, 0.0, 1.0]]))
    height, width = registration.map_x.shape
    centre = np.array([(width - 1) / 2, (height - 1) / 2, 1.0])
    shift = (to_edited @ centre - centre)[:2]
    return DriftMetrics(
        shift_x_px=float(shift[0]),
        shift_y_px=float(shift[1]),
        scale_x=float(np.hypot(to_edited[0, 0], to_edited[1, 0])),
        scale_y=float(np.hypot(to_edited[0, 1], to_edited[1, 1])),
        rotation_deg=float(np.degrees(np.arctan2(to_edited[1, 0], to_edited[0, 0]))),
        warp_rms_px=registration.warp_rms_px,
        delta_l=tone.offset[0],
        delta_a=tone.offset[1],
        delta_b=tone.offset[2],
        tone_delta_e=float(np.linalg.norm(tone.offset)),
        relight_delta_e=tone.relight_delta_e(changed),
        chroma_gain=tone.chroma_gain,
        noise_delta_e=noise_delta_e,
        identical_fraction=identical_fraction,
        unjudged_fraction=unjudged_fraction,
    )


def grade(
    measured: DriftMetrics,
    match_rate: float,
    residual_px: float,
    cast_delta_e: float,
    *,
    in_place: bool,
) -> Drift:
    """Grade the drift outside the change.

    A picture is redrawn if its detail no longer matches, if no smooth field settles on it and what
    is left still differs, if much is left everywhere, or if light or colour changed over most of
    it. On a blurred picture nothing can settle or match to a fraction of a pixel, and nothing needs
    to: little is left there.

    Args:
        measured: What was measured of it.
        match_rate: Share of textured cells outside the change that match.
        residual_px: What registration still asks for.
        cast_delta_e: What one colour was added by, besides a gain of all chroma.
        in_place: True of a picture that came back as it was.
    """
    if in_place:
        return Drift.NONE
    left = measured.noise_delta_e
    lost = match_rate < _LOST_MATCH_RATE or (match_rate < POOR_MATCH_RATE and left > _SEEN_DELTA_E)
    adrift = residual_px > _UNSETTLED_PX and left > _RESYNTHESISED_DELTA_E
    other = left > _OTHER_DELTA_E or measured.relight_delta_e > RELIT_DELTA_E
    if lost or adrift or other or cast_delta_e > _CAST_DELTA_E:
        return Drift.REDRAWN
    far = np.hypot(measured.shift_x_px, measured.shift_y_px) > _STRONG_SHIFT_PX
    if far or measured.tone_delta_e > _STRONG_TONE_DELTA_E:
        return Drift.STRONG
    return Drift.SLIGHT


def status_of(drift: Drift, *, any_change: bool) -> Status:
    """One word for the whole pair."""
    if drift is Drift.REDRAWN:
        return Status.REDRAWN
    return Status.CHANGED if any_change else Status.UNCHANGED
