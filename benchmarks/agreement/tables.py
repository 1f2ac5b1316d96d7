"""The arithmetic of the tables: shares of weighted edits, with intervals over photographs."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.agreement.pairs import BAD, EditKind

DRAWS: Final = 1000
_LEVEL: Final = 0.95
Weights: TypeAlias = NDArray[np.float64]


def weights(rows: pd.DataFrame, bad_fraction: float) -> Weights:
    """Return (N,) weights under which so many edits are bad, each kind of them equally often.

    Args:
        rows: With the column ``kind``.
        bad_fraction: 0 to 1.
    """
    share = dict.fromkeys((kind.value for kind in BAD), bad_fraction / len(BAD))
    share[EditKind.HONEST.value] = 1 - bad_fraction
    counts = rows["kind"].value_counts()
    return np.asarray(rows["kind"].map({kind: share[kind] / counts[kind] for kind in counts.index}))


def coverage(rows: pd.DataFrame, weight: Weights) -> float:
    """Return the share of accepted edits among all."""
    return float(weight[rows["accepted"].to_numpy(np.bool_)].sum() / weight.sum())


def share_among_accepted(column: str) -> Callable[[pd.DataFrame, Weights], float]:
    """Return the figure that says which share of accepted edits a column marks; NaN of none."""

    def figure(rows: pd.DataFrame, weight: Weights) -> float:
        accepted = rows["accepted"].to_numpy()
        total = weight[accepted].sum()
        marked = accepted & rows[column].to_numpy(np.bool_)
        return float(weight[marked].sum() / total) if total else float("nan")

    return figure


def interval(
    rows: pd.DataFrame,
    figure: Callable[[pd.DataFrame, Weights], float],
    bad_fraction: float,
    *,
    draws: int = DRAWS,
) -> tuple[float, float, float]:
    """Return a figure with its 95 % interval, by drawing photographs with replacement.

    Edits of one photograph stay together, for they are alike.

    Args:
        rows: One per edit.
        figure: What to compute from rows and weights.
        bad_fraction: Which share of edits is bad.
        draws: How many times photographs are drawn.
    """
    weight = weights(rows, bad_fraction)
    codes, photos = pd.factorize(rows["photo"])
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(draws):
        times = np.bincount(rng.integers(len(photos), size=len(photos)), minlength=len(photos))
        drawn.append(figure(rows, weight * times[codes]))
    tail = (1 - _LEVEL) / 2
    low, high = (
        np.nanquantile(drawn, [tail, 1 - tail]) if not np.all(np.isnan(drawn)) else (np.nan,) * 2
    )
    return figure(rows, weight), float(low), float(high)


def risk_coverage(
    rows: pd.DataFrame, weight: Weights, risk: float, column: str = "strict"
) -> float:
    """Return the largest share of edits above one cut of the score of which so few are wrong.

    Args:
        rows: With ``score``, missing where an edit cannot be accepted.
        weight: (N,).
        risk: Largest share of wrong ones among those above the cut.
        column: What counts as wrong.
    """
    scored = rows["score"].notna().to_numpy(np.bool_)
    order = np.argsort(-rows["score"].to_numpy(np.float64)[scored], kind="stable")
    taken, wrong = weight[scored][order], rows[column].to_numpy(np.bool_)[scored][order]
    total = np.cumsum(taken)
    allowed = np.flatnonzero(np.cumsum(taken * wrong) <= risk * total)
    return float(total[allowed[-1]] / weight.sum()) if allowed.size else 0.0


def percent(value: float, digits: int = 1) -> str:
    """Return a share as a percentage; a dash of none."""
    return "-" if np.isnan(value) else f"{100 * value:.{digits}f}"


def with_interval(values: tuple[float, float, float]) -> str:
    """Return a share with its interval as percentages."""
    value, low, high = values
    if np.isnan(value):
        return "-"
    return f"{percent(value)} ({percent(low)}-{percent(high)})"


def table(title: str, header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table under its title."""
    rule = "|---" * len(header) + "|"
    rows = ["| " + " | ".join(line) + " |" for line in (header, *lines)]
    return "\n".join([f"\n{title}\n", rows[0], rule, *rows[1:]])
