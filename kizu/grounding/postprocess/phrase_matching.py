"""Names the boxes of models that score every box against every phrase."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kizu.grounding.detections import Detections
from kizu.grounding.settings import GroundingSettings
from kizu.imaging.arrays import Boxes


def best_matches(
    scores: NDArray[np.float32],
    xyxy: Boxes,
    phrases: Sequence[str],
    settings: GroundingSettings,
    default_threshold: float,
) -> tuple[Detections, NDArray[np.intp]]:
    """Give each box the phrase it matches best and drop those below that phrase's threshold.

    Args:
        scores: (Q, P) float32, how well box q matches phrase p.
        xyxy: (Q, 4) float32 pixels.
        phrases: P phrases.
        settings: The user's thresholds.
        default_threshold: The system's own, where the user gave none.

    Returns:
        The N named boxes without masks, and their (N,) rows in `scores`.

    >>> scores = np.array([[0.2, 0.9], [0.1, 0.3]], np.float32)
    >>> boxes, rows = best_matches(
    ...     scores, np.zeros((2, 4), np.float32), ["a hole", "a chip"], GroundingSettings(), 0.5
    ... )
    >>> boxes.phrase, rows.tolist()
    (('a chip',), [0])
    """
    column = scores.argmax(axis=1)
    best = scores[np.arange(len(scores)), column]
    least = np.array([settings.threshold_of(phrase, default_threshold) for phrase in phrases])
    rows = np.flatnonzero(best >= least[column])
    named = tuple(phrases[c] for c in column[rows])
    return Detections(xyxy[rows], None, best[rows], named), rows
