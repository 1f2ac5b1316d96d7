"""Which labels a bound covers: learn then test, with a fixed sequence of cuts on the score.

Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test: Calibrating Predictive Algorithms to
Achieve Risk Control" (arXiv 2110.01052), section 2.2. The cuts are tried from strict to loose, each
at the whole error budget, and the first that does not pass ends the sequence: so the cut may be
chosen on the very decisions that prove it. For the finished dataset it is the promise that Candès,
Ilyas and Zrnic call probably approximately correct labels (arXiv 2506.10908).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kizu.certify.bounds import reviews_needed, tail, upper_bound

CUT_FRACTIONS: Final = (0.6, 0.7, 0.8, 0.9, 1.0)
"""Of the population, the surest parts that are tried."""

_DIGITS: Final = 12  # of a confidence; 1 - 0.9 is a little less than 0.1

ROOM_FOR_ERRORS: Final = 1
"""A cut is tried once its decisions could pass with so many errors: one bad label among the surest
would else end the sequence before the larger parts, which can bear it. All of the population is
tried in any case. Which cuts these are follows from how many decisions there are, never from what
they say."""


@dataclass(frozen=True)
class Judged:
    """A random draw, with what a person found.

    Attributes:
        score: How sure the sample is.
        is_wrong: Whether its label is wrong.
        photo: Its photograph.
    """

    score: float
    is_wrong: bool
    photo: str


@dataclass(frozen=True)
class Counts:
    """Decisions, and the photographs behind them.

    Edits of one photograph share its light, its texture and its mistakes. Labels are counted for
    the population they were drawn from, photographs for others like it; a bound has to hold by
    both.

    Attributes:
        labels: Decisions.
        wrong_labels: Those that found a wrong label.
        photos: Photographs.
        wrong_photos: Those with a wrong label among their decisions.
    """

    labels: int
    wrong_labels: int
    photos: int
    wrong_photos: int

    @classmethod
    def of(cls, judged: Collection[Judged]) -> "Counts":
        """Count decisions."""
        return cls(
            len(judged),
            sum(each.is_wrong for each in judged),
            len({each.photo for each in judged}),
            len({each.photo for each in judged if each.is_wrong}),
        )

    def with_right_ones(self, more: int) -> "Counts":
        """Return the counts after so many more decisions without an error, of new photographs."""
        return replace(self, labels=self.labels + more, photos=self.photos + more)

    def p_value(self, max_wrong: float) -> float:
        """Return how likely so few errors are if more than the given share is wrong."""
        return max(
            tail(self.wrong_labels, self.labels, max_wrong),
            tail(self.wrong_photos, self.photos, max_wrong),
        )

    def bound(self, confidence: float) -> float:
        """Return what the share of wrong ones is below, at this cut alone."""
        return max(
            upper_bound(self.wrong_labels, self.labels, confidence),
            upper_bound(self.wrong_photos, self.photos, confidence),
        )


@dataclass(frozen=True)
class Tested:
    """What the decisions on samples from a cut upwards say.

    Attributes:
        cut: The lowest score.
        fraction: How much of the population has it or more.
        counts: The decisions on these.
        bound: What the share of wrong ones is below at this cut alone; what is proven of a passing
            one is the share that was asked for.
        is_tried: Whether there are decisions enough to try it.
        passes: Whether the asked share is proven here and at every stricter cut that is tried.
    """

    cut: float
    fraction: float
    counts: Counts
    bound: float
    is_tried: bool
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
    return float(round(1 - confidence, _DIGITS) / 2 ** (max(looks, 1) - 1))


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
    cuts = cuts_of(scores)
    counts = [Counts.of([each for each in judged if each.score >= cut]) for cut, _ in cuts]
    tried = tried_cuts(counts, max_wrong, level)
    tested, going = [], True
    for (cut, fraction), count, is_tried in zip(cuts, counts, tried, strict=True):
        going = going and (not is_tried or count.p_value(max_wrong) <= level)
        bound = count.bound(1 - level)
        tested.append(Tested(cut, fraction, count, bound, is_tried, going and is_tried))
    return tested


def tried_cuts(counts: Sequence[Counts], max_wrong: float, level: float) -> list[bool]:
    """Tell which cuts have decisions enough to be tried; the last one is, whatever it has."""
    enough = reviews_needed(max_wrong, 1 - level, ROOM_FOR_ERRORS)
    return [each.photos >= enough for each in counts[:-1]] + [True] * bool(counts)


def missing_reviews(tested: Sequence[Tested], max_wrong: float, level: float) -> int:
    """Return how many more decisions without an error would pass at a level.

    They are taken to be of new photographs, and as sure as the population is.

    Args:
        tested: What the decisions say so far; none if nobody decided.
        max_wrong: The share of wrong labels to stay below.
        level: What the next look may err.
    """
    if not tested:
        return reviews_needed(max_wrong, 1 - level)
    low, high = 0, 1
    while not _would_pass(tested, high, max_wrong, level):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _would_pass(tested, middle, max_wrong, level):
            high = middle
        else:
            low = middle
    return high


def _would_pass(tested: Sequence[Tested], more: int, max_wrong: float, level: float) -> bool:
    counts = [each.counts.with_right_ones(int(more * each.fraction)) for each in tested]
    tried = tried_cuts(counts, max_wrong, level)
    first = next(count for count, is_tried in zip(counts, tried, strict=True) if is_tried)
    return first.p_value(max_wrong) <= level
