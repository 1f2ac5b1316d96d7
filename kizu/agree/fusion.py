"""The mask of record: the change, region by region, without what the testimony does not explain.

The diff mask is the best mask there is: intersections, unions and the annotators' own masks all
fit a known truth less, on lines most. One thing it cannot know is which of two changes was asked
for. So where some of the change is explained by what annotators found and some is not, only what is
explained stays, and what looks like it: specks of dust belong together though only some were found.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.agree.candidates import candidate_label, candidates
from kizu.agree.change import Change
from kizu.diff import Status
from kizu.diff.filters import to_lab
from kizu.grounding.encoded import EncodedDetections
from kizu.grounding.postprocess.priors import with_priors
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.crops import MaskCrop, connected_regions, crop_of, union_of
from kizu.imaging.morphology import dilate

DIFF_SOURCE: Final = "kizu-diff"
"""Who drew a region: the comparison with the normal image."""
TESTIMONY_SOURCE: Final = "grounding"
"""Who drew a region where the diff cannot speak: the annotators together."""

NEAR_FRACTION: Final = 12 / 768
"""Of the longer side: a change this near to a testimony is explained by it, and pieces this near to
each other are one region; 12 px were measured at 768 px."""
_RIM_PX: Final = 4  # how wide the surroundings are that a region's colour is compared with
_SAME_LOOK_DELTA_E: Final = 12.0
"""CIE76 between the contrasts of two regions of one look: about half of what two kinds of defect
differ by on one material."""
_SAME_LOOK_RATIO: Final = 0.35
"""Of the stronger contrast, how far two of one look may be apart: dust is not equally dark."""
_SAME_WIDTH_RATIO: Final = 3.0  # of the widest places of two regions of one look


@dataclass(frozen=True, eq=False)
class FusedRegion:
    """One region of the change or of the testimony.

    Attributes:
        crop: Its pixels.
        source: Who drew it.
        is_explained: Whether a testimony touches it.
        is_kept: Whether it belongs to the mask of record.
    """

    crop: MaskCrop
    source: str
    is_explained: bool
    is_kept: bool


@dataclass(frozen=True, eq=False)
class Fused:
    """The mask of record.

    Attributes:
        mask: (H, W) bool.
        regions: What it was chosen from, the largest first.
    """

    mask: Mask
    regions: tuple[FusedRegion, ...]

    @property
    def drops(self) -> bool:
        """True if some of the change does not belong to it."""
        return not all(region.is_kept for region in self.regions)


def fuse(
    change: Change,
    edited: RgbImage,
    testimony: Mapping[str, EncodedDetections],
    region: Mask | None = None,
) -> Fused:
    """Choose the mask of record.

    Args:
        change: What the diff saw.
        edited: (H, W, 3) uint8 RGB, the edited picture.
        testimony: What each annotator found on its grid, by its version.
        region: (H, W) bool, where the defect was asked for, on the same grid.
    """
    if change.status in (Status.NO_NORMAL, Status.REDRAWN):
        label = candidate_label(candidates(testimony, change.shape, region), change.shape)
        if testimony or not change.is_compared:
            return _all_of(label, TESTIMONY_SOURCE)
        return _all_of(change.mask, DIFF_SOURCE)
    near_px = near(change.shape)
    groups = change_regions(change)
    plausible = (with_priors(each, change.shape, region=region) for each in testimony.values())
    found = (crop for each in plausible for crop in each.crops(change.shape))
    reach = within(union_of(found, change.shape), near_px)
    explained = [crop.touches(reach) for crop in groups]
    kept = _kept(groups, explained, edited, change.mask)
    regions = [
        FusedRegion(crop, DIFF_SOURCE, is_explained, is_kept)
        for crop, is_explained, is_kept in zip(groups, explained, kept, strict=True)
    ]
    mask = union_of((each.crop for each in regions if each.is_kept), change.shape)
    return Fused(mask, tuple(regions))


def change_regions(change: Change) -> list[MaskCrop]:
    """Return the regions of a change, the largest first, whatever is said of them."""
    return sorted(regions_of(change.mask, near(change.shape)), key=_by_size)


def near(shape: tuple[int, int]) -> int:
    """Return how many px count as near in an (H, W) picture.

    Example:
        >>> near((768, 512)), near((96, 128))
        (12, 2)
    """
    return max(2, round(NEAR_FRACTION * max(shape)))


def within(mask: Mask, reach_px: float) -> Mask:
    """Return (H, W) bool, true up to so many pixels away from an (H, W) mask."""
    if not mask.any():
        return mask
    distance = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(distance <= reach_px)


def regions_of(mask: Mask, near_px: float) -> Iterator[MaskCrop]:
    """Yield the regions of an (H, W) mask; pieces that lie near each other are one region."""
    for group in connected_regions(within(mask, near_px / 2)):
        inside = group.inside & mask[group.window]
        tight = crop_of(inside)
        yield MaskCrop(group.x0 + tight.x0, group.y0 + tight.y0, tight.inside)


def _all_of(mask: Mask, source: str) -> Fused:
    """Keep a mask as it is."""
    crops = regions_of(mask, near((mask.shape[0], mask.shape[1])))
    regions = (
        FusedRegion(crop, source, is_explained=False, is_kept=True)
        for crop in sorted(crops, key=_by_size)
    )
    return Fused(mask, tuple(regions))


def _by_size(crop: MaskCrop) -> tuple[int, tuple[int, int, int, int]]:
    """Order regions, the largest first."""
    return -crop.area_px, crop.xyxy


def _kept(
    groups: list[MaskCrop], explained: list[bool], edited: RgbImage, changed: Mask
) -> list[bool]:
    """Tell which regions stay: where any is explained, those and what looks like one of them."""
    if all(explained) or not any(explained):
        return [True] * len(groups)
    looks = [_Look.of(crop, edited, changed) for crop in groups]
    asked = [look for look, is_explained in zip(looks, explained, strict=True) if is_explained]
    return [
        is_explained or any(look.is_like(other) for other in asked)
        for look, is_explained in zip(looks, explained, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Look:
    """What a region looks like.

    Attributes:
        contrast: (3,) float64 CIE L*a*b*, its mean colour less that of its surroundings.
        width_px: Its widest place.
    """

    contrast: NDArray[np.float64]
    width_px: float

    @classmethod
    def of(cls, crop: MaskCrop, edited: RgbImage, changed: Mask) -> "_Look":
        """Look at a region of an (H, W, 3) picture, in which an (H, W) mask changed."""
        y, x = crop.window
        y0, x0 = max(y.start - _RIM_PX, 0), max(x.start - _RIM_PX, 0)
        window = slice(y0, y.stop + _RIM_PX), slice(x0, x.stop + _RIM_PX)
        inside = np.zeros(changed[window].shape, np.bool_)
        top, left = y.start - y0, x.start - x0
        inside[top : top + crop.inside.shape[0], left : left + crop.inside.shape[1]] = crop.inside
        rim = dilate(inside, _RIM_PX) & ~changed[window]
        lab = to_lab(edited[window])
        around = lab[rim].mean(axis=0) if rim.any() else lab.reshape(-1, 3).mean(axis=0)
        framed = cv2.copyMakeBorder(inside.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        width = 2 * float(cv2.distanceTransform(framed, cv2.DIST_L2, 3).max())
        return cls(np.asarray(lab[inside].mean(axis=0) - around, np.float64), width)

    def is_like(self, other: "_Look") -> bool:
        """Tell whether two regions may be pieces of one defect."""
        apart = float(np.linalg.norm(self.contrast - other.contrast))
        strongest = float(max(np.linalg.norm(self.contrast), np.linalg.norm(other.contrast)))
        least, most = sorted((self.width_px, other.width_px))
        same_colour = apart <= max(_SAME_LOOK_DELTA_E, _SAME_LOOK_RATIO * strongest)
        return same_colour and most <= _SAME_WIDTH_RATIO * least
