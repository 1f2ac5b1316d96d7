"""What an edit gave back bit for bit: no noise hides a change there, and no mask may lie on it.

A model that redraws a picture never gives a photograph's noise back. So if most of what has noise
came back identical, the edit was made in place: by the painter, by an editor that in-paints, or by
our own composite. Then the smallest visible change is a change, however short or thin.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.filters import magnitude, to_lab
from kizu.diff.settings import DiffSettings
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.crops import connected_regions

_IN_PLACE_FRACTION = 0.6
"""Of pixels, and of those with detail, that came back; x0.7 to x1.4 no effect."""
_SAME_LEVELS = 1  # of 255; what rounding to 8 bits does twice
_ACTIVE_LEVELS = 4.0  # of 255, range of 3 x 3 pixels with detail; x0.7 to x1.4 no effect
_IDENTICAL_FRACTION = 0.6
"""Of the pixels that have noise; redrawn pairs gave back 6 % of them at most, pairs edited in place
75 % and more, and two unlike patterns of two greys half."""
_NOISE_LEVELS = 1  # of 255, range of 3 x 3 pixels; less has no noise to give back
_BLACK, _WHITE = 0, 255  # where a sensor is at its end, and shows no noise
_MIN_NOISY_FRACTION = 0.01  # of the picture; fewer noisy pixels than that tell nothing
_THIN_FACTOR = 2.5  # of the smallest visible change; what the settings promise for thin ones
_PEAK_QUANTILE = 0.9  # of a component's colour differences; its peak, but for single odd pixels
_EDGE_FRACTION = 0.3  # of that peak; where a line drawn with soft edges ends, as people label it


@dataclass(frozen=True)
class CameBack:
    """What of a normal image came back in its edit.

    Attributes:
        identical_fraction: Fraction of pixels that agree within one grey level as they came.
        in_place: Whether the edit kept the normal's detail, so that there is nothing to undo.
        exact: Whether it even gave back all but its change bit for bit.
    """

    identical_fraction: float
    in_place: bool
    exact: bool

    @classmethod
    def of(cls, normal: RgbImage, edited: RgbImage) -> "CameBack":
        """Look at a pair as it came, both (H, W, 3) uint8 RGB; flat ground always agrees."""
        levels = _levels_apart(normal, edited)
        same = levels <= _SAME_LEVELS
        grey = cv2.cvtColor(normal, cv2.COLOR_RGB2GRAY)
        spread = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        active = spread >= _ACTIVE_LEVELS
        fraction = float(same.mean())
        judged = float(same[active].mean()) if active.any() else fraction
        noisy = (spread >= _NOISE_LEVELS) & (grey > _BLACK) & (grey < _WHITE)
        exact = (
            float(noisy.mean()) >= _MIN_NOISY_FRACTION
            and float((levels == 0)[noisy].mean()) > _IDENTICAL_FRACTION
        )
        return cls(fraction, exact or min(fraction, judged) > _IN_PLACE_FRACTION, exact)


def with_exact_changes(
    mask: Mask, normal: RgbImage, edited: RgbImage, settings: DiffSettings
) -> Mask:
    """Add the visible changes that a mask passes over, and take from it what did not change.

    Args:
        mask: (H, W) bool, what stood out of the pair's noise.
        normal: (H, W, 3) uint8 RGB.
        edited: The same shape; an exact edit.
        settings: The smallest visible change, and the smallest area.
    """
    changed = _levels_apart(normal, edited) > 0
    found = mask & changed
    least = settings.min_visible_delta_e
    for region in connected_regions(changed):
        part = region.window
        if region.area_px < settings.min_area_px or found[part][region.inside].any():
            continue
        delta_e = magnitude(to_lab(edited[part]) - to_lab(normal[part]))
        peak = float(np.quantile(delta_e[region.inside], _PEAK_QUANTILE))
        if peak >= _THIN_FACTOR * least:
            found[part] |= region.inside & (delta_e >= max(_EDGE_FRACTION * peak, least))
    return found


def _levels_apart(normal: RgbImage, edited: RgbImage) -> NDArray[np.uint8]:
    """Largest difference of a pixel's channels, (H, W), of 255."""
    red, green, blue = cv2.split(cv2.absdiff(normal, edited))
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)
