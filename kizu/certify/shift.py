"""Whether what is made now is like what the reviews were made on: if not, they prove nothing of it.

A two-sample Kolmogorov-Smirnov test of every figure, with Bonferroni's correction over all of them.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from kizu.settings import Record

ALARM_LEVEL: Final = 0.01
"""Of a false alarm over all figures; on pairs of growing drift the alarm then came within 10 to 20
samples."""
MIN_SAMPLES: Final = 10
"""Fewer new samples tell nothing."""

_EXACT: Final = 10_000
"""Samples beyond which the exact law takes too long; scipy's own limit."""

Figure = Sequence[float | None]


class Moved(Record):
    """A figure that is distributed otherwise now.

    Attributes:
        figure: Its name.
        p_value: How likely so large a difference is by chance.
        then: Its median in what was reviewed; None if most samples had none.
        now: Its median in what is new; likewise.
    """

    figure: str
    p_value: float
    then: float | None
    now: float | None


def moved_figures(
    then: Mapping[str, Figure], now: Mapping[str, Figure], *, photographs: tuple[int, int]
) -> tuple[Moved, ...]:
    """Return the figures that moved, the surest first; none as long as little is new.

    Edits of one photograph are alike, so the tests count photographs: ten edits of two new
    photographs are no more than two samples of what is new.

    Args:
        then: What was measured of the samples that the reviews were drawn from, by name.
        now: The same of new ones.
        photographs: Of how many photographs those are: then, now.
    """
    names = sorted(set(then) & set(now))
    if not names or min(len(now[name]) for name in names) < MIN_SAMPLES:
        return ()
    level = ALARM_LEVEL / (2 * len(names))  # of values, and of how many samples have one
    found = []
    for name in names:
        p_value = min(
            _values_differ(then[name], now[name], photographs),
            _presence_differs(then[name], now[name], photographs),
        )
        if p_value <= level:
            moved = Moved(
                figure=name,
                p_value=float(f"{p_value:.3g}"),
                then=_median(then[name]),
                now=_median(now[name]),
            )
            found.append(moved)
    return tuple(sorted(found, key=lambda each: each.p_value))


def _values_differ(then: Figure, now: Figure, photographs: tuple[int, int]) -> float:
    """Return the p-value of the values' distance, by samples and by photographs: the larger one."""
    from scipy.stats import ks_2samp, kstwo

    a, b = _known(then), _known(now)
    if min(len(a), len(b)) < MIN_SAMPLES:
        return 1.0
    found = ks_2samp(a, b, method="asymp" if max(len(a), len(b)) > _EXACT else "auto")
    m, n = photographs
    by_photograph = kstwo.sf(found.statistic, max(m * n // (m + n), 1))
    return float(max(found.pvalue, by_photograph))


def _presence_differs(then: Figure, now: Figure, photographs: tuple[int, int]) -> float:
    """Test whether more or fewer samples have the figure at all (Fisher's exact test)."""
    from scipy.stats import fisher_exact

    table = []
    for values, photos in zip((then, now), photographs, strict=True):
        known = round(photos * len(_known(values)) / len(values))
        table.append([known, photos - known])
    return float(fisher_exact(np.array(table)).pvalue)


def _known(values: Figure) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _median(values: Figure) -> float | None:
    known = _known(values)
    return round(float(np.median(known)), 4) if 2 * len(known) >= len(values) > 0 else None
