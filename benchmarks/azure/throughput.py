"""How much of a quota is used, how many calls are rejected, and whether ledger and bill agree.

Buys edits from an emulator with a quota, while a share of its calls fails at random. Run it with
``python benchmarks/azure/throughput.py``; ``--speed 1`` is real time, more is faster.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

from kizu.billing.ledger import Ledger
from kizu.billing.spending import spending_rows, summarize_spending
from kizu.billing.totals import CallStatus
from kizu.emulator import Emulator, EmulatorSettings, FaultPlan
from kizu.emulator.service import Job
from kizu.emulator.settings import KEY
from kizu.imaging.arrays import RgbImage
from kizu.store import Store

WORKER = Path(__file__).with_name("worker.py")


def dark_disc(job: Job) -> RgbImage:
    """A stand-in for the painter, so that the machine's speed is not what is measured."""
    picture = job.picture.copy()
    cv2.circle(picture, (picture.shape[1] // 2, picture.shape[0] // 2), 40, (60, 50, 40), -1)
    return picture


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--per-minute", type=float, default=60)
    parser.add_argument("--faults", type=float, default=0.10)
    parser.add_argument("--latency-s", type=float, default=20)
    parser.add_argument("--speed", type=float, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=32)
    options = parser.parse_args()
    settings = EmulatorSettings(
        per_minute=options.per_minute,
        latency_s=options.latency_s,
        speed=options.speed,
        faults=FaultPlan(fraction=options.faults, retry_after_s=1 / options.speed),
        paint=dark_disc,
    )
    with tempfile.TemporaryDirectory() as folder, Emulator(settings).running() as emulator:
        started = time.monotonic()
        run_workers(emulator, folder, options)
        report(emulator, Store(folder), options, time.monotonic() - started)


def run_workers(emulator: Emulator, folder: str, options: argparse.Namespace) -> None:
    """Run the workers to their end."""
    editor = {
        "name": "gpt-image",
        "quality": "low",
        "images_per_minute": options.per_minute * options.speed,
    }
    command = [sys.executable, str(WORKER), folder, str(options.edits), str(options.threads)]
    environment = {
        **os.environ,
        "AZURE_OPENAI_ENDPOINT": emulator.endpoint,
        "AZURE_OPENAI_API_KEY": KEY,
    }
    workers = [
        subprocess.Popen([*command, json.dumps(editor)], env=environment)  # noqa: S603 - our own script
        for _ in range(options.workers)
    ]
    for worker in workers:
        worker.wait()


def report(emulator: Emulator, store: Store, options: argparse.Namespace, seconds: float) -> None:
    """Print what came of it."""
    tally = emulator.tally
    lines = spending_rows(Ledger(store), "benchmark")
    bought = [line for line in lines if line.status == CallStatus.BOUGHT]
    paid = sum(line.cost_usd or 0 for line in bought)
    span_min = (tally.started[-1] - tally.started[0]) * options.speed / 60
    used = (tally.calls - 1) / span_min / options.per_minute
    keys = len({line.key for line in bought})
    print(f"edits bought         {len(bought)} of {options.edits}, {keys} keys")
    print(f"calls                {tally.calls} in {seconds:.1f} s, answers {tally.statuses}")
    print(f"quota used           {used:.1%}")
    print(f"rejected for rate    {tally.rejected} ({tally.rejected / tally.calls:.2%})")
    print(f"ledger               {summarize_spending(lines)}")
    print(f"bought / bill (USD)  {paid:.6f} / {tally.cost_usd:.6f}")


if __name__ == "__main__":
    main()
