"""What an edit gave back bit for bit: no noise hides a change there, and no mask may lie on it.

A model that redraws a picture never gives a photograph's noise back. So if most of what has noise
came back identical, or whole patches of it did and end where a visible change begins, the edit was
made in place: by the painter, by an editor that in-paints, or by our own composite. Then the
smallest visible change is a change, however short or thin, and however much of the picture changed.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.diff.align.account import Account
from kizu.diff.align.cells import Cells
from kizu.diff.align.robust import lengths
from kizu.diff.filters import gaussian, magnitude, strips, to_lab
from kizu.diff.settings import DiffSettings
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.crops import connected_regions
from kizu.imaging.morphology import dilate, erode, without_pinholes

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
_PATCH_PX = 15
"""Px a side of a patch that came back whole, most of it noisy: no redraw of 309 gave one back."""
_LEAST_PATCHES = 0.02  # of the picture; edits of 70 % of it in place leave 0.04
_BESIDE_PX = 16  # px from a patch to the change that is asked how it begins
_FADING_LEVELS = 2.0
"""Of 255, median of the change beside patches: light that falls off leaves 1 or 2, edits 3 at least
(median of 84 vignettes, 56 lights from a side, 403 edits)."""
_MOSTLY_ALIKE = 0.9  # of pixels; fewer changed ones would pass for what a drift leaves unexplained
_ROUNDED = 2 / 255  # of the range, left of a cell that is explained; what rounding leaves
_LEFT_FRACTION = 0.2  # of a cell's change, likewise: light and tone are polynomials
_EXPLAINED_FRACTION = 0.94
"""Of the cells, explained by light and tone: of 120 fall-offs and curves 0.98 at least, of edits in
place that take up to nine tenths of the picture 0.89 at most."""
_DETAIL_SIGMA_PX = 1.5  # px; finer is grain
_LOST_DETAIL = 0.5  # of the changed pixels' detail; light takes 0.35 at most, another grain 1.4
_ROUNDED_LEVELS = 0.5  # of 255; what rounding adds to that
_CERTAIN_PX = 64  # noisy pixels of a mark that came back; no chance where a redraw gives 6 % back
_REST_MARGIN_PX = 8  # px around a change that teach no noise; the coarsest blur reaches as far
_LEAST_REST = 0.01  # of the picture; a smaller rest teaches nothing
_PINHOLE_PX = 16  # px; smaller specks of what did not change are alike by chance
_THIN_FACTOR = 2.5  # of the smallest visible change; what the settings promise for thin ones
_PEAK_QUANTILE = 0.9  # of a component's colour differences; its peak, but for single odd pixels
_MARKED_FRACTION = 0.8  # of what shows of a region; with less of it marked, all of that is
_EDGE_FRACTION = 0.3  # of that peak; where a line drawn with soft edges ends, as people label it


@dataclass(frozen=True, eq=False)
class CameBack:
    """What of a normal image came back in its edit.

    Attributes:
        identical_fraction: Fraction of pixels that agree within one grey level as they came.
        in_place: Whether the edit kept the normal's detail, so that there is nothing to undo.
        exact: Whether it even gave back all but its change bit for bit.
        same: (H, W) bool, what came back bit for bit.
        noisy: (H, W) bool, where the normal has noise that could come back.
    """

    identical_fraction: float
    in_place: bool
    exact: bool
    same: Mask
    noisy: Mask

    @classmethod
    def of(cls, normal: RgbImage, edited: RgbImage) -> "CameBack":
        """Look at a pair as it came, both (H, W, 3) uint8 RGB; flat ground always agrees."""
        levels = _levels_apart(normal, edited)
        alike, same = levels <= _SAME_LEVELS, levels == 0
        grey = cv2.cvtColor(normal, cv2.COLOR_RGB2GRAY)
        spread = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        active = spread >= _ACTIVE_LEVELS
        fraction = float(alike.mean())
        judged = float(alike[active].mean()) if active.any() else fraction
        noisy = (spread >= _NOISE_LEVELS) & (grey > _BLACK) & (grey < _WHITE)
        exact = _is_mostly_same(same, noisy) or _has_whole_patches(levels, same, noisy)
        in_place = exact or min(fraction, judged) > _IN_PLACE_FRACTION
        if in_place and fraction < _MOSTLY_ALIKE and _is_drift(normal, edited, ~alike):
            exact = in_place = False
        return cls(fraction, in_place, exact, same, noisy)

    def as_exact(self) -> "CameBack":
        """Return the same of an edit that is known to be exact, however little came back."""
        return replace(self, in_place=True, exact=True)

    def rest(self) -> Mask | None:
        """Return what came back (H, W), away from what did not; None if that is too little."""
        rest = erode(self.same, _REST_MARGIN_PX)
        return rest if float(rest.mean()) >= _LEAST_REST else None

    def contradicts(self, mask: Mask) -> bool:
        """Tell whether a part of a mask (H, W) lies where the noise came back bit for bit.

        Nothing changed there, so it is the rest that did: the picture was edited in place, and what
        was taken for a drift of all of it is the edit.
        """
        if np.count_nonzero(mask & self.noisy & self.same) < _CERTAIN_PX:
            return False
        for region in connected_regions(mask):
            noisy = self.noisy[region.window] & region.inside
            kept = np.count_nonzero(noisy & self.same[region.window])
            if kept >= _CERTAIN_PX and kept > _IDENTICAL_FRACTION * np.count_nonzero(noisy):
                return True
        return False


def with_exact_changes(
    mask: Mask, normal: RgbImage, edited: RgbImage, settings: DiffSettings
) -> Mask:
    """Add the visible changes that a mask passes over, and take from it what did not change.

    Specks that did not are alike by chance and leave no holes.

    Args:
        mask: (H, W) bool, what stood out of the pair's noise.
        normal: (H, W, 3) uint8 RGB.
        edited: The same shape; an exact edit.
        settings: The smallest visible change, and the smallest area.
    """
    changed = _levels_apart(normal, edited) > 0
    found = mask & without_pinholes(changed, _PINHOLE_PX)
    least = settings.min_visible_delta_e
    for region in connected_regions(changed):
        part = region.window
        if region.area_px < settings.min_area_px:
            continue
        delta_e = _delta_e(normal[part], edited[part])
        peak = float(np.quantile(delta_e[region.inside], _PEAK_QUANTILE))
        shown = region.inside & (delta_e >= max(_EDGE_FRACTION * peak, least))
        if peak >= _THIN_FACTOR * least and float(found[part][shown].mean()) < _MARKED_FRACTION:
            found[part] |= shown
    return found


def _is_mostly_same(same: Mask, noisy: Mask) -> bool:
    known, kept = np.count_nonzero(noisy), np.count_nonzero(noisy & same)
    return bool(known >= _MIN_NOISY_FRACTION * noisy.size and kept > _IDENTICAL_FRACTION * known)


def _has_whole_patches(levels: NDArray[np.uint8], same: Mask, noisy: Mask) -> bool:
    """Tell whether patches came back whole and end where a change begins, and do not fade.

    Where light falls off, a part that it leaves alone comes back whole as well, but fades out.
    """
    if float((same & noisy).mean()) < _LEAST_PATCHES / 2:  # half of a patch is noisy
        return False
    patch = np.ones((_PATCH_PX, _PATCH_PX), np.uint8)
    whole = cv2.erode(same.view(np.uint8), patch, borderValue=0) > 0
    most_noisy = cv2.boxFilter(noisy.astype(np.float32), -1, (_PATCH_PX, _PATCH_PX)) > 0.5
    patches = cv2.dilate((whole & most_noisy).view(np.uint8), patch) > 0
    beside = ~same & dilate(patches, _BESIDE_PX)
    if float(patches.mean()) < _LEAST_PATCHES or not beside.any():
        return False
    return float(np.median(levels[beside])) > _FADING_LEVELS


def _is_drift(normal: RgbImage, edited: RgbImage, changed: Mask) -> bool:
    """Tell whether tone and light, which know no edges, explain nearly all cells.

    They leave alone what is dark, and it comes back as if the rest had been edited in place. Grain
    comes back under them; of a surface that was drawn anew only the averages do.
    """
    if _has_other_detail(normal, edited, changed):
        return False
    cells = Cells.of(normal, edited, np.ones(normal.shape[:2], np.bool_))
    left, change = (
        lengths((cells.edited - before).T)
        for before in (Account.of(cells).predict(cells), cells.rgb)
    )
    explained = left < np.maximum(_ROUNDED, _LEFT_FRACTION * change)
    return float(explained.mean()) > _EXPLAINED_FRACTION


def _has_other_detail(normal: RgbImage, edited: RgbImage, changed: Mask) -> bool:
    """Tell whether what changed (H, W) lost more of its detail than tone and light take."""
    before, after = (_detail(image)[changed] for image in (normal, edited))
    lost = float(np.abs(after - before).mean())
    return lost > _LOST_DETAIL * float(np.abs(before).mean()) + _ROUNDED_LEVELS


def _detail(image: RgbImage) -> FloatMap:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return grey - gaussian(grey, _DETAIL_SIGMA_PX)


def _delta_e(normal: RgbImage, edited: RgbImage) -> FloatMap:
    """Colour difference of every pixel, (H, W), with no more than a strip in three colours."""
    found = np.empty(normal.shape[:2], np.float32)
    for rows in strips(len(normal)):
        found[rows] = magnitude(to_lab(edited[rows]) - to_lab(normal[rows]))
    return found


def _levels_apart(normal: RgbImage, edited: RgbImage) -> NDArray[np.uint8]:
    """Largest difference of a pixel's channels, (H, W), of 255."""
    red, green, blue = cv2.split(cv2.absdiff(normal, edited))
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)
