"""How well differences are found: prints the tables of the documentation.

python benchmarks/diff/run.py --processes 2
python benchmarks/diff/run.py --sizes 128 256 512

Every method on 28 scenes with three defects each and one picture without any, each under four
drifts; then which redrawn pictures are called so; then time and memory. `--quick` takes every
fourth scene; `--sizes` prints a row per long side and drift instead, of kizu alone. Times are CPU
seconds on one thread.
"""

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pandas as pd
from baselines import METHODS
from drifts import PRESERVING
from memory import print_cost
from metrics import (
    BOUNDARY_PX,
    aupro,
    average_precision,
    instance_recall,
    intersection_over_union,
)
from pairs import REDRAW, Pair, make_pairs
from redraws import redraws_of
from scenes import SCENES
from tqdm import tqdm

from kizu.diff import Status, diff_mask
from kizu.imaging.masks import boundary_f

KIZU: Final = "kizu"
FOUND: Final = ("iou", "ap", "aupro", "boundary", "recall")
FIGURES: Final = (*FOUND, "alarm", "marked %", "seconds")


def main() -> None:
    """Score every method on every pair and print what was found."""
    options = _options()
    names = SCENES[::4] if options.quick else SCENES
    if options.sizes:
        print_sizes(options.sizes, names, options.seed)
        return
    work = partial(judge_scene, seed=options.seed, long_side_px=options.side_px)
    with ProcessPoolExecutor(
        options.processes, get_context("spawn"), cv2.setNumThreads, (1,)
    ) as pool:
        scenes = tqdm(pool.map(work, names), total=len(names), unit="scene")
        rows = pd.DataFrame(chain.from_iterable(scenes))
    if options.rows:
        rows.to_csv(options.rows, index=False)
    print_methods(rows)
    print_kinds(rows)
    print_statuses(rows)
    print_cost((1024, 1024))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--side-px", type=int, default=640, help="long side of every picture")
    parser.add_argument("--sizes", type=int, nargs="+", help="long sides, for a table of sizes")
    parser.add_argument("--quick", action="store_true", help="every fourth scene only")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rows", type=Path, help="CSV file for every single figure")
    return parser.parse_args()


def judge_scene(name: str, seed: int, long_side_px: int) -> list[dict[str, object]]:
    """Return one row per method and pair of a scene, and one per redrawn picture."""
    rows = []
    for pair in make_pairs(seed, long_side_px, [name]):
        methods = [KIZU] if pair.drift == REDRAW else list(METHODS)
        rows += [judge(method, pair) for method in methods]
    for change, normal, other in redraws_of(name, long_side_px):
        status = diff_mask(normal, other).status.value
        rows.append({"method": KIZU, "scene": name, "drift": change, "kind": "", "status": status})
    return rows


def judge(method: str, pair: Pair) -> dict[str, object]:
    """Return one method's figures on one pair."""
    start = time.process_time()
    anomaly_map, mask, status = METHODS[method](pair.normal, pair.edited)
    row: dict[str, object] = {
        "method": method,
        "scene": pair.scene,
        "drift": pair.drift,
        "kind": pair.kind.value if pair.kind else "",
        "seconds": time.process_time() - start,
        "status": status.value if status else "",
    }
    if pair.kind is None:
        return row | {"alarm": float(mask.any()), "marked %": 100 * float(mask.mean())}
    return row | {
        "iou": intersection_over_union(mask, pair.truth),
        "ap": average_precision(anomaly_map, pair.truth),
        "aupro": aupro(anomaly_map, pair.truth),
        "boundary": boundary_f(mask, pair.truth, BOUNDARY_PX),
        "recall": instance_recall(mask, pair.truth),
    }


def print_methods(rows: pd.DataFrame) -> None:
    """Every method under every drift; what is found of defects, what is marked without any."""
    judged = rows[rows["drift"].isin(list(PRESERVING))]
    means = judged.groupby(["drift", "method"])[list(FIGURES)].mean()
    order = [(drift, method) for drift in PRESERVING for method in METHODS]
    print_table(means.loc[order], "drift and method")


def print_sizes(sides_px: Sequence[int], names: Sequence[str], seed: int) -> None:
    """What kizu finds at every size, under every drift; how much is missed, and the median cost."""
    cv2.setNumThreads(1)
    diff_mask(*(np.zeros((64, 64, 3), np.uint8) for _ in range(2)))  # loads what it needs
    rows = [
        judge(KIZU, pair) | {"side": side_px}
        for side_px in sides_px
        for name in tqdm(names, unit="scene")
        for pair in make_pairs(seed, side_px, [name])
        if pair.drift in PRESERVING
    ]
    by = pd.DataFrame(rows).groupby(["side", "drift"], sort=False)
    table = by[["iou", "boundary", "recall", "alarm"]].mean()
    table.insert(0, "missed", by["iou"].agg(lambda iou: float((iou.dropna() == 0).mean())))
    table["seconds"] = by["seconds"].median()
    print_table(table, "long side and drift", places=3)


def print_kinds(rows: pd.DataFrame) -> None:
    """What kizu finds of every kind of defect: over all drifts, and the IoU under each."""
    own = rows[(rows["method"] == KIZU) & rows["iou"].notna()]
    kinds = own.groupby("kind")
    table = kinds[list(FOUND)].mean()
    table.insert(0, "pairs", kinds.size())
    by_drift = own.pivot_table(values="iou", index="kind", columns="drift")[list(PRESERVING)]
    print_table(table.join(by_drift.add_prefix("iou ")).sort_values("iou"), "defect")


def print_statuses(rows: pd.DataFrame) -> None:
    """How often kizu calls a picture what."""
    own = rows[rows["method"] == KIZU]
    what = own["drift"] + own["kind"].map(lambda kind: ", a defect" if kind else "")
    table = pd.crosstab(what, own["status"]).reindex(columns=[s.value for s in Status])
    print_table(table.fillna(0).astype(int).loc[what.unique()], "picture")


def print_table(table: pd.DataFrame, what: str, places: int = 2) -> None:
    """Print as Markdown, counts whole and figures to so many places."""
    print(f"\n| {what} | " + " | ".join(table.columns) + " |")
    print("|---" * (1 + len(table.columns)) + "|")
    for name, *values in table.itertuples():
        cells = [
            f"{value:.{places}f}" if isinstance(value, float) else str(value) for value in values
        ]
        head = ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)
        print(f"| {head} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
