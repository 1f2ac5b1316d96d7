"""Many normal images, and which of them may be the one a picture was made from."""

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np

from kizu.matching.features import ImageFeatures

_VOTING_FEATURES: Final = 60  # strongest of a picture; they are looked for in every normal
_VOTED_FEATURES: Final = 150  # strongest of a normal that they may find
_BLOCK_NORMALS: Final = 128  # normals read at once; 128 x 150 descriptors are 10 MB
_BLOCK_PICTURES: Final = 512  # pictures multiplied at once
_CHANCE_COSINE: Final = 0.8
"""Of two descriptors: what the best of some hundred unlike ones reaches by chance."""


class NormalIndex:
    """Finds candidates among normal images; memory grows by 4 KB a normal image.

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
        thumbnails = []
        for key, features in normals:
            self.keys.append(key)
            thumbnails.append(features.thumbnail.ravel().astype(np.float32))
        self._thumbnails = np.array(thumbnails, np.float32).reshape(len(self.keys), -1)
        self.read = read

    def __len__(self) -> int:
        """Return how many normals there are."""
        return len(self.keys)

    def nearest_frames(
        self, pictures: list[ImageFeatures], most: int
    ) -> list[list[tuple[str, float]]]:
        """Return for every picture the normals whose whole frame looks most like it.

        Args:
            pictures: What the pictures are recognised by.
            most: So many normals at most, the likest first.

        Returns:
            Keys and correlations of the thumbnails, at the best of four quarter turns, with and
            without the picture's plain border.
        """
        return []

    def nearest_by_features(
        self, pictures: list[ImageFeatures], most: int
    ) -> list[list[tuple[str, float]]]:
        """Return for every picture the normals that share most local features with it.

        All normals' features are read once, block by block.

        Args:
            pictures: What the pictures are recognised by.
            most: So many normals at most, the likest first.

        Returns:
            Keys and votes.
        """
        return []
