"""Metrics of one training set with what drawing other parts and other seeds makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from kizu.prove.metrics import aupro, auroc, average_precision
from kizu.prove.scores import ScoreCounts
from kizu.spec import GOOD

METRICS: Final = ("pixel_ap", "aupro", "image_auroc")
MEAN: Final = "mean"
"""Mean over the kinds of defects: each counts alike, however large it is."""
POOLED: Final = "pooled"
"""All defects as one kind: ruled by the largest."""
FEWEST_GROUPS: Final = 6
"""Of fewer parts no interval at 95 % is told: if all five of five moved one way, chance alone does
that in 2 of 32 draws of signs, more than 5 %."""
_DRAWS_AT_A_TIME: Final = 64  # their counts stay in the processor's cache
_TAILS: Final = (-1.959964, 1.959964)
"""Standard normal quantiles that 95 % lie between."""


@dataclass(frozen=True)
class Interval:
    """A figure and what it may be.

    Attributes:
        value: The figure itself.
        low: The lower end of its 95 % interval; None where there are too few parts to tell.
        high: The upper end.
    """

    value: float
    low: float | None
    high: float | None

    @property
    def is_above_zero(self) -> bool:
        """True if the whole interval is."""
        return self.low is not None and self.low > 0

    @property
    def is_below_zero(self) -> bool:
        """True if the whole interval is."""
        return self.high is not None and self.high < 0


@dataclass(frozen=True, eq=False)
class Draws:
    """Which parts and which seeds each draw takes, the same for all training sets.

    Attributes:
        groups: (D, groups) float32: how often each part is in each draw; the first has each once.
        seeds: (D, seeds): which seeds; the first has each once.
    """

    groups: NDArray[np.float32]
    seeds: NDArray[np.intp]

    @classmethod
    def make(cls, groups: int, seeds: int, draws: int, seed: int) -> "Draws":
        """Draw parts and seeds with replacement; equal arguments give equal draws."""
        rng = np.random.default_rng(seed)
        taken = rng.multinomial(groups, np.full(groups, 1 / groups), size=draws)
        taken[0] = 1
        which = rng.integers(seeds, size=(draws, seeds))
        which[0] = np.arange(seeds)
        return cls(taken.astype(np.float32), which)


Table = Mapping[tuple[str, str], NDArray[np.float64]]
"""By metric and kind (or ``MEAN``, ``POOLED``): the figure in each draw, (D,)."""


def measure(counts: Sequence[ScoreCounts], draws: Draws) -> Table:
    """Return all metrics of one training set in every draw.

    Pixels of normals count together as much as those of a kind's own pictures: the precision of a
    kind would else follow from how many normals there happen to be.

    Args:
        counts: One per seed; a single one where training has no seed.
        draws: Which parts and seeds are drawn.
    """
    each = [_all_drawn(one, draws.groups) for one in counts]
    which = np.minimum(draws.seeds, len(each) - 1)
    table = {}
    for key in each[0]:
        by_seed = np.stack([one[key] for one in each], axis=1)
        table[key] = np.take_along_axis(by_seed, which, axis=1).mean(axis=1)
    return table


def interval(values: NDArray[np.float64], groups: int) -> Interval:
    """Return the figure of the first of (D,) draws, and its 95 % interval over them.

    The percentiles are corrected for bias (Efron and Tibshirani, An Introduction to the Bootstrap,
    14.3): a draw holds some parts twice and others not, and AP rises where fewer differ.

    Args:
        values: The figure in every draw; nan where the draw has no such defect.
        groups: How many parts show such a defect.
    """
    if groups < FEWEST_GROUPS:
        return Interval(float(values[0]), None, None)
    known = values[np.isfinite(values)]
    below = np.mean(known < values[0]) + np.mean(known == values[0]) / 2
    shift = 2 * norm.ppf(np.clip(below, 1 / len(known), 1 - 1 / len(known)))
    low, high = np.quantile(known, norm.cdf(shift + np.array(_TAILS)))
    return Interval(float(values[0]), float(low), float(high))


def _all_drawn(
    counts: ScoreCounts, weights: NDArray[np.float32]
) -> dict[tuple[str, str], NDArray[np.float64]]:
    parts = [
        _measured(counts, weights[start : start + _DRAWS_AT_A_TIME])
        for start in range(0, len(weights), _DRAWS_AT_A_TIME)
    ]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _measured(
    counts: ScoreCounts, weights: NDArray[np.float32]
) -> dict[tuple[str, str], NDArray[np.float64]]:
    table: dict[tuple[str, str], NDArray[np.float64]] = {}
    good = _drawn(weights, counts.negative[GOOD])
    kinds = list(counts.positive)
    pooled = [np.zeros_like(good) for _ in range(2)]
    wrong = good.copy()
    for kind in kinds:
        positive, regions, around = (
            _drawn(weights, each[kind])
            for each in (counts.positive, counts.regions, counts.negative)
        )
        own = positive.sum(axis=1, keepdims=True) + around.sum(axis=1, keepdims=True)
        beside = around + good * (own / good.sum(axis=1, keepdims=True))
        table["pixel_ap", kind] = average_precision(positive, beside)
        table["aupro", kind] = aupro(regions, beside)
        table["image_auroc", kind] = _image_auroc(counts, [kind], weights)
        pooled[0] += positive
        pooled[1] += regions
        wrong += around
    table["pixel_ap", POOLED] = average_precision(pooled[0], wrong)
    table["aupro", POOLED] = aupro(pooled[1], wrong)
    table["image_auroc", POOLED] = _image_auroc(counts, kinds, weights)
    for metric in METRICS:
        table[metric, MEAN] = np.mean([table[metric, kind] for kind in kinds], axis=0)
    return table


def _drawn(weights: NDArray[np.float32], counts: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(weights @ counts, np.float64)


def _image_auroc(
    counts: ScoreCounts, kinds: Sequence[str], weights: NDArray[np.float32]
) -> NDArray[np.float64]:
    wrong = [(*each, 0) for each in counts.image_scores[GOOD]]
    right = [(*each, 1) for kind in kinds for each in counts.image_scores[kind]]
    rows, scores, is_right = (np.array(each) for each in zip(*wrong, *right, strict=True))
    levels, place = np.unique(scores, return_inverse=True)
    sides = []
    for side in (1, 0):
        lies = (is_right == side)[:, None] & (place[:, None] == np.arange(len(levels)))
        sides.append(_drawn(weights[:, rows.astype(np.intp)], lies.astype(np.float32)))
    return auroc(sides[0], sides[1])
