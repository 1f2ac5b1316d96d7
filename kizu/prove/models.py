"""What a segmenter is to the proof."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, TypeVar

import numpy as np

from kizu.imaging.arrays import FloatMap, Mask, RgbImage

P = TypeVar("P")
S = TypeVar("S")

Scorer: TypeAlias = Callable[[P], FloatMap]
"""Returns the (h, w) float32 scores of a prepared picture: the higher, the likelier a defect."""


class Model(Protocol[P, S]):
    """A segmenter that is trained on pictures with masks."""

    def prepare(self, image: RgbImage) -> P:
        """Return what its scorers read of an (h, w, 3) uint8 picture."""
        ...

    def sample(self, image: RgbImage, mask: Mask, rng: np.random.Generator) -> S:
        """Return what training reads of an (h, w, 3) uint8 picture and its (h, w) bool mask."""
        ...

    def fit(self, samples: Sequence[S], seed: int) -> Scorer[P]:
        """Train on samples; equal arguments give equal scores."""
        ...
