"""Time and peak memory of a comparison, measured in a process of its own; needs Linux.

python benchmarks/diff/memory.py 1024 1024
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from baselines import METHODS
from drifts import PRESERVING
from scenes import load_scene

from kizu.edit.painter import DefectKind, paint
from kizu.imaging.arrays import RgbImage

_DRIFT = "gpt-image-2"
_SEED = 3


def measured(method: str, width_px: int, height_px: int) -> tuple[float, float]:
    """Return CPU seconds, and MB at the peak above what the process had with both images loaded."""
    command = [sys.executable, __file__, str(width_px), str(height_px), "--method", method]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    found = json.loads(done.stdout)
    return found["seconds"], found["mb"]


def print_cost(*sizes: tuple[int, int]) -> None:
    """Print seconds and megabytes of every method, at sizes (width, height) in pixels."""
    print("\n| method | size | seconds | MB above the images |\n|---|---|---|---|")
    for width, height in sizes:
        for method in METHODS:
            seconds, mb = measured(method, width, height)
            print(f"| {method} | {width} x {height} | {seconds:.2f} | {mb:.0f} |")


def _measure(method: str, size: tuple[int, int]) -> dict[str, float]:
    """Compare twice: the first run pays for imports and look-up tables, the second is timed."""
    cv2.setNumThreads(1)
    normal, edited = _pair(size)
    METHODS[method](normal[:64, :64].copy(), edited[:64, :64].copy())
    start = time.process_time()
    mb = peak_mb(lambda: METHODS[method](normal, edited))
    return {"seconds": time.process_time() - start, "mb": mb}


def peak_mb(work: Callable[[], object]) -> float:
    """Do something and return the peak of this process above what it had before."""
    before = _resident_mb()
    _forget_peak()
    work()
    return _peak_mb() - before


def _pair(size: tuple[int, int]) -> tuple[RgbImage, RgbImage]:
    photo = load_scene("coffee", max(size)).image
    normal = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    painting = paint(normal, DefectKind.STAIN, _SEED)
    return normal, PRESERVING[_DRIFT](painting, _SEED).image


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def _forget_peak() -> None:
    """Let the kernel's high-water mark start anew (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> None:
    """Print seconds and megabytes of one method, or of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("width_px", type=int)
    parser.add_argument("height_px", type=int)
    parser.add_argument("--method", choices=METHODS)
    options = parser.parse_args()
    if options.method:
        print(json.dumps(_measure(options.method, (options.width_px, options.height_px))))
        return
    print_cost((options.width_px, options.height_px))


if __name__ == "__main__":
    main()
