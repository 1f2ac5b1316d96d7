"""Kills builds with paid edits at random moments and compares with one left in peace.

Several builds work on one store at the same time, each a process of ``kizu build`` with Prefect and
all. Again and again one of them is chosen and sent SIGKILL after a random time, and started anew.
What must hold at the end: all edits are there; none was completed twice; the emulator has billed no
more than the edits and the calls that were under way at the kills; the published files equal those
of an undisturbed build, but for what is a call's own.

    python -m benchmarks.attack.kills --kills 100

``--library`` buys through the library in one process, which starts in a second.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from kizu.billing.ledger import Ledger
from kizu.billing.spending import spending_rows, summarize_spending
from kizu.billing.totals import CallStatus
from kizu.emulator import Emulator, EmulatorSettings
from kizu.emulator.service import Job
from kizu.emulator.settings import KEY
from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import encode_png
from kizu.publish.layout import latest_version, pool_path
from kizu.publish.schemas import TABLES, decode_table
from kizu.store import Store
from kizu.store.keys import canonical_json, sha256_hex

WORKER = Path(__file__).parents[1] / "azure" / "worker.py"
HOLD_DIGESTS_OF_TABLES = ("manifest.json", "croissant.json")
OWN_TO_A_CALL = ("request_id", "bought_at", "latency_s")
"""Columns that no two purchases share."""


def dark_disc(job: Job) -> RgbImage:
    """A stand-in for the painter: its place depends on the job alone."""
    picture = job.picture.copy()
    draw = np.random.default_rng(int(sha256_hex(job.call.prompt.encode())[:8], 16))
    x, y = draw.integers(200, 800, 2)
    cv2.circle(picture, (int(x), int(y)), 40, (60, 50, 40), -1)
    return picture


def main() -> None:
    """Print what was billed, lost and changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=48)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--latency-s", type=float, default=1.0)
    parser.add_argument("--longest-life-s", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--library", action="store_true", dest="without_prefect")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = (
            Worker(Path(folder), options)
            if options.without_prefect
            else Flow(Path(folder), options)
        )
        compare(run, options)


def compare(run: "Worker", options: argparse.Namespace) -> None:
    """Build twice, once with kills, and print the difference."""
    calm, harsh = (
        EmulatorSettings(paint=dark_disc),
        EmulatorSettings(paint=dark_disc, latency_s=options.latency_s),
    )
    with Emulator(calm).running() as emulator:
        run.to_the_end("calm", emulator)
    with Emulator(harsh).running() as emulator:
        in_flight = run.with_kills("killed", emulator, random.Random(options.seed))  # noqa: S311 - a draw
        run.to_the_end("killed", emulator)
        billed = emulator.tally.billed
    ends = [(call.key, end) for _, call, end in Ledger(run.store("killed")).entries()]
    bought = Counter(key for key, end in ends if end and end.status is CallStatus.BOUGHT)
    unknown = sum(end is not None and end.status is CallStatus.UNKNOWN for _, end in ends)
    still_open = sum(end is None for _, end in ends)
    lines = spending_rows(Ledger(run.store("killed")), run.dataset)
    calm_print, killed_print = run.fingerprint("calm"), run.fingerprint("killed")
    allowed = options.edits + in_flight
    print(f"kills                      {run.kills}")
    print(f"calls under way at a kill  {in_flight}")
    print(f"billed                     {billed} (allowed: {allowed})")
    print(f"calls nobody knows of      {unknown}, {still_open} without an end")
    print(f"edits completed twice      {sum(count > 1 for count in bought.values())}")
    print(f"ledger                     {summarize_spending(lines)}")
    print(f"edits, calm and killed     {len(calm_print)}, {len(killed_print)}")
    print(f"equal                      {calm_print == killed_print}")
    names = sorted(calm_print.keys() | killed_print.keys())
    unequal = [name for name in names if calm_print.get(name) != killed_print.get(name)]
    print(f"files that differ          {', '.join(unequal[:8]) or 'none'}")
    print(f"files left by killed       {run.remains('killed')}")
    is_good = billed <= allowed and calm_print == killed_print and len(calm_print) > 0
    is_good &= len(bought) == options.edits == bought.total() and unknown <= in_flight
    sys.exit(0 if is_good and not still_open else 1)


_LONGEST_START_S = 60.0


