"""How strongly a picture drifts besides its edit, in five levels; all keep it the same picture."""

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
from drifts import PRESERVING, Drift

from kizu.edit.painter import Painting
from kizu.edit.painter.drift_profiles import DRIFTS, DriftProfile
from kizu.edit.painter.drift_profiles import Drift as Ranges
from kizu.edit.painter.drift_texture import resynthesise
from kizu.edit.painter.material import to_lab, to_rgb
from kizu.edit.painter.noise_fields import grid, smooth_noise

_REFERENCE_PX: Final = 1024  # long side that lengths refer to
_LOST: Final = Ranges(
    **{
        **vars(DRIFTS[DriftProfile.REDRAW]),
        "rho": ((0.0, 0.1), (0.1, 0.3), (0.45, 0.65), (0.9, 0.95), (0.98, 0.98)),
        "gain": ((0.9, 1.3), (0.9, 1.1), (0.95, 1.05), (1.0, 1.0), (1.0, 1.0)),
    }
)
"""Texture of a picture that was drawn at half its size: the finest two bands are other grain."""


def half_resolution(painting: Painting, seed: int) -> Painting:
    """Draw a picture anew as from half its size; the truth moves along.

    Fine texture is other texture, contents move by up to 3 px at a side of 1024, contrast follows
    a curve, colours are richer, and the light is uneven.
    """
    rng = np.random.default_rng((seed, *b"half resolution"))
    height, width = painting.truth.shape
    shape, unit = (height, width), max(height, width) / _REFERENCE_PX
    lab = to_lab(painting.image)
    lab[..., 0] = resynthesise(lab[..., 0], _LOST, unit, np.zeros(shape, np.float32), rng)
    curve = float(rng.uniform(0.05, 0.2)) * np.sin(2 * np.pi * lab[..., 0] / 100) * -100 / 6
    lab[..., 0] = (lab[..., 0] + curve) * (1 + 0.02 * smooth_noise(shape, 220 * unit, rng))
    lab[..., 1:] *= np.float32(rng.uniform(1.0, 1.15))
    lab[..., 2] += np.float32(rng.uniform(0, 3))
    length_px, reach_px = 90 * unit, float(rng.uniform(0.5, 1.2)) * unit
    along, across = grid(shape, (width - 1) / 2, (height - 1) / 2, 0.0)
    x, y = (
        (axis + middle + reach_px * smooth_noise(shape, length_px, rng)).astype(np.float32)
        for axis, middle in ((along, (width - 1) / 2), (across, (height - 1) / 2))
    )
    image = cv2.remap(to_rgb(lab), x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    truth = cv2.remap(painting.truth.astype(np.float32), x, y, cv2.INTER_LINEAR) > 0.5
    return Painting(np.asarray(image, np.uint8), np.asarray(truth))


LEVELS: Final[Mapping[int, Drift]] = dict(enumerate([*PRESERVING.values(), half_resolution]))
"""None, two models' redraws, several pixels of motion with new tones and noise, half resolution."""
