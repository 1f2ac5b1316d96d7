"""Which normal image every picture belongs to: candidates, geometry, and who is surely nearest."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from kizu.imaging.arrays import RgbImage
from kizu.imaging.geometry import Geometry
from kizu.matching.features import ImageFeatures
from kizu.matching.geometry import Match, find_geometry
from kizu.matching.index import NormalIndex
from kizu.matching.rivals import prefer

Found: TypeAlias = dict[str, Match]
"""The normals that agree with a picture, by their keys."""

_FRAMES: Final = 6  # normals looked at whose whole frame looks like the picture
_BY_FEATURES: Final = 6  # normals looked at that share features with it
_CLEAR_SCORE: Final = 0.8  # beyond it nothing better is looked for by features
_CLEAR_CORRELATION: Final = 0.5  # of thumbnails, likewise: less may be a part of another frame
_RIVALS: Final = 8  # normals that the likeliest one is compared with, one by one
_RIVAL_SCORE: Final = 0.15
"""Below the best score: farther ones need no comparison; near-duplicates differ by 0.05 at most."""


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
    search = _Search(index, open_normal)
    found: dict[str, Found] = {}
    unclear = []
    for key, features in pictures.items():
        frames = index.nearest_frames(features, _FRAMES)
        found[key] = search.look(open_picture(key), features, [name for name, _ in frames])
        best = max((match.score for match in found[key].values()), default=0.0)
        if best < _CLEAR_SCORE or frames[0][1] < _CLEAR_CORRELATION:
            unclear.append(key)
    voted = index.nearest_by_features([pictures[key] for key in unclear], _BY_FEATURES)
    for key, candidates in zip(unclear, voted, strict=True):
        more = [name for name, _ in candidates if name not in found[key]]
        found[key] |= search.look(open_picture(key), pictures[key], more)
    return {key: search.decide(open_picture(key), found[key]) for key in pictures}


class _Search:
    """Looks at single normals, opened where they are needed."""

    def __init__(self, index: NormalIndex, open_normal: Callable[[str], RgbImage]) -> None:
        self._index = index
        self._open = open_normal

    def look(self, picture: RgbImage, features: ImageFeatures, names: Iterable[str]) -> Found:
        """Return how the picture lies on those of the normals that it agrees with."""
        matches = {
            name: find_geometry(self._open(name), picture, self._index.read(name), features)
            for name in names
        }
        return {name: match for name, match in matches.items() if match is not None}

    def decide(self, picture: RgbImage, found: Found) -> ContentMatch:
        """Choose the normal that is surely nearest, or name those that are equally near."""
        ranked = sorted(found, key=lambda name: -found[name].score)
        if not ranked:
            return ContentMatch(None, None, 0.0, (), MatchReason.NO_MATCH)
        top = found[ranked[0]].score
        near = [name for name in ranked if found[name].score >= top - _RIVAL_SCORE][:_RIVALS]
        winner, rivals = self._winner(picture, found, near)
        score = found[winner].score
        if rivals:
            return ContentMatch(None, None, score, (winner, *rivals), MatchReason.AMBIGUOUS)
        return ContentMatch(winner, found[winner].geometry, score, (), MatchReason.MATCHED)

    def _winner(
        self, picture: RgbImage, found: Found, near: list[str]
    ) -> tuple[str, tuple[str, ...]]:
        """Return who beats most of the others, and who is not surely beaten by it."""
        winner = near[0]
        for name in near[1:]:
            if self._prefer(picture, found, winner, name) < 0:
                winner = name
        others = [name for name in near if name != winner]
        equal = [name for name in others if self._prefer(picture, found, winner, name) <= 0]
        return winner, tuple(equal)

    def _prefer(self, picture: RgbImage, found: Found, first: str, second: str) -> int:
        """Return 1 if the first normal surely is nearer, -1 if the second is, else 0."""
        pair = [(self._open(name), found[name].geometry) for name in (first, second)]
        answer = prefer(picture, pair[0], pair[1])
        return int(answer.first) - int(answer.second)
