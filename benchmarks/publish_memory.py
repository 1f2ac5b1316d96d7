"""Peak memory and CPU time of what is made of many regions, each in its own process; needs Linux.

python benchmarks/publish_memory.py 4000 3000
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from kizu.agree.settings import AgreementSettings, AreaRange
from kizu.agree.verdict import agree
from kizu.diff import Status
from kizu.grounding.moved import move_detections
from kizu.grounding.storage import DetectionsRecord
from kizu.imaging.arrays import Mask
from kizu.imaging.crops import connected_regions
from kizu.imaging.rle import encode_crop
from kizu.publish.instances import diff_instances, grounded_instances

REGIONS: Final = (10, 100, 400)
_COLUMNS: Final = 20
_ON_THE_PHOTO: Final = np.array([[1.001, 0.002, 3.3], [-0.002, 1.001, -2.7]])
"""How a painted picture typically lies on its photo: a little turned, grown and shifted."""

Shape = tuple[int, int]
Work = Callable[[], object]


def diff_rows(regions: int, shape: Shape) -> Work:
    """Return the making of the rows of a diff mask."""
    mask = blobs(range(regions), shape)
    evidence = np.random.default_rng(0).random(shape, np.float32)
    return lambda: diff_instances("s", mask, evidence, 10.0)


def grounded_rows(regions: int, shape: Shape) -> Work:
    """Return the making of the rows of stored detections."""
    record = stored(regions, shape)
    return lambda: grounded_instances("s", "v", record.detections(), shape)


def moved_rows(regions: int, shape: Shape) -> Work:
    """Return the making of the rows of stored detections on a composited picture."""
    record = stored(regions, shape)

    def work() -> object:
        return grounded_instances(
            "s", "v", move_detections(record.detections(), _ON_THE_PHOTO), shape
        )

    return work


def agreement(regions: int, shape: Shape) -> Work:
    """Return the comparison of a diff mask with stored detections."""
    mask, record = blobs(range(regions), shape), stored(regions, shape)
    area, settings = AreaRange(min_fraction=0.0001, max_fraction=0.5), AgreementSettings()

    def work() -> object:
        found = {record.annotator: record.detections()}
        return agree(mask, Status.CHANGED, found, area, settings, region=mask)

    return work


def report_mask(regions: int, shape: Shape) -> Work:
    """Return the union of stored detections, as the report draws it."""
    record = stored(regions, shape)
    return lambda: record.detections().union_mask(shape)


WORKS: Final[Mapping[str, Callable[[int, Shape], Work]]] = {
    "diff rows": diff_rows,
    "grounded rows": grounded_rows,
    "grounded rows, moved": moved_rows,
    "agreement": agreement,
    "report's mask": report_mask,
}


def blobs(numbers: range, shape: Shape) -> Mask:
    """Return an (H, W) mask of rings, each in the grid's cell of its number."""
    mask = np.zeros(shape, np.uint8)
    height, width = shape[0] // _COLUMNS, shape[1] // _COLUMNS
    for number in numbers:
        row, column = divmod(number, _COLUMNS)
        middle = (column * width + width // 2, row * height + height // 2)
        cv2.ellipse(mask, middle, (width // 4, height // 4), 30, 0, 360, 1, thickness=9)
    return mask.view(np.bool_)


def stored(regions: int, shape: Shape) -> DetectionsRecord:
    """Return a record as an annotator leaves it, one ring per detection."""
    rings = [encode_crop(ring, shape) for ring in connected_regions(blobs(range(regions), shape))]
    return DetectionsRecord(
        annotator="v",
        xyxy=((0.0, 0.0, 9.0, 9.0),) * regions,
        confidence=(0.5,) * regions,
        phrase=("a ring",) * regions,
        rle=tuple(rings),
    )


def print_cost(shape: Shape) -> None:
    """Print CPU seconds and megabytes of every work, for more and more regions."""
    print(f"\n{shape[1]} x {shape[0]} px; one mask takes {shape[0] * shape[1] / 2**20:.0f} MB\n")
    print("| work | regions | CPU seconds | MB at the peak |\n|---|---|---|---|")
    for name in WORKS:
        for regions in REGIONS:
            seconds, mb = _measured(name, regions, shape)
            print(f"| {name} | {regions} | {seconds:.2f} | {mb:.0f} |", flush=True)


def _measured(name: str, regions: int, shape: Shape) -> tuple[float, float]:
    """Return CPU seconds, and MB at the peak above what the process had before."""
    size = [str(shape[1]), str(shape[0])]
    command = [sys.executable, __file__, *size, "--work", name, "--regions", str(regions)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    found = json.loads(done.stdout)
    return found["seconds"], found["mb"]


def _measure(name: str, regions: int, shape: Shape) -> dict[str, float]:
    """Work on a small picture first, which pays for look-up tables; then measure."""
    cv2.setNumThreads(1)
    WORKS[name](1, (200, 200))()
    work = WORKS[name](regions, shape)
    before = _status_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # proc(5): VmHWM starts anew
    start = time.process_time()
    work()
    return {"seconds": time.process_time() - start, "mb": _status_mb("VmHWM") - before}


def _status_mb(field: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in status if line.startswith(field)).split()[1]) / 1024


def main() -> None:
    """Print the cost of one work, or of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("width_px", type=int)
    parser.add_argument("height_px", type=int)
    parser.add_argument("--work", choices=WORKS)
    parser.add_argument("--regions", type=int, default=REGIONS[-1])
    options = parser.parse_args()
    shape = (options.height_px, options.width_px)
    if options.work:
        print(json.dumps(_measure(options.work, options.regions, shape)))
        return
    print_cost(shape)


if __name__ == "__main__":
    main()
