"""Which normal image every picture belongs to: candidates, geometry, and who is surely nearest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import cv2
import numpy as np

from kizu.imaging.arrays import RgbImage
from kizu.imaging.geometry import Geometry
from kizu.matching.agreement import agreement
from kizu.matching.features import ImageFeatures
from kizu.matching.geometry import Match, find_geometry
from kizu.matching.index import NormalIndex
from kizu.matching.rivals import prefer

Found: TypeAlias = dict[str, Match]
"""The normals that agree with a picture, by their keys."""

_FRAMES: Final = 6  # normals looked at whose whole frame looks like the picture
_MORE_FRAMES: Final = 24
"""The same of a picture that was found on none surely; of 113 magnetic tiles the own one was past
the sixth place once."""
_SHOTS: Final = 12
"""The same where more look as like; of 300 shots of one part the own one came eleventh at most,
where the whole frame was kept and not redrawn."""
_AS_LIKE: Final = 0.05  # of the thumbnails' correlation; shots of one part differ by less
_BY_FEATURES: Final = 6  # normals looked at that share features with it
_CLEAR_SCORE: Final = 0.8  # beyond it nothing better is looked for by features
_CLEAR_CORRELATION: Final = 0.5  # of thumbnails, likewise: less may be a part of another frame
_CHALLENGERS: Final = 3
"""Other candidates that a doubtful normal must beat, though the picture was not found on them: of
products of one kind the own normal may be the one that was passed over."""
_UNDOUBTED_SCORE: Final = 0.9  # best wrong normals of magnetic tiles reached 0.75
_RIVALS: Final = 6  # normals that the likeliest one is compared with, one by one
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
    """

    normal: str | None
    geometry: Geometry | None
    score: float
    rivals: tuple[str, ...] = ()

    @property
    def reason(self) -> MatchReason:
        """What came of looking."""
        if self.normal is not None:
            return MatchReason.MATCHED
        return MatchReason.AMBIGUOUS if self.rivals else MatchReason.NO_MATCH


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
    seen: dict[str, list[str]] = {}
    unclear = []
    for key, features in pictures.items():
        frames = index.nearest_frames(features, _MORE_FRAMES)
        seen[key] = [name for name, _ in frames[:_FRAMES]]
        found[key] = search.look(open_picture(key), features, seen[key])
        best = max((match.score for match in found[key].values()), default=0.0)
        clear = best >= _CLEAR_SCORE and frames[0][1] >= _CLEAR_CORRELATION
        as_like = frames[_FRAMES:] and frames[_FRAMES][1] >= frames[0][1] - _AS_LIKE
        if not clear or as_like:
            more = [name for name, _ in frames[_FRAMES : None if not clear else _SHOTS]]
            found[key] |= search.look(open_picture(key), features, more)
            seen[key] += more
        if not clear:
            unclear.append(key)
    voted = index.nearest_by_features([pictures[key] for key in unclear], _BY_FEATURES)
    for key, candidates in zip(unclear, voted, strict=True):
        voted_for = [name for name, _ in candidates]
        more = [name for name in voted_for if name not in seen[key]]
        found[key] |= search.look(open_picture(key), pictures[key], more)
        seen[key] = [*voted_for, *(name for name in seen[key] if name not in voted_for)]
    return {key: search.decide(open_picture(key), found[key], seen[key]) for key in pictures}


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

    def decide(self, picture: RgbImage, found: Found, seen: Sequence[str]) -> ContentMatch:
        """Choose the normal that is surely nearest, or name those that are equally near.

        Args:
            picture: (H, W, 3) uint8 RGB.
            found: The normals that the picture was found on.
            seen: All normals that were looked at, the likeliest first.
        """
        ranked = sorted(found, key=lambda name: -found[name].score)
        if not ranked:
            return ContentMatch(None, None, 0.0)
        top = found[ranked[0]].score
        close = [name for name in ranked if found[name].score >= top - _RIVAL_SCORE]
        likely = sorted(close, key=list(seen).index)  # shots of one part score alike
        near = list(dict.fromkeys([*likely[: _RIVALS - 1], ranked[0]]))
        winner, rivals = self._winner(picture, found, near)
        best = found[winner]
        if not rivals and best.score < _UNDOUBTED_SCORE:
            others = [name for name in (*ranked, *seen) if name not in near]
            rivals = self._unbeaten(picture, winner, best, list(dict.fromkeys(others)))
        if rivals:
            return ContentMatch(None, None, best.score, (winner, *rivals))
        return ContentMatch(winner, best.geometry, best.score)

    def _unbeaten(
        self, picture: RgbImage, winner: str, match: Match, others: list[str]
    ) -> tuple[str, ...]:
        """Return which of others agree as well, seen as the winner is, and are not beaten."""
        normal = self._open(winner)
        size = normal.shape[1], normal.shape[0]
        unbeaten = []
        for name in others[:_CHALLENGERS]:
            other = self._open(name)
            resized = np.asarray(cv2.resize(other, size, interpolation=cv2.INTER_AREA), np.uint8)
            alike = agreement(resized, picture, match.geometry).score >= match.score - _RIVAL_SCORE
            pair = (normal, match.geometry), (resized, match.geometry)
            if alike and not prefer(picture, *pair).first:
                unbeaten.append(name)
        return tuple(unbeaten)

    def _winner(
        self, picture: RgbImage, found: Found, near: list[str]
    ) -> tuple[str, tuple[str, ...]]:
        """Return who beats most of the others, and who is not surely beaten by it."""
        winner, asked = near[0], dict[str, int]()
        for name in near[1:]:
            asked[name] = self._prefer(picture, found, winner, name)
            if asked[name] < 0:
                winner, asked = name, {winner: 1}
        for name in near:
            if name != winner and name not in asked:
                asked[name] = self._prefer(picture, found, winner, name)
        return winner, tuple(name for name, answer in asked.items() if answer <= 0)

    def _prefer(self, picture: RgbImage, found: Found, first: str, second: str) -> int:
        """Return 1 if the first normal surely is nearer, -1 if the second is, else 0."""
        pair = [(self._open(name), found[name].geometry) for name in (first, second)]
        answer = prefer(picture, pair[0], pair[1])
        return int(answer.first) - int(answer.second)
