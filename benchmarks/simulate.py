"""Predicts how long a large build takes and what bounds it: a discrete-event simulation.

Every edit is bought from one of several deployments with a quota in images per minute (spread over
regions), by a bounded number of calls in flight; the answers go through the CPU stages on a number
of cores; every task run is recorded by the Prefect server at a bounded rate. Run::

    python benchmarks/simulate.py --edits 1500000 --deployments 30 --per-minute 120
    python benchmarks/simulate.py --check measured.json

``--check`` takes what ``orchestration.py`` printed, predicts that run and prints both.
"""

import argparse
import heapq
import json
import random
from dataclasses import asdict, dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Model:
    """What a build consists of, and what it runs on.

    Attributes:
        edits: Edits to buy.
        deployments: Deployments of the image model, over all regions.
        per_minute: Quota of one deployment, in images per minute; 0 for no quota.
        in_flight: Calls in flight, over all workers.
        edit_s: Mean seconds a call takes.
        spread: Standard deviation of the call's length, as a share of the mean.
        retried: Share of calls that must be made again.
        cpu_s: CPU seconds per sample of diff, comparison and publishing.
        cores: Cores for them, over all workers.
        shard_size: Samples per task.
        stages: Task runs per shard.
        task_cpu_s: CPU seconds a task run costs the worker.
        records_per_s: Task runs the server records per second.
        fixed_s: Seconds of a flow run before its first edit and after its last verdict.
        cost_usd: Price of an edit.
    """

    edits: int
    deployments: int = 1
    per_minute: float = 0.0
    in_flight: int = 8
    edit_s: float = 30.0
    spread: float = 0.3
    retried: float = 0.02
    cpu_s: float = 0.6
    cores: int = 8
    shard_size: int = 16
    stages: int = 5
    task_cpu_s: float = 0.02
    records_per_s: float = 60.0
    fixed_s: float = 3.0
    cost_usd: float = 0.0


@dataclass(frozen=True)
class Prediction:
    """What a build comes to.

    Attributes:
        hours: From start to the last published shard.
        calls: Edits bought, and calls that had to be made again.
        bought_after_h: When the last edit is there.
        processed_after_h: When the cores are through.
        recorded_after_h: When the server has recorded the last task run.
        quota_used: Share of the quota used while buying; 0 without a quota.
        bound_by: What the build waits for most.
        cost_usd: Of all edits.
    """

    hours: float
    calls: int
    bought_after_h: float
    processed_after_h: float
    recorded_after_h: float
    quota_used: float
    bound_by: str
    cost_usd: float


class Quota:
    """Hands out starting times of calls, evenly spaced per deployment."""

    def __init__(self, deployments: int, per_minute: float) -> None:
        """Open all deployments at time 0."""
        self._gap_s = 60 / per_minute if per_minute else 0.0
        self._free = [(0.0, number) for number in range(deployments)]

    def start(self, now: float) -> float:
        """Take the next slot that is free at a moment or after it."""
        free, number = self._free[0]
        start = max(free, now)
        heapq.heapreplace(self._free, (start + self._gap_s, number))
        return start


class Servers:
    """Identical servers with one queue: cores, or the recorder."""

    def __init__(self, count: int) -> None:
        """All are idle at time 0."""
        self._free = [0.0] * count

    def serve(self, arrival: float, length_s: float) -> float:
        """Return when a job that arrives is done; jobs come in order of arrival."""
        end = max(self._free[0], arrival) + length_s
        heapq.heapreplace(self._free, end)
        return end


def simulate(model: Model, seed: int = 0) -> Prediction:
    """Run a build's events in order of time."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    bought, calls = _buy(model, chance)
    processed = _process(model, bought)
    recorded = _record(model, processed)
    buying_s = max(bought[-1], 1e-9)
    quota = model.deployments * model.per_minute / 60
    ends = {
        "the quota or the calls in flight": bought[-1],
        "the cores": processed[-1],
        "the server's recorder": recorded,
    }
    last = max(ends.values())
    bound_by = next(name for name, end in ends.items() if end >= 0.98 * last)
    return Prediction(
        hours=(last + model.fixed_s) / 3600,
        calls=calls,
        bought_after_h=bought[-1] / 3600,
        processed_after_h=processed[-1] / 3600,
        recorded_after_h=recorded / 3600,
        quota_used=calls / buying_s / quota if quota else 0.0,
        bound_by=bound_by,
        cost_usd=model.edits * model.cost_usd,
    )


def _buy(model: Model, chance: random.Random) -> tuple[list[float], int]:
    """Return when each shard's edits are all there, in order of time, and how many calls it took.

    A thread buys the edits of its shard one after the other, as the edit task does.
    """
    quota = Quota(model.deployments, model.per_minute)
    sizes = _shard_sizes(model)
    threads = [(0.0, number) for number in range(model.in_flight)]
    left: dict[int, int] = {}
    ends: list[float] = []
    calls = 0
    heapq.heapify(threads)
    while threads:
        now, thread = heapq.heappop(threads)
        if not left.get(thread):
            if thread in left:
                ends.append(now)
            if not sizes:
                continue
            left[thread] = sizes.pop()
        calls += 1
        length_s = max(0.0, chance.gauss(model.edit_s, model.spread * model.edit_s))
        if chance.random() >= model.retried:
            left[thread] -= 1
        heapq.heappush(threads, (quota.start(now) + length_s, thread))
    return sorted(ends), calls


def _shard_sizes(model: Model) -> list[int]:
    full, rest = divmod(model.edits, model.shard_size)
    return [rest] * (rest > 0) + [model.shard_size] * full


def _process(model: Model, bought: list[float]) -> list[float]:
    """Return when each shard is through the CPU stages, in order of time."""
    cores = Servers(model.cores)
    share = model.edits / len(bought)
    length_s = share * model.cpu_s + model.stages * model.task_cpu_s
    return sorted(cores.serve(arrival, length_s) for arrival in bought)


def _record(model: Model, processed: list[float]) -> float:
    """Return when the server has recorded the last task run."""
    recorder = Servers(1)
    return max(recorder.serve(end, model.stages / model.records_per_s) for end in processed)


def of_measured(measured: dict[str, float]) -> Model:
    """Describe a run of ``orchestration.py``: its latency and CPU time, no quota, two cores."""
    samples = int(measured["samples"])
    return Model(
        edits=samples,
        in_flight=int(measured["threads"]),
        edit_s=float(measured["latency_s"]),
        spread=0.0,
        retried=0.0,
        cpu_s=measured["bare_cpu_s"] / samples,
        cores=int(measured["cores"]),
        shard_size=int(measured["shard_size"]),
        task_cpu_s=measured["overhead_cpu_ms_per_task_run"] / 1000,
    )


def main() -> None:
    """Predict and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--check", type=Path, help="what orchestration.py printed")
    defaults = asdict(Model(edits=1_500_000, deployments=30, per_minute=60.0, in_flight=1200))
    for name, value in defaults.items():
        flag = f"--{name.replace('_', '-')}"
        options.add_argument(flag, type=type(value), default=value)
    chosen = vars(options.parse_args())
    check = chosen.pop("check")
    if check:
        measured = json.loads(check.read_text(encoding="utf-8"))
        found = simulate(of_measured(measured))
        print(f"measured {measured['flow_s']:.1f} s, predicted {3600 * found.hours:.1f} s")
        return
    found = simulate(replace(Model(edits=1), **chosen))
    print(json.dumps({"model": chosen, "prediction": asdict(found)}, indent=2))


if __name__ == "__main__":
    main()
