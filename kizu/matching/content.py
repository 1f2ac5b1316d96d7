"""Which normal image every picture belongs to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kizu.imaging.arrays import RgbImage
from kizu.imaging.geometry import Geometry
from kizu.matching.features import ImageFeatures
from kizu.matching.index import NormalIndex


class MatchReason(StrEnum):
    """What came of looking for a picture's normal."""

    MATCHED = "matched"
    AMBIGUOUS = "ambiguous"
    NO_MATCH = "no_match"


@dataclass(frozen=True)
class ContentMatch:
    """The normal image a picture belongs to, or why there is none.

    Attributes:
        normal: Key of the normal; None unless matched.
        geometry: The way from the normal to the picture; None unless matched.
        score: Of the best normal, 0 to 1, whether it was good enough or not.
        rivals: Keys of the normals that are equally near, if it is ambiguous; the best one first.
        reason: What came of it.
    """

    normal: str | None
    geometry: Geometry | None
    score: float
    rivals: tuple[str, ...]
    reason: MatchReason


def match_by_content(
    pictures: Mapping[str, ImageFeatures],
    index: NormalIndex,
    open_picture: Callable[[str], RgbImage],
    open_normal: Callable[[str], RgbImage],
) -> dict[str, ContentMatch]:
    """Find the normal of every picture.

    Pictures share the reading of the normals' features, so some hundred at once are cheaper than
    one after the other.

    Args:
        pictures: What every picture is recognised by, under its key.
        index: The normals.
        open_picture: Returns a picture by its key, (H, W, 3) uint8 RGB.
        open_normal: The same for normals.
    """
    raise NotImplementedError
