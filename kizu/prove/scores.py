"""Scores of test pictures, counted per part, so that any drawing of parts is a weighted sum."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import FloatMap, Mask
from kizu.spec import GOOD

BINS: Final = 1024  # AP and AUPRO are then right to 0.003, which a test holds them to
_FINE: Final = 4.0  # bins are 0.003 apart near 0, which is the median of normal pixels
_ENDS: Final = (float(np.arcsinh(-2.0 * _FINE)), float(np.arcsinh(500.0 * _FINE)))
"""What is scored lower or higher counts as the end: no threshold lies among the former."""
_TOP_FRACTION: Final = 0.002  # of a picture's pixels, whose mean score is the picture's


class ScoreCounts:
    """How often which score was given to what, of one model and seed.

    Attributes:
        groups: The parts, in the order of the arrays' first axis.
        positive: Per kind of defect, (groups, ``BINS``): pixels of defects.
        regions: Per kind, (groups, ``BINS``): the same, every connected region summing to 1.
        negative: Per kind and for "good", (groups, ``BINS``): pixels without a defect.
        image_scores: Per kind and for "good": the (part, score) of every picture.
    """

    def __init__(self, groups: Sequence[str], kinds: Sequence[str]) -> None:
        """Start with nothing counted."""
        self.groups = tuple(groups)
        self._row = {group: row for row, group in enumerate(self.groups)}
        shape = (len(self.groups), BINS)
        self.positive = {kind: np.zeros(shape, np.float32) for kind in kinds}
        self.regions = {kind: np.zeros(shape, np.float32) for kind in kinds}
        self.negative = {kind: np.zeros(shape, np.float32) for kind in (*kinds, GOOD)}
        self.image_scores: dict[str, list[tuple[int, float]]] = {
            kind: [] for kind in (*kinds, GOOD)
        }

    def add(self, kind: str, group: str, scores: FloatMap, mask: Mask) -> None:
        """Count a test picture.

        Args:
            kind: Its defect, or "good".
            group: The part it shows.
            scores: (h, w) float32, in spreads of the normal pixels.
            mask: (h, w) bool, its defect.
        """
        row, bins = self._row[group], score_bins(scores)
        self.negative[kind][row] += np.bincount(bins[~mask], minlength=BINS)
        self.image_scores[kind].append((row, image_score(scores)))
        if kind == GOOD or not mask.any():
            return
        self.positive[kind][row] += np.bincount(bins[mask], minlength=BINS)
        count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
        for label in range(1, count):
            inside = bins[labels == label]
            self.regions[kind][row] += np.bincount(inside, minlength=BINS) / len(inside)


def score_bins(scores: FloatMap) -> NDArray[np.intp]:
    """Return the bin of every score; fine around 0, of equal relative width far from it."""
    place = (np.arcsinh(_FINE * scores) - _ENDS[0]) / (_ENDS[1] - _ENDS[0])
    return np.asarray(np.clip((place * BINS).astype(np.intp), 0, BINS - 1))


def image_score(scores: FloatMap) -> float:
    """Return the mean of a picture's highest (h, w) scores."""
    count = max(int(scores.size * _TOP_FRACTION), 1)
    return float(np.partition(scores.ravel(), -count)[-count:].mean())
