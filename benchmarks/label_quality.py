"""How right the published labels are: masks of a painted build against the painter's true masks.

    python benchmarks/label_quality.py demo/store demo

Only painted edits have a true mask; it lies apart from everything the stages read.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from kizu.agree.metrics import coverage, mask_iou
from kizu.diff.archive import open_diff_mask
from kizu.edit.archive import truth_path
from kizu.images import decode_mask
from kizu.publish.layout import VersionFolder, latest_version
from kizu.publish.manifests import decode_table
from kizu.store import StageFolder, Store

Row = tuple[str, str, float, float, float]


def compare(store: Store, version: VersionFolder) -> Iterator[Row]:
    """Yield defect type, verdict, IoU, precision and recall of every judged sample."""
    tables = {
        name: decode_table(name, store.read(version.path(f"{name}.parquet"))).to_pylist()
        for name in ("samples", "provenance")
    }
    defect_types = {row["sample_id"]: row["defect_type"] for row in tables["samples"]}
    for row in tables["provenance"]:
        if row["edit_key"] is None:
            continue
        truth = decode_mask(store.read(truth_path(row["edit_key"])))
        mask = open_diff_mask(StageFolder(store, "diff", row["diff_key"]))
        yield (
            defect_types[row["sample_id"]],
            row["verdict"],
            mask_iou(mask, truth),
            coverage(mask, truth),
            coverage(truth, mask),
        )


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
        figures = np.array([row[2:] for row in group])
        accepted = sum(row[1] == "accept" for row in group)
        iou, precision, recall = figures.mean(axis=0)
        bad = int((figures[:, 0] < 0.5).sum())  # noqa: PLR2004 - the usual bound of a hit
        print(
            f"{name:<14}{len(group):>8}{accepted:>9}{iou:>7.2f}{precision:>7.2f}{recall:>7.2f}{bad:>6}"
        )


def main() -> None:
    """Read the store and the dataset's name from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("dataset")
    arguments = parser.parse_args()
    store = Store(arguments.store)
    version = latest_version(store, arguments.dataset)
    if version is None:
        parser.error(f"there is no dataset {arguments.dataset!r} in {arguments.store}")
    print_table(list(compare(store, version)))


if __name__ == "__main__":
    main()
