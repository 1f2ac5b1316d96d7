"""Does the simulator predict real builds? Small ones, with a stub editor that sleeps.

The pieces that a prediction is made of (seconds per sample of every part, seconds per task run, how
much two cores slow each other) are measured in the same process right before and right after the
builds, so that what else is on the machine weighs on both alike; a build between them is predicted
from a mixture of both. What is predicted is what the pieces alone do not say: several slots, calls
that wait, and a quota. Run::

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
    """What a build is made of.

    Attributes:
        cpu_s: CPU seconds per sample to draw, diff and compare.
        wait_s: Seconds per sample that a slot waits for the disk and for its turn meanwhile.
        publish_cpu_s: Seconds per sample to publish.
        task_cpu_s: CPU seconds per task run that Prefect takes.
        task_wait_s: Seconds per task run that a slot waits meanwhile.
        fixed_s: Seconds per build.
        slowdown: How much longer work takes while the other core is at work too.
    """

    cpu_s: float
    wait_s: float
    publish_cpu_s: float
    task_cpu_s: float
    task_wait_s: float
    fixed_s: float
    slowdown: float

    def mixed(self, other: "Pieces", share: float) -> "Pieces":
        """Return a mixture with so much of another measurement."""
        names = [field.name for field in fields(self)]
        one, two = vars(self), vars(other)
        return Pieces(**{name: (1 - share) * one[name] + share * two[name] for name in names})

    def predict_s(self, case: Case) -> float:
        """Predict how long a build takes."""
        model = Model(
            edits=SAMPLES,
            per_minute=case.per_minute,
            slots=case.slots,
            calls_at_once=1,
            edit_s=case.latency_s + self.wait_s + STAGES * self.task_wait_s / SHARD_SIZE,
            spread=0.0,
            retried=0.0,
            cores=os.cpu_count() or 1,
            shard_size=SHARD_SIZE,
            cpu_s=self.cpu_s,
            publish_cpu_s=self.publish_cpu_s,
            task_cpu_s=self.task_cpu_s,
            fixed_s=self.fixed_s,
            slowdown=self.slowdown,
            stages=STAGES,
            records_per_s=1e9,
        )
        return 3600 * simulate(model).hours


class Builder:
    """Builds one dataset again and again, each time in a new store."""

    def __init__(self, folder: Path, spec: DatasetSpec) -> None:
        """Remember where and what."""
        self._folder = folder
        self._spec = spec

    def bare(self, threads: int) -> tuple[Mapping[str, float], float]:
        """Build without Prefect; return seconds by part, and CPU seconds of the shards' part."""
        from stub_build import StubEditor, bare_loop, stub_in_place

        with stub_in_place(StubEditor(0.0)):
            start_s = time.process_time()
            parts = bare_loop(self._spec, self._store, threads, SHARD_SIZE)
            used_s = time.process_time() - start_s
        shutil.rmtree(self._store)
        return parts, used_s * parts["shards"] / sum(parts.values())

    def flow_s(self, case: Case, shard_size: int = SHARD_SIZE) -> tuple[float, float]:
        """Build with the flow; return how many seconds it took, and CPU seconds."""
        from stub_build import StubEditor, stub_in_place

        from flows.build import build_dataset
        from flows.runner import task_runner

        os.environ["KIZU_WORKERS"] = str(case.slots)
        build = build_dataset.with_options(task_runner=task_runner())
        start, start_s = time.monotonic(), time.process_time()
        with stub_in_place(StubEditor(case.latency_s, case.per_minute)):
            build(self._spec, store_url=self._store, shard_size=shard_size)
        took_s, used_s = time.monotonic() - start, time.process_time() - start_s
        shutil.rmtree(self._store)
        return took_s, used_s

    def pieces(self) -> Pieces:
        """Measure what a build is made of."""
        (one, used_s), (two, _) = self.bare(1), self.bare(2)
        waited_s = max(one["shards"] - used_s, 0.0)
        alone, larger = Case("one slot", 1), 4 * SHARD_SIZE
        (few_s, few_used_s), (many_s, many_used_s) = self.flow_s(alone, larger), self.flow_s(alone)
        few, many = (STAGES * SAMPLES / size for size in (larger, SHARD_SIZE))
        task_s = max((many_s - few_s) / (many - few), 0.0)
        task_cpu_s = min(max((many_used_s - few_used_s) / (many - few), 0.0), task_s)
        return Pieces(
            cpu_s=used_s / SAMPLES,
            wait_s=waited_s / SAMPLES,
            publish_cpu_s=one["publish"] / SAMPLES,
            task_cpu_s=task_cpu_s,
            task_wait_s=task_s - task_cpu_s,
            fixed_s=max(few_s - one["shards"] - one["publish"] - few * task_s, 0.0),
            slowdown=max((2 * two["shards"] - waited_s) / used_s, 1.0),
        )

    @property
    def _store(self) -> str:
        return str(self._folder / "store")


def check(builder: Builder) -> dict[str, object]:
    """Measure the pieces, build every case, measure the pieces again, and compare."""
    builder.flow_s(Case("warm up", 2))
    before = builder.pieces()
    measured = [builder.flow_s(case)[0] for case in CASES]
    after = builder.pieces()
    predicted = [
        before.mixed(after, (number + 0.5) / len(CASES)).predict_s(case)
        for number, case in enumerate(CASES)
    ]
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
    from stub_build import write_photos

    try:
        with prefect_server():
            spec = write_photos(folder / "photos", SAMPLES, SIDE_PX)
            found = check(Builder(folder, spec))
    finally:
        shutil.rmtree(folder)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