def kill(worker: "subprocess.Popen[bytes]") -> None:
    """End a worker with all that it started, as the kernel does when memory runs out."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


class Worker:
    """Buys the edits through the library."""

    dataset = "benchmark"

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        """Take the folder for the stores, and the options."""
        self.folder = folder
        self.options = options
        self.kills = 0

    def store(self, name: str) -> Store:
        """Open a store."""
        return Store(str(self.folder / name))

    def command(self, name: str) -> list[str]:
        """Return the command line of a worker."""
        editor = {"name": "gpt-image", "quality": "low", "images_per_minute": 60_000}
        numbers = [str(self.options.edits), str(self.options.threads)]
        return [sys.executable, str(WORKER), str(self.folder / name), *numbers, json.dumps(editor)]

    def start(self, name: str, emulator: Emulator, slot: int = 0) -> "subprocess.Popen[bytes]":
        """Start a worker in a process group of its own."""
        environment = {
            **os.environ,
            "AZURE_OPENAI_ENDPOINT": emulator.endpoint,
            "AZURE_OPENAI_API_KEY": KEY,
            "PREFECT_LOGGING_LEVEL": "CRITICAL",
            "PREFECT_HOME": str(self.folder / f"prefect {slot}"),
            "OMP_NUM_THREADS": "1",
        }
        return subprocess.Popen(  # noqa: S603 - our own script
            self.command(name),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def to_the_end(self, name: str, emulator: Emulator) -> None:
        """Run a worker until it is done."""
        worker = self.start(name, emulator)
        try:
            if worker.wait() != 0:
                sys.exit(f"the {name} build did not end well")
        finally:
            kill(worker)

    def with_kills(self, name: str, emulator: Emulator, draw: random.Random) -> int:
        """Kill workers and start others; return how many calls were under way at the kills.

        It ends early if one of them was done: then there is nothing left to disturb.
        """
        workers = [self.start(name, emulator, slot) for slot in range(self.options.workers)]
        in_flight: set[int] = set()
        try:
            while self.kills < self.options.kills:
                self.wait_for_calls(workers, emulator, emulator.tally.calls)
                time.sleep(draw.uniform(0.0, self.options.longest_life_s))
                if any(worker.poll() is not None for worker in workers):
                    break
                chosen = draw.randrange(len(workers))
                kill(workers[chosen])
                self.kills += 1
                under_way = set(Ledger(self.store(name)).totals().under_way)
                in_flight |= under_way
                print(f"kill {self.kills}: {len(under_way)} calls under way", file=sys.stderr)
                workers[chosen] = self.start(name, emulator, chosen)
        finally:
            for worker in workers:
                kill(worker)
        return len(in_flight | set(Ledger(self.store(name)).totals().under_way))

    def wait_for_calls(
        self, workers: "list[subprocess.Popen[bytes]]", emulator: Emulator, before: int
    ) -> None:
        """Wait until a worker calls or is done, or for a while if there is nothing to buy."""
        until = time.monotonic() + _LONGEST_START_S
        while emulator.tally.calls == before and time.monotonic() < until:
            if any(worker.poll() is not None for worker in workers):
                return
            time.sleep(0.02)

    def remains(self, name: str) -> int:
        """Count the files that killed workers left half-written in a store."""
        return sum(file.is_file() for file in (self.folder / name).rglob(".aside-*"))

    def fingerprint(self, name: str) -> dict[str, str]:
        """Return a digest per edit: its picture, and its sidecar but for the call's own facts."""
        store, found = self.store(name), {}
        for path in store.list("edits"):
            if not path.endswith("/edit.json"):
                continue
            record = store.read_json(path)
            for column in OWN_TO_A_CALL:
                record.pop(column)
            picture = store.read(path.replace("edit.json", "picture.png"))
            found[record["key"]] = sha256_hex(canonical_json(record).encode() + picture)
        return found


class Flow(Worker):
    """Builds a whole dataset with the command line."""

    dataset = "plates"

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        """Write photos and spec."""
        super().__init__(folder, options)
        (folder / "photos").mkdir()
        for number in range(options.edits // 4):
            noise = np.random.default_rng(number).integers(90, 160, (40, 40, 3), dtype=np.uint8)
            photo = cv2.resize(noise, (256, 256), interpolation=cv2.INTER_CUBIC)
            data = encode_png(np.asarray(photo, np.uint8))
            (folder / "photos" / f"{number:02}.png").write_bytes(data)
        spec: dict[str, Any] = {
            "name": self.dataset,
            "images": {"path": "photos", "category": "plate"},
            "defects": [
                {"defect_type": "hole", "prompt": "a deep hole", "variants": 2},
                {"defect_type": "stain", "prompt": "a brown stain", "variants": 2},
            ],
            "editor": {"name": "gpt-image", "quality": "low", "images_per_minute": 60_000},
            "grounding": {"annotator": "none"},
            "agree": {"without_grounding": "accept"},
        }
        (folder / "dataset.yaml").write_text(json.dumps(spec))

    def command(self, name: str) -> list[str]:
        """Return the command line of a build."""
        run = "from kizu.cli import app; app()"
        place = ["--store", str(self.folder / name)]
        return [sys.executable, "-c", run, "build", str(self.folder / "dataset.yaml"), *place]

    def fingerprint(self, name: str) -> dict[str, str]:
        """Return a digest per published file, tables without the calls' own columns."""
        store = self.store(name)
        folder = latest_version(store, self.dataset)
        if folder is None:
            return {}
        found = {}
        for path in (*store.list(folder.path("")), *store.list(pool_path(self.dataset))):
            data = store.read(path)
            file = path.removeprefix(folder.path(""))
            table = file.removesuffix(".parquet")
            if table in TABLES:
                kept = decode_table(table, data)
                drop = [column for column in OWN_TO_A_CALL if column in kept.column_names]
                data = canonical_json(kept.drop_columns(drop).to_pylist()).encode()
            if file not in HOLD_DIGESTS_OF_TABLES:
                found[file] = sha256_hex(data)
        return found


if __name__ == "__main__":
    main()
