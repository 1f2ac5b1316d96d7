"""How right the published labels are, against the painter's true masks: what a user receives.

    python benchmarks/label_quality.py demo/store demo
    python benchmarks/label_quality.py --photos FOLDER --most 60

The first form measures a dataset that is built, the second builds one in a temporary folder from
the first photos of a folder, with the painter (hole, crack and chip; no drift), and measures that.
Read are the published files, through the reader that users have. Only painted edits have a true
mask; it lies apart from everything the stages read. It is drawn on the edited picture, so for a
composite it is brought into the published frame first.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from kizu import Dataset, DatasetSpec, open_dataset
from kizu.edit.storage import truth_path
from kizu.imaging.arrays import Mask
from kizu.imaging.codecs import IMAGE_SUFFIXES, decode_mask
from kizu.imaging.masks import mask_containment, mask_iou
from kizu.store import Store

Row = tuple[str, str, float, float, float]

DEFECTS = (
    ("hole", "a deep hole"),
    ("crack", "a branching crack"),
    ("chip", "a chip at the edge"),
)


def compare(store: Store, dataset: Dataset) -> Iterator[Row]:
    """Yield defect type, verdict, IoU, precision and recall of every published defect."""
    provenance = dataset.provenance.set_index("sample_id")
    for sample in dataset:
        if sample.is_normal:
            continue
        row = provenance.loc[sample.sample_id]
        truth = decode_mask(store.read(truth_path(row["edit_key"])))
        if row["composited"]:
            truth = moved(truth, np.reshape(row["normal_from_edited"], (2, 3)))
        label = sample.label()
        yield (
            sample.row["defect_type"],
            sample.row["verdict"],
            mask_iou(label, truth),
            mask_containment(label, truth),
            mask_containment(truth, label),
        )


def moved(mask: Mask, affine: np.ndarray) -> Mask:
    """Return an (H, W) mask in another frame; half a pixel covered counts."""
    size = (mask.shape[1], mask.shape[0])
    return np.asarray(cv2.warpAffine(mask.astype(np.float32), affine, size) > 0.5)


def build(photos: str, most: int, folder: Path) -> tuple[Store, str]:
    """Build a dataset of painted defects; return its store and name."""
    from flows.build import build_dataset

    files = sorted(p for p in Path(photos).iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)[:most]
    (folder / "photos").mkdir()
    for file in files:
        (folder / "photos" / file.name).write_bytes(file.read_bytes())
    spec = DatasetSpec.parse(
        {
            "name": "painted",
            "images": {"path": str(folder / "photos")},
            "defects": [{"defect_type": kind, "prompt": prompt} for kind, prompt in DEFECTS],
            "grounding": {"annotator": "none"},
            "publish": {"latest": "always"},
        }
    )
    store = Store(str(folder / "store"))
    build_dataset(spec, store_url=store.url, return_state=True)
    return store, spec.name


def print_table(rows: list[Row]) -> None:
    """Print one line per defect type and one for all."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row)
    groups["all"] = rows
    print(
        f"{'defect':<14}{'samples':>8}{'accepted':>9}{'IoU':>7}{'prec.':>7}{'recall':>7}{'<0.5':>6}"
    )
    for name, group in groups.items():
        metrics = np.array([row[2:] for row in group])
        accepted = sum(row[1] == "accept" for row in group)
        iou, precision, recall = metrics.mean(axis=0)
        bad = int((metrics[:, 0] < 0.5).sum())  # the usual bound of a hit
        print(
            f"{name:<14}{len(group):>8}{accepted:>9}{iou:>7.2f}{precision:>7.2f}{recall:>7.2f}{bad:>6}"
        )


def main() -> None:
    """Read from the command line what to measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", nargs="?")
    parser.add_argument("dataset", nargs="?")
    parser.add_argument("--photos", help="build from this folder instead")
    parser.add_argument("--most", type=int, default=60, help="photos to take of it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.photos:
            store, name = build(arguments.photos, arguments.most, Path(folder))
        elif arguments.store and arguments.dataset:
            store, name = Store(arguments.store), arguments.dataset
        else:
            parser.error("give a store and a dataset, or --photos")
        print_table(list(compare(store, open_dataset(store, name))))


if __name__ == "__main__":
    main()
