"""Does the simulator predict real builds? Small ones, with a stub editor that sleeps.

The pieces that a prediction is made of (seconds per sample of every part, seconds per task run, how
much two cores slow each other) are measured in the same process right before and right after the
builds, so that what else is on the machine weighs on both alike. What is predicted is what the
pieces alone do not say: several slots, calls that wait, and a quota. Run::

    python benchmarks/check_simulate.py
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from measured import prefect_environment, prefect_server
from simulate import Model, simulate

from kizu.spec import DatasetSpec

SAMPLES = 64
SIDE_PX = 128
SHARD_SIZE = 4
STAGES = 5


@dataclass(frozen=True)
class Case:
    """A build: task slots, seconds per call, calls per minute (0 for no quota)."""

    name: str
    slots: int
    latency_s: float = 0.0
    per_minute: float = 0.0


CASES = (
    Case("calls in flight, 1 slot", 1, 0.25),
    Case("calls in flight, 2 slots", 2, 0.25),
    Case("calls in flight, 4 slots", 4, 0.25),
    Case("quota of 240 a minute, 2 slots", 2, 0.25, 240),
    Case("quota of 240 a minute, 4 slots", 4, 0.25, 240),
    Case("cores, 2 slots", 2),
    Case("cores, 4 slots", 4),
)


@dataclass(frozen=True)
class Pieces:
    """What a build is made of, in seconds: per sample, per task run, and once."""

    cpu_s: float
    publish_cpu_s: float
    task_cpu_s: float
    fixed_s: float
    slowdown: float

    def mean(self, other: "Pieces") -> "Pieces":
        """Return the means of two measurements."""
        names = [field.name for field in fields(self)]
        return Pieces(**{n: (getattr(self, n) + getattr(other, n)) / 2 for n in names})

    def predict_s(self, case: Case) -> float:
        """Predict how long a build takes."""
        model = Model(
            edits=SAMPLES,
            per_minute=case.per_minute,
            slots=case.slots,
            calls_at_once=1,
            edit_s=case.latency_s,
            spread=0.0,
            retried=0.0,
            cores=os.cpu_count() or 1,
            shard_size=SHARD_SIZE,
            stages=STAGES,
            records_per_s=1e9,
            **vars(self),
        )
        return 3600 * simulate(model).hours


class Builder:
    """Builds one dataset again and again, each time in a new store."""

    def __init__(self, folder: Path, spec: DatasetSpec) -> None:
        """Remember where and what."""
        self._folder = folder
        self._spec = spec

    def bare(self, threads: int) -> Mapping[str, float]:
        """Build without Prefect and without waiting; return seconds by part."""
        from stub_build import StubEditor, bare_loop, stub_in_place  # noqa: PLC0415 - as below

        with stub_in_place(StubEditor(0.0)):
            parts = bare_loop(self._spec, self._store, threads, SHARD_SIZE)
        shutil.rmtree(self._store)
        return parts

    def flow_s(self, case: Case, shard_size: int = SHARD_SIZE) -> float:
        """Build with the flow; return how many seconds it took."""
        from stub_build import StubEditor, stub_in_place  # noqa: PLC0415 - reads the environment

        from flows.build import build_dataset  # noqa: PLC0415 - the same
        from flows.runner import task_runner  # noqa: PLC0415 - the same

        os.environ["KIZU_WORKERS"] = str(case.slots)
        build = build_dataset.with_options(task_runner=task_runner())
        start = time.monotonic()
        with stub_in_place(StubEditor(case.latency_s, case.per_minute)):
            build(self._spec, store_url=self._store, shard_size=shard_size)
        took_s = time.monotonic() - start
        shutil.rmtree(self._store)
        return took_s

    def pieces(self) -> Pieces:
        """Measure what a build is made of."""
        one, two = self.bare(1), self.bare(2)
        alone, larger = Case("one slot", 1), 4 * SHARD_SIZE
        few_s, many_s = self.flow_s(alone, larger), self.flow_s(alone)
        few, many = (STAGES * SAMPLES / size for size in (larger, SHARD_SIZE))
        task_s = max((many_s - few_s) / (many - few), 0.0)
        return Pieces(
            cpu_s=one["shards"] / SAMPLES,
            publish_cpu_s=one["publish"] / SAMPLES,
            task_cpu_s=task_s,
            fixed_s=max(few_s - one["shards"] - one["publish"] - few * task_s, 0.0),
            slowdown=max(2 * two["shards"] / one["shards"], 1.0),
        )

    @property
    def _store(self) -> str:
        return str(self._folder / "store")


def check(builder: Builder) -> dict[str, object]:
    """Measure the pieces, build every case, measure the pieces again, and compare."""
    builder.flow_s(Case("warm up", 2))
    before = builder.pieces()
    measured = [builder.flow_s(case) for case in CASES]
    after = builder.pieces()
    predicted = [before.mean(after).predict_s(case) for case in CASES]
    return {
        "pieces_before": vars(before),
        "pieces_after": vars(after),
        "cases": [
            {"case": case.name, "predicted_s": p, "measured_s": m, "ratio": m / p}
            for case, p, m in zip(CASES, predicted, measured, strict=True)
        ],
    }


def main() -> None:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp(prefix="check-simulate-"))
    os.environ |= {"OMP_NUM_THREADS": "1", **prefect_environment(folder)}
    from stub_build import write_photos  # noqa: PLC0415 - reads the environment

    try:
        with prefect_server():
            spec = write_photos(folder / "photos", SAMPLES, SIDE_PX)
            found = check(Builder(folder, spec))
    finally:
        shutil.rmtree(folder)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
