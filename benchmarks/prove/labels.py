"""What published masks cost beside the painter's true ones, trained on the same pictures.

    python benchmarks/prove/labels.py --real FOLDER --group 'tile[0-9]+' --store OUT/store

The store is what benchmarks/prove/run.py has built with the painter. The same published pictures
are trained on with the masks as published, with the true masks of what was painted, and with the
published ones grown by a pixel as far as the picture is touched. Gains are paired. --split chooses
another split into halves: what that moves says how much one split is worth.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from progress import bars

from kizu import Dataset, open_dataset
from kizu.agree.verdict import Verdict
from kizu.edit.storage import truth_path
from kizu.imaging.arrays import Mask
from kizu.imaging.codecs import decode_mask
from kizu.prove.bootstrap import MEAN, interval
from kizu.prove.comparison import ProofSettings, compare
from kizu.prove.dataset_pictures import dataset_pictures
from kizu.prove.pictures import Picture
from kizu.prove.real_folder import open_real_folder
from kizu.prove.training_sets import TrainingSet
from kizu.store import Store

Label = Callable[[Picture], Mask]


def labels(store: Store, dataset: Dataset) -> dict[str, Label]:
    """Return the masks to compare, by name; the first is what the others are compared with."""
    rows = dataset.rows("provenance", ("sample_id", "edit_key"))
    edit_keys = {row["sample_id"]: row["edit_key"] for row in rows}

    def published(picture: Picture) -> Mask:
        return picture.read()[1]

    def true(picture: Picture) -> Mask:
        return decode_mask(store.read(truth_path(edit_keys[picture.name])))

    def grown(picture: Picture) -> Mask:
        wider = cv2.dilate(published(picture).astype(np.uint8), np.ones((3, 3), np.uint8))
        return np.asarray((wider > 0) & dataset[picture.name].touched())

    return {"published": published, "true": true, "grown by a pixel": grown}


def labelled(picture: Picture, label: Label) -> Picture:
    """Return a picture with another mask."""
    return replace(picture, read=lambda: (picture.read()[0], label(picture)))


def main() -> None:
    """Compare the masks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--real", type=Path, required=True, help="the folder of real defects")
    parser.add_argument("--group", help="regular expression: the part in a picture's name")
    parser.add_argument("--store", required=True)
    parser.add_argument("--dataset", default="painter")
    parser.add_argument("--split", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    store, dataset = Store(options.store), open_dataset(options.store, options.dataset)
    real = open_real_folder(options.real, options.group)
    made = dataset_pictures(store, dataset, real.parts, [Verdict.REVIEW]).pictures
    settings = ProofSettings(seed=options.split, sets=(TrainingSet.DATASET,))
    before = None
    for name, label in labels(store, dataset).items():
        pictures = [each if each.is_normal else labelled(each, label) for each in made]
        with bars():
            found = compare(real.pictures, pictures, settings)
        drawn = found.tables[TrainingSet.DATASET]["pixel_ap", MEAN]
        before = drawn if before is None else before
        print(f"{name}: pixel AP {drawn[0]:.3f}", interval(drawn - before, found.defect_groups))


if __name__ == "__main__":
    main()
