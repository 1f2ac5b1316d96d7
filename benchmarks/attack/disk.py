"""Builds with paid edits on a disk that fills up, or that can no longer be written halfway.

Real small disks are mounted, which takes root. A build runs on each until it stops; then there is
room again and it runs once more. What must hold: no paid answer is lost, no edit is bought twice,
each stop is one sentence that names the disk, and the rest is made once there is room.

    python -m benchmarks.attack.disk
"""

import argparse
import os
import subprocess
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from benchmarks.attack.in_process import build
from kizu.billing.ledger import Ledger
from kizu.billing.totals import CallStatus
from kizu.emulator import Emulator, EmulatorSettings
from kizu.emulator.service import Job
from kizu.emulator.settings import KEY
from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import encode_png
from kizu.spec import DatasetSpec
from kizu.store import Store

_MIB: Final = 2**20
SIZES_MIB: Final = (1, 12, 20, 34, 60)
"""From one that takes no answer (a square one may need 10.3 MiB) to one that takes nearly all."""

_ROOMY_MIB: Final = 512
_SEED: Final = 14
_PHOTOS: Final = 6


@dataclass(frozen=True)
class Trouble:
    """One way in which a disk gives up.

    Attributes:
        name: What it is called.
        size_mib: The disk's size at first.
        strike: Done when the service has served some calls; nothing for a disk that is just small.
        after: How many.
    """

    name: str
    size_mib: int
    strike: Callable[[Path], None] | None = None
    after: int = 0


def remount(folder: Path, options: str) -> None:
    """Mount a disk anew with other options."""
    _run("mount", "-o", f"remount,{options}", str(folder))


def fill(folder: Path) -> None:
    """Leave no room on a disk."""
    with suppress(OSError), (folder / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(_MIB // 16))


def read_only(folder: Path) -> None:
    """Let nothing more be written."""
    remount(folder, "ro")


@contextmanager
def small_disk(folder: Path, size_mib: int) -> Iterator[Path]:
    """Mount a disk of a size while the block runs."""
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        _run("umount", "-l", str(folder))


def attack(trouble: Trouble, work: Path) -> list[str]:
    """Build on a disk that gives up, then with room; return what did not hold."""
    served = 0
    disk = work / "disk"

    def paint(job: Job) -> RgbImage:
        nonlocal served
        served += 1
        if trouble.strike and served == trouble.after:
            trouble.strike(disk)
        return _noisy(job)

    settings = EmulatorSettings(paint=paint)
    with small_disk(disk, trouble.size_mib), Emulator(settings).running() as emulator:
        os.environ |= {
            "AZURE_OPENAI_ENDPOINT": emulator.endpoint,
            "AZURE_OPENAI_API_KEY": KEY,
            "KIZU_SPARE_DIR": str(work / "spare"),
            "KIZU_STORE_PATIENCE_S": "2",
        }
        spec, store = _spec(work), Store(str(disk / "store"))
        said, bought_first = _build(spec, store), emulator.tally.billed
        remount(disk, f"rw,size={_ROOMY_MIB}m")
        (disk / "ballast").unlink(missing_ok=True)
        afterwards = _build(spec, store)
        billed = emulator.tally.billed
        bought = Counter(
            call.key
            for _, call, end in Ledger(store).entries()
            if end and end.status is CallStatus.BOUGHT
        )
        wanted = _PHOTOS * len(spec.defects)
    print(
        f"{trouble.name}: {bought_first} of {wanted} bought before it stopped, {billed} in all\n"
        f"  {said[:300]}"
    )
    problems = {
        "it did not say what stopped it": not said and bought_first < wanted,
        "it is no sentence": "Traceback" in said or "\n" in said,
        "paid answers were lost or bought twice": billed != wanted,
        "edits are missing or completed twice": sorted(bought.values()) != [1] * wanted,
        f"the rest was not made: {afterwards[:300]}": bool(afterwards),
    }
    return [problem for problem, holds in problems.items() if holds]


def _build(spec: DatasetSpec, store: Store) -> str:
    """Build; return the sentence it ended with, empty if all was made."""
    try:
        built = build(spec, store, uuid.uuid4().hex)
    except OSError as error:
        return str(error)
    return built.summary.stopped or "; ".join(dict.fromkeys(built.failures))


def _noisy(job: Job) -> RgbImage:
    """A picture that hardly compresses: the disk fills as fast as it can."""
    noise = np.random.default_rng(_SEED).integers(-9, 9, job.picture.shape)
    picture = np.clip(job.picture + noise, 0, 255).astype(np.uint8)
    cv2.circle(picture, (500, 500), 60, (60, 50, 40), -1)
    return picture


def _spec(work: Path) -> DatasetSpec:
    photos = work / "photos"
    photos.mkdir()
    for number in range(_PHOTOS):
        noise = np.random.default_rng(number).integers(90, 160, (40, 40, 3), dtype=np.uint8)
        photo = cv2.resize(noise, (256, 256), interpolation=cv2.INTER_CUBIC)
        (photos / f"{number}.png").write_bytes(encode_png(np.asarray(photo, np.uint8)))
    fields: dict[str, Any] = {
        "name": "plates",
        "images": {"path": str(photos), "category": "plate"},
        "defects": [
            {"defect_type": "hole", "prompt": "a deep hole"},
            {"defect_type": "stain", "prompt": "a brown stain"},
        ],
        "editor": {"name": "gpt-image", "quality": "low", "images_per_minute": 60_000},
        "grounding": {"annotator": "none"},
        "agree": {"without_grounding": "accept"},
    }
    return DatasetSpec.parse(fields)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - the system's own


def troubles() -> Iterator[Trouble]:
    """Yield what disks do: five sizes that are too small, one that fills up, one that turns."""
    for after in (5, 1):
        yield Trouble(f"read-only at answer {after}", _ROOMY_MIB, read_only, after)
        yield Trouble(f"a disk that is full at answer {after}", _ROOMY_MIB, fill, after)
    for size_mib in SIZES_MIB:
        yield Trouble(f"a disk of {size_mib} MiB", size_mib)


def main() -> None:
    """Attack, and end with status 1 if anything did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=len(list(troubles())))
    count = parser.parse_args().count
    if os.geteuid() != 0:
        sys.exit("only root can mount a small disk")
    harmed = 0
    for trouble in islice(troubles(), count):
        with tempfile.TemporaryDirectory() as folder:
            found = attack(trouble, Path(folder))
        for problem in found:
            print(f"  FAILED: {problem}")
        harmed += bool(found)
    print(f"{harmed} of the disks did harm")
    sys.exit(1 if harmed else 0)


if __name__ == "__main__":
    main()
