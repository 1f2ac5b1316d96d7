"""A large part that was replaced, under drift: what is left of the picture is the rule.

Robust fits take the larger part of a picture for the rule. Where more than half of it shows
something else, the light and the place of that are what the picture is corrected by, and the pair
is graded as redrawn. Of a picture that was redrawn as a whole no part looks as it did; where one
does, the pair is compared once more, with everything learned there.
"""

import cv2
import numpy as np

from kizu.diff.align.registration import Registration
from kizu.diff.filters import cell_averages, enlarge
from kizu.diff.grading import RELIT_DELTA_E
from kizu.diff.result import Affine, DiffResult, Drift
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.borders import mirrored_border

_LEAST_KEPT = 0.15  # of the picture, to learn from; x0.7 and x1.4 no effect
_MOST_KEPT = 2 / 3
"""Of the picture; what replaces less is found without. At 0.9, 3 of 377 turned or mirrored products
on their ground are taken for a replaced part."""
_COVERED = 0.95  # of what looks otherwise is marked; at 0.9 another picture of 28 is taken for one
_LEAST_BESIDE = 0.1
"""Of the textured cells beside the marks, for plain ground matches any picture; x1.4 loses one of
12 worn tiles."""
_KEPT_MATCHES = 0.6
"""Of these; worn tiles have 0.64 and more. At 0.5, 2 of 377 other pictures are taken for one."""
_REPLACED_MATCHES = 0.5  # of those inside the marks; x0.7 and x1.4 no effect on tiles
_BESIDE, _INSIDE = 0.05, 0.95  # of a cell marked


def kept_part(difference: FloatMap, shape: tuple[int, ...]) -> Mask | None:
    """Return where a picture may look as it did, (H, W); None if that is nearly nothing or all.

    Args:
        difference: (h, w) float32 delta E before any correction; NaN where nobody knows, which is
            left as it is.
        shape: (H, W), and maybe more.
    """
    near = (~(difference >= RELIT_DELTA_E)).astype(np.float32)
    kept = np.asarray(enlarge(near, shape) > 0.5)  # the nearer cell
    return kept if _LEAST_KEPT <= float(kept.mean()) <= _MOST_KEPT else None


def with_kept_part(normal: RgbImage, edited: RgbImage, kept: Mask, affine: Affine) -> RgbImage:
    """Return the edit with the moved normal where it is not kept: nothing there misleads.

    Args:
        normal: (H, W, 3) uint8 RGB.
        edited: The same shape.
        kept: (H, W) bool.
        affine: From edited to normal pixels, as far as the whole picture told.
    """
    moved = cv2.warpAffine(
        normal,
        affine,
        (edited.shape[1], edited.shape[0]),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=mirrored_border(normal),
    )
    return np.where(kept[..., None], edited, np.asarray(moved, np.uint8))


def is_replaced(result: DiffResult, kept: Mask, before: Registration, after: Registration) -> bool:
    """Tell whether a comparison that learned from a kept part is what happened.

    All that looks otherwise must be marked, and beside it enough detail must match. Inside, detail
    must be lost: where it is left, the picture was lit otherwise.

    Args:
        result: Of that comparison.
        kept: (H, W) bool.
        before: What all of the picture told of its place.
        after: What the kept part told of it.
    """
    if result.drift is Drift.REDRAWN or float(result.mask[~kept].mean()) < _COVERED:
        return False
    textured = ~np.isnan(before.agreement)
    marked = cell_averages(result.mask.astype(np.float32), textured.shape)
    beside, inside = textured & (marked < _BESIDE), textured & (marked > _INSIDE)
    return bool(
        np.count_nonzero(beside) >= max(_LEAST_BESIDE * np.count_nonzero(textured), 1)
        and after.matched[beside].mean() >= _KEPT_MATCHES
        and np.count_nonzero(before.matched[inside]) <= _REPLACED_MATCHES * np.count_nonzero(inside)
    )
