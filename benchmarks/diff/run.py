"""How well differences are found: prints the table of the documentation.

python benchmarks/diff/run.py --seed 3

Masks: intersection over union, pixel average precision of the anomaly map, boundary F at 4 pixels,
share of defects hit (IoU of at least 0.3); on pairs with drift alone, the share with any mask.
Times are CPU seconds on one thread.
"""

import argparse
import time
from collections import defaultdict

import cv2
import numpy as np
from baselines import METHODS
from pairs import PRESERVING, Pair, make_pairs

from kizu.arrays import FloatMap, Mask
from kizu.diff import Status, diff_mask
from kizu.edit.painter import DriftProfile

_BOUNDARY_PX = 4
_HIT_IOU = 0.3
_HISTOGRAM_BINS = 4096


def main() -> None:
    """Score every method on every pair and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--side-px", type=int, default=1024)
    parser.add_argument("--scenes", type=int, default=10)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    scores: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    redraws = []
    for pair in make_pairs(options.seed, options.side_px, options.scenes):
        if pair.profile is DriftProfile.REDRAW:
            redraws.append(diff_mask(pair.normal, pair.edited).status is Status.REDRAWN)
            continue
        for name in METHODS:
            scores[name, pair.profile.value].append(score(name, pair))
    print_table(scores)
    print(f"\nredraws of the whole picture reported: {np.mean(redraws):.0%} of {len(redraws)}")


def score(name: str, pair: Pair) -> dict[str, float]:
    """Figures of one method on one pair."""
    start = time.process_time()
    anomaly_map, mask = METHODS[name](pair.normal, pair.edited)
    seconds = time.process_time() - start
    if pair.kind is None:
        return {"alarm": float(mask.any()), "seconds": seconds}
    iou = (mask & pair.truth).sum() / max((mask | pair.truth).sum(), 1)
    return {
        "iou": float(iou),
        "ap": average_precision(anomaly_map, pair.truth),
        "boundary": boundary_f(mask, pair.truth),
        "hit": float(iou >= _HIT_IOU),
        "seconds": seconds,
    }


def average_precision(anomaly_map: FloatMap, truth: Mask) -> float:
    """Area under the precision-recall curve over pixels, from a histogram of ranks."""
    levels = np.unique(np.quantile(anomaly_map, np.linspace(0, 1, _HISTOGRAM_BINS)))
    bins = np.searchsorted(levels, anomaly_map.ravel())
    everything = np.bincount(bins, minlength=len(levels) + 1)[::-1]
    right = np.bincount(bins[truth.ravel()], minlength=len(levels) + 1)[::-1]
    precision = np.cumsum(right) / np.maximum(np.cumsum(everything), 1)
    return float((precision * right).sum() / max(truth.sum(), 1))


def boundary_f(mask: Mask, truth: Mask) -> float:
    """Harmonic mean of the shares of either outline that lie near the other."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _BOUNDARY_PX + 1,) * 2)
    edges = [
        cv2.morphologyEx(m.view(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        for m in (mask, truth)
    ]
    if not all(edge.any() for edge in edges):
        return 0.0
    near = [cv2.dilate(edge, disc) > 0 for edge in edges]
    precision = near[1][edges[0] > 0].mean()
    recall = near[0][edges[1] > 0].mean()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def print_table(scores: dict[tuple[str, str], list[dict[str, float]]]) -> None:
    """One row per method and profile, as Markdown."""
    columns = ("iou", "ap", "boundary", "hit", "alarm", "seconds")
    print("| method | redraw | " + " | ".join(columns) + " |")
    print("|---" * (2 + len(columns)) + "|")
    for profile in PRESERVING:
        for name in METHODS:
            rows = scores[name, profile.value]
            means = [np.mean([row[c] for row in rows if c in row]) for c in columns]
            print(f"| {name} | {profile.value} | " + " | ".join(f"{m:.2f}" for m in means) + " |")


if __name__ == "__main__":
    main()
