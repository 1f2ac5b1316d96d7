"""The mask of record: the change, region by region, without what the testimony does not explain.

The diff mask is the best mask there is: intersections, unions and the annotators' own masks all
fit a known truth less, on lines most. One thing it cannot know is which of two changes was asked
for. So where some of the change is explained by what annotators found and some is not, only what is
explained stays, and what looks like it: specks of dust belong together though only some were found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kizu.agree.candidates import candidate_label, candidates
from kizu.agree.change import Change
from kizu.agree.explained import explained_by
from kizu.agree.look import Look
from kizu.agree.regions import regions_by_size
from kizu.diff import Status
from kizu.grounding.encoded import EncodedDetections
from kizu.grounding.postprocess.priors import with_priors
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.crops import MaskCrop, union_of

DIFF_SOURCE: Final = "kizu-diff"
"""Who drew a region: the comparison with the normal image."""
TESTIMONY_SOURCE: Final = "grounding"
"""Who drew a region where the diff cannot speak: the annotators together."""


@dataclass(frozen=True, eq=False)
class FusedRegion:
    """One region of the change or of the testimony.

    Attributes:
        crop: Its pixels.
        source: Who drew it.
        explained_by: The annotators of which a detection explains it, in order.
        is_kept: Whether it belongs to the mask of record.
    """

    crop: MaskCrop
    source: str
    explained_by: tuple[str, ...]
    is_kept: bool

    @property
    def is_explained(self) -> bool:
        """Whether a testimony explains it."""
        return bool(self.explained_by)


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
    groups = regions_by_size(change.mask)
    plausible = {
        annotator: with_priors(each, change.shape, region=region)
        for annotator, each in testimony.items()
    }
    speaking = explained_by(groups, plausible, edited, change.mask)
    kept = _kept(groups, list(map(bool, speaking)), edited, change.mask)
    regions = [
        FusedRegion(crop, DIFF_SOURCE, by, is_kept)
        for crop, by, is_kept in zip(groups, speaking, kept, strict=True)
    ]
    mask = union_of((each.crop for each in regions if each.is_kept), change.shape)
    return Fused(mask, tuple(regions))


def _all_of(mask: Mask, source: str) -> Fused:
    """Keep a mask as it is."""
    regions = (
        FusedRegion(crop, source, explained_by=(), is_kept=True) for crop in regions_by_size(mask)
    )
    return Fused(mask, tuple(regions))


def _kept(
    groups: Sequence[MaskCrop], explained: Sequence[bool], edited: RgbImage, changed: Mask
) -> list[bool]:
    """Tell which regions stay: where any is explained, those and what looks like one of them."""
    if all(explained) or not any(explained):
        return [True] * len(groups)
    looks = [Look.of(crop, edited, changed) for crop in groups]
    asked = [look for look, is_explained in zip(looks, explained, strict=True) if is_explained]
    return [
        is_explained or any(look.is_like(other) for other in asked)
        for look, is_explained in zip(looks, explained, strict=True)
    ]
