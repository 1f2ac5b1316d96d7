"""Fits the score of a sample: the numbers of ``kizu/agree/score.py``.

    python -m benchmarks.agreement.run work/agreement --seeds 1 2 --rows work/rows.csv
    python -m benchmarks.agreement.fit_score work/rows.csv

A logistic model with an L2 penalty on few of the published figures, for whether a label is strictly
right. Fitted on one half of the scenes as the first seed drew them, it is judged on the other half
as the others drew them. What is printed last is fitted on all, and goes into the module.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import rankdata

from benchmarks.agreement.tables import coverage, percent, risk_coverage, table, weights
from kizu.agree.score import WEIGHTS

FIGURES: Final = tuple(WEIGHTS)
_PENALTY: Final = 1e-3  # of a weight's square against the mean log loss: as of 1000 edits one
_BAD: Final = 0.25  # of the edits that are fitted on
_FITTED_ON: Final = ("good", "realistic", "good+confused", "realistic+confused")
_RISK: Final = 0.02

Array = NDArray[np.float64]


def main() -> None:
    """Fit, judge, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, help="the CSV file that run.py wrote")
    rows = pd.read_csv(parser.parse_args().rows)
    rows = rows[rows["witness"].isin(_FITTED_ON)]
    first, others = _apart(rows)
    fitted = fit(first, FIGURES)
    lines = [[name, *_judged(others[others["witness"] == name], fitted)] for name in _FITTED_ON]
    header = ("annotator", "AUC of all", "AUC of accepted", "accepted %", "at a cut of 2 % %")
    print(table("Fitted on other scenes", header, lines))
    print("\nFitted on all:\n")
    for name, value in fit(rows, FIGURES).items():
        print(f"{name}: {value:.2f}")


def _apart(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Half of the scenes of the first seed, and the other half of all others."""
    scenes = sorted(rows["scene"].unique())
    here = rows["scene"].isin(scenes[::2])
    first = rows["seed"] == rows["seed"].min()
    return rows[here & first], rows[~here & ~first] if not first.all() else rows[~here]


def fit(rows: pd.DataFrame, figures: Sequence[str]) -> dict[str, float]:
    """Return the bias and the weight of every figure.

    Args:
        rows: Judged edits; those without a score are left out.
        figures: Columns; what is missing counts as 0.
    """
    scored = rows[rows["score"].notna()]
    weight = _weights(scored)
    x = np.column_stack([np.ones(len(scored)), _values(scored, figures)])
    right = ~scored["strict"].to_numpy(np.bool_)

    def loss(beta: Array) -> tuple[float, Array]:
        logit = x @ beta
        value = weight @ np.logaddexp(0, np.where(right, -logit, logit))
        slope = x.T @ (weight * (1 / (1 + np.exp(-logit)) - right))
        beta_only = np.r_[0.0, beta[1:]]
        return float(value + _PENALTY * beta_only @ beta_only), slope + 2 * _PENALTY * beta_only

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B")
    return dict(zip(("bias", *figures), map(float, found.x), strict=True))


def _weights(scored: pd.DataFrame) -> Array:
    """(N,) weights that give each annotator the same share, and bad edits theirs."""
    parts = [pd.Series(weights(rows, _BAD), rows.index) for _, rows in scored.groupby("witness")]
    joined = pd.concat(parts).loc[scored.index].to_numpy(np.float64)
    return np.asarray(joined / joined.sum())


def _values(rows: pd.DataFrame, figures: Sequence[str]) -> Array:
    return rows[list(figures)].fillna(0.0).to_numpy(np.float64)


def scores(rows: pd.DataFrame, fitted: Mapping[str, float]) -> Array:
    """Return (N,) scores, 0 to 1; NaN for edits that have none."""
    figures = [name for name in fitted if name != "bias"]
    logit = fitted["bias"] + _values(rows, figures) @ [fitted[name] for name in figures]
    return np.where(rows["score"].notna(), 1 / (1 + np.exp(-logit)), np.nan)


def auc(score: Array, right: NDArray[np.bool_]) -> float:
    """Return how often a right one has the higher score than a wrong one; NaN if one is missing."""
    ranks, count = rankdata(score), int(right.sum())
    pairs = count * (len(right) - count)
    if not pairs:
        return float("nan")
    return float((ranks[right].sum() - count * (count + 1) / 2) / pairs)


def _judged(rows: pd.DataFrame, fitted: Mapping[str, float]) -> list[str]:
    own = rows.assign(score=scores(rows, fitted)).reset_index(drop=True)
    weight = weights(own, _BAD)
    columns = []
    for chosen in (own[own["score"].notna()], own[own["accepted"]]):
        right = ~chosen["strict"].to_numpy(np.bool_)
        columns.append(f"{auc(chosen['score'].to_numpy(np.float64), right):.2f}")
    covered = risk_coverage(own, weight, _RISK)
    return [*columns, percent(coverage(own, weight)), percent(covered)]


if __name__ == "__main__":
    main()
