"""How sure a sample is, as one number: fixed before any review, which then only sets the cut.

A score fitted on the reviews that prove a bound would prove nothing. This one was fitted on pairs
with a known truth (``benchmarks/agreement/fit_score.py``); its version is the verdict's.
"""

import math
from typing import Final

from kizu.agree.figures import Figures

BIAS: Final = -1.4
WEIGHTS: Final = {"sharp_fraction": 2.1, "mask_iou": 2.1, "box_iou": 1.6}
"""Of the logistic model; a figure that is missing counts as 0. More figures rank no better: what is
unexplained is left out of the mask of record, and confidence tells nothing of a mask."""


def score(figures: Figures) -> float:
    """Return how sure a sample is, 0 to 1; higher is surer.

    Example:
        >>> score(Figures(sharp_fraction=0.9, mask_iou=0.7)) > score(Figures(sharp_fraction=0.4))
        True
    """
    values = figures.model_dump(include=set(WEIGHTS))
    logit = BIAS + sum(weight * (values[name] or 0.0) for name, weight in WEIGHTS.items())
    return round(1 / (1 + math.exp(-logit)), 4)
