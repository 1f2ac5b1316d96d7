"""Many normal images, and which of them may be the one a picture was made from."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import FloatMap
from kizu.matching.axis_fit import root_sift
from kizu.matching.features import (
    DETAIL_SIDE_PX,
    THUMBNAIL_SIDE_PX,
    ImageFeatures,
    turned_thumbnails,
)

Candidates: TypeAlias = list[tuple[str, float]]
"""Keys of normals with how likely they are, the likest first."""

_AS_LIKE: Final = 0.05
"""Of the thumbnails' correlation: shots of one part differ by less, and are told by their grain."""
_CLIPPED_DEVIATIONS: Final = 4.0  # median deviations; what stands out farther is the change
_FLAT: Final = 1e-9  # length of a detail that is zero
_VOTING_FEATURES: Final = 60  # strongest of a picture; they are looked for in every normal
_VOTED_FEATURES: Final = 200  # strongest of a normal that they may find
_BLOCK_NORMALS: Final = 32  # normals read at once; 32 x 200 descriptors are 3 MB of floats
_BLOCK_PICTURES: Final = 64  # pictures compared at once with them; 100 MB of floats
_CHANCE_COSINE: Final = 0.85
"""Of two descriptors; the best of some hundred unlike ones reaches it by chance."""


class NormalIndex:
    """Finds candidates among normal images; memory grows by 12 KB a normal image.

    Local features are read again where they are needed, so that they need not fit into memory.
    """

    def __init__(
        self,
        normals: Iterable[tuple[str, ImageFeatures]],
        read: Callable[[str], ImageFeatures],
    ) -> None:
        """Take in the thumbnails of all normals.

        Args:
            normals: Key and features of every normal; run through once.
            read: Returns the features of a normal by its key, from wherever they are kept.
        """
        self.keys: list[str] = []
        thumbnails, details = [], []
        for key, features in normals:
            self.keys.append(key)
            thumbnails.append(features.thumbnail.ravel().astype(np.float32))
            details.append(features.detail.ravel().astype(np.float16))
        self._details = np.array(details, np.float16).reshape(-1, DETAIL_SIDE_PX**2)
        self._thumbnails = np.array(thumbnails, np.float32).reshape(-1, THUMBNAIL_SIDE_PX**2)
        self.read = read

    def __len__(self) -> int:
        """Return how many normals there are."""
        return len(self.keys)

    def nearest_frames(self, picture: ImageFeatures, most: int) -> Candidates:
        """Return the normals whose whole frame looks most like a picture.

        Args:
            picture: What the picture is recognised by.
            most: So many normals at most.

        Returns:
            Keys and correlations of the thumbnails, at the best of four quarter turns, with and
            without the picture's plain border.
        """
        views = np.concatenate(
            [turned_thumbnails(view) for view in (picture.thumbnail, picture.content_thumbnail)]
        )
        by_view = self._thumbnails @ views.T
        likeness = by_view.max(axis=1, initial=0.0)
        alike = np.flatnonzero(likeness >= likeness.max(initial=0.0) - _AS_LIKE)
        if len(alike) > most and np.count_nonzero(likeness > 0) > most:
            turns = int(by_view[alike].sum(axis=0)[:4].argmax())
            shown = turned_thumbnails(picture.detail)[turns]
            likeness[alike] += 1 + self._grain_likeness(alike, shown)
            best = self._best(likeness, most)
            return [(key, value - 1) for key, value in best]
        return self._best(likeness, most)

    def _grain_likeness(self, alike: NDArray[np.int64], shown: FloatMap) -> FloatMap:
        """Return how much a picture's finer detail is like what each of look-alikes has alone.

        Args:
            alike: (N,) places of normals whose frames all look like the picture.
            shown: (4096,) float32, the picture's detail.
        """
        own = self._details[alike].astype(np.float32)
        common = own.mean(axis=0)
        own -= common
        rest = shown - common * (shown @ common) / max(float(common @ common), _FLAT)
        reach = _CLIPPED_DEVIATIONS * float(np.median(np.abs(rest)))
        size = np.maximum(np.linalg.norm(own, axis=1), _FLAT)
        return np.asarray(own @ np.clip(rest, -reach, reach) / size, np.float32)

    def nearest_by_features(self, pictures: Sequence[ImageFeatures], most: int) -> list[Candidates]:
        """Return for every picture the normals that share most local features with it.

        All normals' features are read once, block by block.

        Args:
            pictures: What the pictures are recognised by.
            most: So many normals at most for each.

        Returns:
            Keys and votes: how far the nearest descriptors of a normal are nearer than by chance.
        """
        votes = np.zeros((len(pictures), len(self.keys)), np.float32)
        for first, names, described, starts in self._blocks():
            for start in range(0, len(pictures), _BLOCK_PICTURES):
                block = pictures[start : start + _BLOCK_PICTURES]
                votes[start : start + len(block), first : first + len(names)] = _votes(
                    block, described, starts
                )
        return [self._best(row, most) for row in votes]

    def _blocks(
        self,
    ) -> Iterator[tuple[int, list[str], NDArray[np.float32], NDArray[np.int64]]]:
        """Yield blocks of normals: place of the first, keys, descriptors, first row of each."""
        for first in range(0, len(self.keys), _BLOCK_NORMALS):
            names = self.keys[first : first + _BLOCK_NORMALS]
            described = [_strongest(self.read(name), _VOTED_FEATURES) for name in names]
            lengths = [len(rows) for rows in described]
            starts = np.cumsum([0, *lengths[:-1]])
            yield first, names, np.concatenate(described), starts

    def _best(self, likeness: FloatMap, most: int) -> Candidates:
        order = np.argsort(-likeness, kind="stable")[:most]
        return [
            (self.keys[place], float(likeness[place])) for place in order if likeness[place] > 0
        ]


def _strongest(features: ImageFeatures, most: int) -> NDArray[np.float32]:
    """Return the strongest descriptors, (N, 128); one of zeros where there is none."""
    if not len(features.descriptors):
        return np.zeros((1, 128), np.float32)
    return root_sift(features.descriptors[:most])


def _votes(
    pictures: Sequence[ImageFeatures],
    described: NDArray[np.float32],
    starts: NDArray[np.int64],
) -> FloatMap:
    """Return what the features of pictures say for every normal of a block, (pictures, normals)."""
    asked = [_strongest(picture, _VOTING_FEATURES) for picture in pictures]
    likeness = np.concatenate(asked) @ described.T
    nearest = np.maximum.reduceat(likeness, starts, axis=1)
    beyond = np.maximum(nearest - np.float32(_CHANCE_COSINE), 0)
    firsts = np.cumsum([0, *(len(rows) for rows in asked[:-1])])
    return np.asarray(np.add.reduceat(beyond, firsts, axis=0), np.float32)
