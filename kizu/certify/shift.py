"""Whether what is made now is like what the reviews were made on: if not, they prove nothing of it.

A two-sample Kolmogorov-Smirnov test of every figure, with Bonferroni's correction over all of them.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from scipy.stats import fisher_exact, ks_2samp

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


def moved_figures(then: Mapping[str, Figure], now: Mapping[str, Figure]) -> tuple[Moved, ...]:
    """Return the figures that moved, the surest first; none as long as little is new.

    Args:
        then: What was measured of the samples that the reviews were drawn from, by name.
        now: The same of new ones.
    """
    names = sorted(set(then) & set(now))
    if not names or min(len(now[name]) for name in names) < MIN_SAMPLES:
        return ()
    level = ALARM_LEVEL / (2 * len(names))  # of values, and of how many samples have one
    found = []
    for name in names:
        p_value = min(
            _values_differ(then[name], now[name]), _presence_differs(then[name], now[name])
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


def _values_differ(then: Figure, now: Figure) -> float:
    a, b = ([value for value in values if value is not None] for values in (then, now))
    if min(len(a), len(b)) < MIN_SAMPLES:
        return 1.0
    return float(ks_2samp(a, b, method="asymp" if max(len(a), len(b)) > _EXACT else "auto").pvalue)


def _presence_differs(then: Figure, now: Figure) -> float:
    """Test whether more or fewer samples have the figure at all (Fisher's exact test)."""
    table = [
        [sum(v is None for v in values), sum(v is not None for v in values)]
        for values in (then, now)
    ]
    return float(fisher_exact(np.array(table)).pvalue)


def _median(values: Figure) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.median(known)), 4) if 2 * len(known) >= len(values) > 0 else None
