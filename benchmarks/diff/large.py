"""What the second look at full size is worth on large pictures, and what it costs.

python benchmarks/diff/large.py --megapixels 6 12 24 --seeds 1 [--own-size]

Thin defects are some two pixels wide at full size, whatever the picture's size. The reduced look
compares at the working size and enlarges the mask. Of pairs without a defect, the share that was
marked. Times are CPU seconds per megapixel on one thread; memory is the peak above both images,
each measured in a process of its own.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from large_pairs import DRIFTS, HAIRLINE, make_large_pairs
from memory import peak_mb
from metrics import BOUNDARY_PX, HIT_IOU, intersection_over_union
from pairs import Pair

from kizu.diff import DiffSettings, diff_mask
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.masks import boundary_f

_THIN_KINDS: Final = (HAIRLINE, "scratch", "crack")
_COLUMNS: Final = ("iou", "boundary", "hit", "alarm", "seconds")


def reduced_look(normal: RgbImage, edited: RgbImage) -> Mask:
    """Compare at the working size only and enlarge the mask."""
    shape = normal.shape[:2]
    factor = min((DiffSettings().max_work_megapixels * 1e6 / (shape[0] * shape[1])) ** 0.5, 1.0)
    size = (round(shape[1] * factor), round(shape[0] * factor))
    small = [
        np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        for image in (normal, edited)
    ]
    mask = diff_mask(small[0], small[1]).mask.astype(np.float32)
    return np.asarray(cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.5)


def full_size_look(normal: RgbImage, edited: RgbImage) -> Mask:
    """Compare as kizu does."""
    return diff_mask(normal, edited).mask


LOOKS: Final[Mapping[str, Callable[[RgbImage, RgbImage], Mask]]] = {
    "reduced": reduced_look,
    "full size": full_size_look,
}


def main() -> None:
    """Score both looks on every pair and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[6.0, 12.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--own-size", action="store_true", help="redraws at the photo's own size")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for megapixels in options.megapixels:
        scores: dict[tuple[str, ...], list[dict[str, float]]] = defaultdict(list)
        pair = None
        for seed in options.seeds:
            for pair in make_large_pairs(megapixels, seed, own_size=options.own_size):
                kind = "thin" if pair.scene in _THIN_KINDS else "broad"
                for look in LOOKS:
                    row = score(look, pair)
                    for name in ("thin", "broad") if pair.kind is None else (kind,):
                        scores[pair.drift, name, look].append(row)
        print(f"\n{megapixels:g} megapixels; " + ", ".join(memory(look, pair) for look in LOOKS))
        print_table(scores)


def score(look: str, pair: Pair) -> dict[str, float]:
    """Figures of one look at one pair."""
    start = time.process_time()
    mask = LOOKS[look](pair.normal, pair.edited)
    seconds = (time.process_time() - start) / (pair.truth.size / 1e6)
    if pair.kind is None:
        return {"alarm": float(mask.any()), "seconds": seconds}
    iou = intersection_over_union(mask, pair.truth)
    boundary = boundary_f(mask, pair.truth, BOUNDARY_PX)
    return {"iou": iou, "boundary": boundary, "hit": float(iou >= HIT_IOU), "seconds": seconds}


def memory(look: str, pair: Pair | None) -> str:
    """Peak of a fresh process above the two images it was given."""
    if pair is None:
        return look
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.npy"
        np.save(path, np.stack([pair.normal, pair.edited]))
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            megabytes = pool.apply(_peak_of, (look, path))
    return f"{look}: {megabytes:.0f} MB"


def _peak_of(look: str, path: Path) -> float:
    cv2.setNumThreads(1)
    small = np.zeros((64, 64, 3), np.uint8)
    LOOKS[look](small, small)
    images = np.load(path)
    return peak_mb(lambda: LOOKS[look](images[0], images[1]))


def print_table(scores: Mapping[tuple[str, ...], list[dict[str, float]]]) -> None:
    """One row per profile, width and look, as Markdown."""
    print("| redraw | defects | look | " + " | ".join(_COLUMNS) + " |")
    print("|---" * (3 + len(_COLUMNS)) + "|")
    for drift in DRIFTS:
        for width in ("thin", "broad"):
            for look in LOOKS:
                rows = scores[drift, width, look]
                means = [np.mean([row[c] for row in rows if c in row]) for c in _COLUMNS]
                figures = " | ".join(f"{mean:.2f}" for mean in means)
                print(f"| {drift} | {width} | {look} | {figures} |")


if __name__ == "__main__":
    main()
