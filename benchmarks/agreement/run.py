"""How many labels the verdict accepts, and how many of those are wrong: prints the tables.

    OMP_NUM_THREADS=1 python -m benchmarks.agreement.run work/agreement

The folder keeps what the comparison found, so that a second run takes seconds. Wrong is a label of
no defect, of another defect or in another place, or one whose IoU with the truth is below 0.5;
strictly wrong also one that holds a side effect. Shares are of edits of which so many are bad,
with 95 % intervals by drawing photographs.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from pathlib import Path
from typing import Final

import cv2
import pandas as pd

from benchmarks.agreement.judge import judge_all
from benchmarks.agreement.levels import LEVELS
from benchmarks.agreement.measure import LONG_SIDE_PX, measure_all
from benchmarks.agreement.pairs import BAD, EditKind, plan
from benchmarks.agreement.tables import (
    Weights,
    coverage,
    interval,
    percent,
    risk_coverage,
    share_among_accepted,
    table,
    weights,
    with_interval,
)
from benchmarks.agreement.witnesses import WITNESSES
from kizu.agree.proof import Stratum

BAD_FRACTIONS: Final = (0.25, 0.1, 0.05)
_RISK: Final = 0.02  # agree.max_wrong as it is by default


def main() -> None:
    """Measure, judge and print."""
    options = _options()
    cv2.setNumThreads(1)
    parts = []
    for seed in options.seeds:
        edits = measure_all(
            plan(seed), options.folder, long_side_px=options.side_px, processes=options.processes
        )
        parts.append(judge_all(edits, (*WITNESSES.values(), None)).assign(seed=seed))
    rows = pd.concat(parts, ignore_index=True)
    if options.rows:
        rows.to_csv(options.rows, index=False)
    print_tables(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where comparisons are kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--side-px", type=int, default=LONG_SIDE_PX)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rows", type=Path, help="CSV file for every single verdict")
    return parser.parse_args()


def print_tables(rows: pd.DataFrame) -> None:
    """Print what is accepted and what of it is wrong, by annotator, kind, and drift level."""
    by_witness = dict(list(rows.groupby("witness", sort=False)))
    first = next(iter(by_witness.values()))
    counts = ", ".join(f"{kind} {count}" for kind, count in first["kind"].value_counts().items())
    print(f"{len(first)} edits of {first['photo'].nunique()} photographs: {counts}")
    print(_accepted(by_witness))
    print(_by_share(by_witness))
    print(_by_kind(by_witness))
    print(_with_diff_alone(by_witness))
    print(_by_score(by_witness))
    print(_by_level(by_witness))
    print(_reasons(by_witness))


def _accepted(by_witness: dict[str, pd.DataFrame]) -> str:
    figures = (coverage, share_among_accepted("wrong"), share_among_accepted("strict"))
    lines = [
        [name, *(with_interval(interval(rows, one, BAD_FRACTIONS[0])) for one in figures)]
        for name, rows in by_witness.items()
    ]
    header = ("annotator", "accepted %", "wrong among accepted %", "strictly wrong %")
    return table(f"{percent(BAD_FRACTIONS[0], 0)} % of the edits bad", header, lines)


def _by_share(by_witness: dict[str, pd.DataFrame]) -> str:
    strict = share_among_accepted("strict")
    lines = [
        [
            name,
            *(
                f"{percent(coverage(rows, weight))} at {percent(strict(rows, weight))}"
                for weight in (weights(rows, bad) for bad in BAD_FRACTIONS)
            ),
        ]
        for name, rows in by_witness.items()
    ]
    return table("Accepted %, at which % strictly wrong", _shares_header(), lines)


def trusting(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows as if every maker was trusted, so that clear changes need no annotator."""
    return rows.assign(accepted=rows["accepted"] | (rows["stratum"] == Stratum.DIFF_ONLY.value))


def _with_diff_alone(by_witness: dict[str, pd.DataFrame]) -> str:
    strict = share_among_accepted("strict")
    lines = []
    for name, rows in by_witness.items():
        own = trusting(rows)
        cells = [(coverage(own, w), strict(own, w)) for w in _all_weights(own)]
        lines.append([name, *(f"{percent(share)} at {percent(risk)}" for share, risk in cells)])
    title = "Also clear changes of one region without testimony: accepted %, at which % wrong"
    return table(title, _shares_header(), lines)


def _by_score(by_witness: dict[str, pd.DataFrame]) -> str:
    lines = []
    for name, rows in by_witness.items():
        own = trusting(rows)
        ranked = own.assign(score=own["score"].where(own["accepted"]))
        cells = [risk_coverage(ranked, w, _RISK) for w in _all_weights(ranked)]
        lines.append([name, *(percent(share) for share in cells)])
    title = f"Of these the surest by score, % of all edits at {percent(_RISK, 0)} % strictly wrong"
    return table(title, _shares_header(), lines)


def _all_weights(rows: pd.DataFrame) -> list[Weights]:
    return [weights(rows, bad) for bad in BAD_FRACTIONS]


def _shares_header() -> tuple[str, ...]:
    return ("annotator", *(f"{percent(bad, 0)} % bad" for bad in BAD_FRACTIONS))


def _by_kind(by_witness: dict[str, pd.DataFrame]) -> str:
    kinds = [kind.value for kind in (EditKind.HONEST, *BAD)]
    lines = []
    for name, rows in by_witness.items():
        accepted = rows.groupby("kind")["accepted"].mean()
        lines.append([name, *(percent(accepted[kind]) for kind in kinds)])
    return table("Accepted % of each kind", ("annotator", *kinds), lines)


def _by_level(by_witness: dict[str, pd.DataFrame]) -> str:
    lines = []
    for name, rows in by_witness.items():
        honest = rows[rows["kind"] == EditKind.HONEST.value]
        cells = []
        for level in LEVELS:
            at = honest[honest["level"] == level]
            taken = at[at["accepted"]]
            cells.append(f"{percent(at['accepted'].mean())}, {percent(taken['strict'].mean())}")
        lines.append([name, *cells])
    header = ("annotator", *(f"level {level}" for level in LEVELS))
    return table("Honest edits: accepted %, of them wrong %, by drift level", header, lines)


def _reasons(by_witness: dict[str, pd.DataFrame]) -> str:
    reasons = pd.crosstab(
        pd.concat(by_witness.values())["reason"],
        pd.concat(by_witness.values())["witness"],
    )
    lines = [[str(name), *map(str, values)] for name, *values in reasons.itertuples()]
    return table("Reasons, counts", ("reason", *map(str, reasons.columns)), lines)


if __name__ == "__main__":
    main()
