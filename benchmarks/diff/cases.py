"""Pairs of a folder, judged: status, IoU where the truth is known, area and CPU time.

    python benchmarks/diff/cases.py --pairs FOLDER

A pair is NAME_before.png and NAME_after.png, or NAME_normal.png and NAME_edited.png; several names
may share the beginning that has the first picture. NAME_truth.png is what changed, white on black;
`no_defect` in a name says that nothing did. Sizes may differ from pair to pair.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kizu.diff import Status, diff_mask
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_image, decode_mask
from kizu.imaging.masks import boundary_f, mask_iou

_ENDS = {"after": "before", "edited": "normal"}
_BOUNDARY_PX = 4


@dataclass(frozen=True, eq=False)
class Case:
    """A pair by name; the truth (H, W) is None if nobody knows it, empty if nothing changed."""

    name: str
    normal: RgbImage
    edited: RgbImage
    truth: Mask | None


def cases_of(folder: Path) -> Iterator[Case]:
    """Yield the pairs of a folder by name."""
    for file in sorted(folder.glob("*.png")):
        name, _, end = file.stem.rpartition("_")
        if end in _ENDS:
            edited = _image(file)
            before = _first_of(folder, name, _ENDS[end])
            yield Case(name, _image(before), edited, _truth_of(folder, name, edited.shape[:2]))


def _first_of(folder: Path, name: str, end: str) -> Path:
    """Find the first picture of a pair, by the longest beginning of its name that has one.

    Raises:
        FileNotFoundError: There is none.
    """
    parts = name.split("_")
    for count in range(len(parts), 0, -1):
        file = folder / f"{'_'.join(parts[:count])}_{end}.png"
        if file.exists():
            return file
    raise FileNotFoundError(f"{folder} has no {name}_{end}.png for {name}")


def _truth_of(folder: Path, name: str, shape: tuple[int, ...]) -> Mask | None:
    file = folder / f"{name}_truth.png"
    if file.exists():
        return decode_mask(file.read_bytes())
    return np.zeros(shape, np.bool_) if "no_defect" in name else None


def _image(file: Path) -> RgbImage:
    return decode_image(file.read_bytes())


def main() -> None:
    """Compare every pair and print a row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pairs", type=Path, required=True, help="a folder of pairs")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print("| pair | size | status | IoU | boundary | marked % | changed % | seconds |")
    print("|---" * 8 + "|")
    for case in cases_of(options.pairs):
        start = time.process_time()
        found = diff_mask(case.normal, case.edited)
        seconds = time.process_time() - start
        print(f"| {case.name} | {_row(case, found.status, found.mask)} | {seconds:.2f} |")


def _row(case: Case, status: Status, mask: Mask) -> str:
    height, width = mask.shape
    iou = boundary = changed = "-"
    if case.truth is not None:
        changed = f"{100 * case.truth.mean():.2f}"
        if case.truth.any():
            iou = f"{mask_iou(mask, case.truth):.2f}"
            boundary = f"{boundary_f(mask, case.truth, _BOUNDARY_PX):.2f}"
    area = f"{100 * mask.mean():.2f}"
    return " | ".join([f"{width}x{height}", status.value, iou, boundary, area, changed])


if __name__ == "__main__":
    main()
