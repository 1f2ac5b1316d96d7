"""Which labels a bound covers: learn then test, with a fixed sequence of cuts on the score.

Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test: Calibrating Predictive Algorithms to
Achieve Risk Control" (arXiv 2110.01052), section 2.2. The cuts are tried from strict to loose, each
at the whole error budget, and the first that does not pass ends the sequence: so the cut may be
chosen on the very decisions that prove it. For the finished dataset it is the promise that Candès,
Ilyas and Zrnic call probably approximately correct labels (arXiv 2506.10908).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kizu.certify.bounds import reviews_needed, tail, upper_bound

CUT_FRACTIONS: Final = (0.6, 0.7, 0.8, 0.9, 1.0)
"""Of the population, the surest parts that are tried. Stricter ones hold too few decisions for any
proof, and would end the sequence for want of numbers."""


@dataclass(frozen=True)
class Judged:
    """A random draw, with what a person found.

    Attributes:
        score: How sure the sample is.
        is_wrong: Whether its label is wrong; True as long as nobody decided, so that passing over
            doubtful ones proves nothing.
        photo: Its photograph.
    """

    score: float
    is_wrong: bool
    photo: str


@dataclass(frozen=True)
class Tested:
    """What the decisions on samples from a cut upwards say.

    Attributes:
        cut: The lowest score.
        fraction: How much of the population has it or more.
        n: Photographs with a draw among these.
        errors: Those of them with a wrong label among the draws.
        bound: What the share of wrong labels is below, with the confidence of the look.
        passes: Whether the asked bound is proven here and at every stricter cut.
    """

    cut: float
    fraction: float
    n: int
    errors: int
    bound: float
    passes: bool


def cuts_of(scores: Sequence[float]) -> list[tuple[float, float]]:
    """Return the cuts to try, strict first: (score, fraction of the population from it upwards).

    They follow from the population alone, never from decisions.

    Example:
        >>> cuts_of([0.1, 0.2, 0.3, 0.4, 0.5])
        [(0.3, 0.6), (0.2, 0.8), (0.1, 1.0)]
    """
    ordered = np.sort(np.asarray(scores, np.float64))[::-1]
    cuts = {float(ordered[max(round(f * len(ordered)), 1) - 1]) for f in CUT_FRACTIONS}
    return [(cut, float(np.mean(ordered >= cut))) for cut in sorted(cuts, reverse=True)]


def error_budget(confidence: float, looks: int) -> float:
    """Return at which level the latest of several looks at the decisions is tested.

    Whoever draws again after a failed look has another chance to pass by luck. So every further
    look has half of the budget of the one before, and ``stated_confidence`` gives up what all of
    them may err.

    Example:
        >>> [round(error_budget(0.9, looks), 3) for looks in (1, 2, 3)]
        [0.1, 0.05, 0.025]
    """
    return float((1 - confidence) / 2 ** (max(looks, 1) - 1))


def stated_confidence(confidence: float, looks: int) -> float:
    """Return what may be promised after several looks, by the union bound.

    Example:
        >>> [round(stated_confidence(0.9, looks), 3) for looks in (1, 2, 3)]
        [0.9, 0.85, 0.825]
    """
    return 1 - sum(error_budget(confidence, look) for look in range(1, max(looks, 1) + 1))


def try_cuts(
    scores: Sequence[float],
    judged: Sequence[Judged],
    *,
    max_wrong: float,
    confidence: float,
    looks: int = 1,
) -> list[Tested]:
    """Test the cuts from strict to loose.

    Edits of one photograph share its light, its texture and its mistakes, so a photograph counts
    once, and as wrong if any of its draws is: n is never larger than the number of draws.

    Args:
        scores: Those of all samples that would be covered.
        judged: All random draws of them.
        max_wrong: The share of wrong labels to stay below, 0 to 1.
        confidence: How sure that is to be.
        looks: How often decisions were tested, this time included.
    """
    if not scores:
        return []
    level = error_budget(confidence, looks)
    enough = reviews_needed(max_wrong, 1 - level)
    tested: list[Tested] = []
    going = True
    for cut, fraction in cuts_of(scores):
        above = [each for each in judged if each.score >= cut]
        photos = {each.photo for each in above}
        errors = len({each.photo for each in above if each.is_wrong})
        started = len(photos) >= enough
        going = going and (not started or tail(errors, len(photos), max_wrong) <= level)
        bound = upper_bound(errors, len(photos), 1 - level)
        tested.append(Tested(cut, fraction, len(photos), errors, bound, going and started))
    return tested
