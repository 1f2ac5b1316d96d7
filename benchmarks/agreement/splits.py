"""Whether a proven bound holds, and whether an alarm comes when pictures change: 200 times each.

    python -m benchmarks.agreement.splits work/rows.csv

Rows are what run.py wrote, of several seeds, so that there are enough photographs: one that another
seed edits anew counts as another, and a photograph counts once in every proof. Of the accepted
samples some are drawn at random and "reviewed" by their truth; learn then test chooses a cut. The
bound is broken if more labels above the cut are wrong than it says, of all the samples that were
drawn from, or of those of other photographs. Then calibration on drift levels 0 to 2 meets samples
of the same levels, which must give no alarm, and of levels 3 and 4, which must give one.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.agreement.judge import DRIFT_FIGURES
from benchmarks.agreement.pairs import EditKind
from benchmarks.agreement.tables import percent, table, weights
from kizu.agree.figures import Figures
from kizu.certify.fixed_sequence import Judged, try_cuts
from kizu.certify.shift import moved_figures

RUNS: Final = 200
_BAD: Final = 0.25
_CONFIDENCE: Final = 0.9
_BOUNDS: Final = (0.02, 0.05)
_REVIEWS: Final = (120, 200, 400)
_NEW: Final = (10, 15, 20)
_CALIBRATION: Final = 120
_PROVEN: Final = ("good", "good+confused", "realistic", "realistic+confused")
_WATCHED: Final = ("good", "realistic", "none")
_CALM, _STRONG = (0, 1, 2), (3, 4)

Rng = np.random.Generator


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, help="the CSV file that run.py wrote")
    rows = pd.read_csv(parser.parse_args().rows)
    rows["photo"] = rows["photo"] + " by seed " + rows["seed"].astype(str)
    by_witness = {str(name): part for name, part in rows.groupby("witness", sort=False)}
    print(_proofs({name: by_witness[name] for name in _PROVEN}))
    print(_shifts({name: by_witness[name] for name in _WATCHED}))


def _proofs(by_witness: dict[str, pd.DataFrame]) -> str:
    lines = []
    for name, rows in tqdm(by_witness.items(), unit="annotator"):
        for bound in _BOUNDS:
            for n in _REVIEWS:
                runs = pd.DataFrame([prove(rows, bound, n, seed) for seed in range(RUNS)])
                lines.append(
                    [
                        name,
                        percent(bound, 0),
                        str(n),
                        percent(runs["wrong"].mean()),
                        percent(runs["covered"].gt(0).mean(), 0),
                        percent(runs["covered"].mean(), 0),
                        percent(runs["broken"].mean()),
                        percent(runs["broken_elsewhere"].mean()),
                    ]
                )
    header = (
        *("annotator", "bound %", "reviews", "wrong among accepted %", "proven in % of runs"),
        *("covered % of accepted", "broken % of runs", "broken % on other photographs"),
    )
    return table(f"{RUNS} proofs at {percent(_CONFIDENCE, 0)} %", header, lines)


def prove(rows: pd.DataFrame, bound: float, n: int, seed: int) -> dict[str, float]:
    """Prove a bound on half of the photographs; see whether it holds there and on the others.

    Args:
        rows: Edits with their truth, accepted or not.
        bound: The share of wrong ones to stay below.
        n: How many are reviewed, at most.
        seed: Chooses the photographs, the bad edits that are left out, and the draws.

    Returns:
        Which share of the accepted is wrong, which is covered, and whether the bound is broken.
    """
    rng = np.random.default_rng((seed, n, round(1000 * bound)))
    photos = rows["photo"].unique()
    here = rows["photo"].isin(rng.permutation(photos)[: len(photos) // 2])
    accepted, others = (_thinned(part, rng) for part in (rows[here], rows[~here]))
    drawn = accepted.iloc[rng.permutation(len(accepted))[:n]]
    judged = [
        Judged(score, bool(wrong), photo)
        for score, wrong, photo in zip(drawn["score"], drawn["strict"], drawn["photo"], strict=True)
    ]
    cuts = try_cuts(accepted["score"].tolist(), judged, max_wrong=bound, confidence=_CONFIDENCE)
    passing = [each for each in cuts if each.passes]
    if not passing:
        return {"wrong": accepted["strict"].mean(), "covered": 0.0} | dict.fromkeys(
            ("broken", "broken_elsewhere"), 0.0
        )
    loosest = passing[-1]
    return {
        "wrong": accepted["strict"].mean(),
        "covered": loosest.fraction,
        "broken": float(_wrong_above(accepted, loosest.cut) > bound),
        "broken_elsewhere": float(_wrong_above(others, loosest.cut) > bound),
    }


def _thinned(rows: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """The accepted of edits of which so many are bad as are to be, by leaving bad ones out."""
    weight = weights(rows, _BAD)
    kept = rng.random(len(rows)) < weight / weight.max()
    return rows[kept & rows["accepted"].to_numpy(np.bool_)]


def _wrong_above(rows: pd.DataFrame, cut: float) -> float:
    above = rows[rows["score"] >= cut]
    return float(above["strict"].mean()) if len(above) else 0.0


def _shifts(by_witness: dict[str, pd.DataFrame]) -> str:
    lines = []
    for name, rows in by_witness.items():
        judged = rows[rows["kind"] != EditKind.REDRAWN.value]
        alarms = {
            (levels, n): np.mean([is_alarmed(judged, levels, n, seed) for seed in range(RUNS)])
            for levels in (_STRONG, _CALM)
            for n in _NEW
        }
        lines.append([name, *(percent(float(alarms[_STRONG, n]), 1) for n in _NEW)])
        lines[-1] += [percent(float(alarms[_CALM, n]), 1) for n in _NEW]
    header = (
        "annotator",
        *(f"alarm % of {n}" for n in _NEW),
        *(f"false alarm % of {n}" for n in _NEW),
    )
    return table("Calibrated on levels 0 to 2, fed 3 and 4, or 0 to 2 again", header, lines)


def is_alarmed(rows: pd.DataFrame, levels: Sequence[int], n: int, seed: int) -> bool:
    """Return whether so many new samples, of photographs of their own, give an alarm.

    Args:
        rows: Edits with their figures.
        levels: Drift levels of the new ones.
        n: How many there are.
        seed: Chooses photographs and samples.
    """
    rng = np.random.default_rng((seed, n, *levels))
    photos = rng.permutation(rows["photo"].unique())
    known = rows["photo"].isin(photos[: len(photos) // 2])
    then = rows[known & rows["level"].isin(_CALM)]
    now = rows[~known & rows["level"].isin(levels)]
    before, after = (
        part.iloc[rng.permutation(len(part))[:size]]
        for part, size in ((then, _CALIBRATION), (now, n))
    )
    photographs = before["photo"].nunique(), after["photo"].nunique()
    return bool(moved_figures(_figures(before), _figures(after), photographs=photographs))


def _figures(rows: pd.DataFrame) -> dict[str, list[Any]]:
    """The published figures by name, None where there is none."""
    names = [*Figures.model_fields, *DRIFT_FIGURES]
    return {
        name: [None if pd.isna(value) else float(value) for value in rows[name]] for name in names
    }


if __name__ == "__main__":
    main()
