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
from progress import bars

from kizu.prove.comparison import ProofSettings, compare
from kizu.prove.proof import Proof
from kizu.prove.real_folder import open_real_folder
from kizu.prove.report import markdown
from kizu.prove.training_sets import TrainingSet


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
        with bars():
            found = compare(real.pictures, train.pictures, settings)
        print(markdown(Proof(str(folder), "features", settings, found, 0.0, ())))
        print(f"{time.process_time() - start:.0f} CPU s; left out by part: {found.left_out}")


if __name__ == "__main__":
    main()
