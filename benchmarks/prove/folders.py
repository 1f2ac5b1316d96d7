"""Compares folders of pictures with masks as training sets, without building a dataset of them.

    python benchmarks/prove/folders.py --real FOLDER --group 'tile[0-9]+' --train PAINTED ...

Each folder has the layout of the real one: subfolders per defect with NAME.png and NAME_mask.png.
Where --group says that pictures show the same part, a picture made from a part that is tested is
not trained on; so keep the photograph's name in that of the picture.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
from pathlib import Path

import cv2
import torch
from tqdm import tqdm

from kizu.progress import listening
from kizu.prove.bootstrap import MEAN, METRICS, POOLED, interval
from kizu.prove.comparison import Comparison, ProofSettings, compare
from kizu.prove.real_folder import open_real_folder
from kizu.prove.training_sets import TrainingSet


def print_table(found: Comparison) -> None:
    """Print pixel AP by defect, its mean with the interval, and the other metrics' means."""
    kinds = [*found.kinds, POOLED]
    parts = len(found.groups)
    print(f"{'training set':30}{'n':>5}  {'mean AP [95 %]':22}", *(f"{kind:>9}" for kind in kinds))
    for which, table in found.tables.items():
        mean = interval(table["pixel_ap", MEAN], parts + sum(found.groups.values()))
        each = " ".join(f"{table['pixel_ap', kind][0]:9.3f}" for kind in kinds)
        other = "  ".join(f"{name} {table[name, MEAN][0]:.3f}" for name in METRICS[1:])
        told = f"{mean.value:.3f} [{mean.low:.3f} {mean.high:.3f}]"
        print(f"{which:30}{found.trained[which]:5.0f}  {told:22} {each}  {other}")
    for which in (TrainingSet.DATASET, TrainingSet.DATASET_FREE):
        apart = (
            found.tables[which]["pixel_ap", MEAN] - found.tables[TrainingSet.FREE]["pixel_ap", MEAN]
        )
        by = interval(apart, parts + sum(found.groups.values()))
        print(f"{which} minus free: {by.value:+.3f} [{by.low:+.3f} {by.high:+.3f}]")
    print(f"parts: {dict(found.groups)}; normals {found.normals:.0f}; left out {found.left_out}")


def main() -> None:
    """Compare what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--real", type=Path, required=True, help="the folder of real defects")
    parser.add_argument("--group", help="regular expression: the part in a picture's name")
    parser.add_argument("--train", type=Path, nargs="+", required=True, help="training sets")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--only", nargs="*", help="words of the training sets' names; all if none")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    real = open_real_folder(options.real, options.group)
    sets = [which for which in TrainingSet if not options.only or which.name in options.only]
    for folder in options.train:
        train = open_real_folder(folder, options.group, needs_normals=False)
        for sentence in (*real.left_out, *train.left_out):
            print(sentence)
        start = time.process_time()
        settings = ProofSettings(seeds=options.seeds, draws=options.draws, sets=tuple(sets))
        bars: dict[str, tqdm] = {}

        def show(stage: str, count: int, total: int | None, bars: dict[str, tqdm] = bars) -> None:
            if stage not in bars:
                bars[stage] = tqdm(total=total, desc=stage)
            bars[stage].update(count)

        with listening(show):
            found = compare(real.pictures, train.pictures, settings)
        for bar in bars.values():
            bar.close()
        print(f"\n{folder}: {time.process_time() - start:.0f} CPU s")
        print_table(found)


if __name__ == "__main__":
    main()
