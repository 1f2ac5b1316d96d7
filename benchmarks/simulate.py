"""Predicts how long a large build takes and what bounds it: a discrete-event simulation.

Every edit is bought from one of several deployments with a quota in images per minute (spread over
regions). A task slot buys the edits of a shard, some at a time, then judges them on one of the
cores; every task run is recorded by the Prefect server at a bounded rate. Run::

    python benchmarks/simulate.py --edits 1500000 --deployments 30 --per-minute 60

``check_simulate.py`` compares predictions with real builds.
"""

import argparse
import heapq
import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace


@dataclass(frozen=True)
class Model:
    """What a build consists of, and what it runs on.

    Attributes:
        edits: Edits to buy.
        deployments: Deployments of the image model, over all regions.
        per_minute: Quota of one deployment, in images per minute; 0 for no quota.
        slots: Tasks at a time, over all workers.
        calls_at_once: Calls in flight per slot.
        edit_s: Mean seconds a call takes.
        spread: Standard deviation of the call's length, as a share of the mean.
        retried: Share of calls that must be made again.
        cpu_s: CPU seconds per sample to draw, diff and compare.
        publish_cpu_s: CPU seconds per sample to publish, once all are compared.
        cores: Cores, over all workers.
        slowdown: How much longer work takes while another core is at work too.
        shard_size: Samples per task.
        stages: Task runs per shard.
        task_cpu_s: CPU seconds a task run costs the worker.
        records_per_s: Task runs the server records per second.
        fixed_s: Seconds of a flow run before its first edit and after its last published shard.
        cost_usd: Price of an edit.
    """

    edits: int
    deployments: int = 1
    per_minute: float = 0.0
    slots: int = 2
    calls_at_once: int = 16
    edit_s: float = 30.0
    spread: float = 0.3
    retried: float = 0.02
    cpu_s: float = 0.5
    publish_cpu_s: float = 0.1
    cores: int = 8
    slowdown: float = 1.0
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
        recorded_after_h: When the server has recorded the last task run.
        quota_used: Share of the quota used while buying; 0 without a quota.
        cores_used: Share of the cores' time until the last verdict.
        bound_by: What the build waits for most.
        cost_usd: Of all edits.
    """

    hours: float
    calls: int
    bought_after_h: float
    recorded_after_h: float
    quota_used: float
    cores_used: float
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

    def __init__(self, count: int, slowdown: float = 1.0) -> None:
        """All are idle at time 0; beside another at work, one is slower."""
        self._free = [0.0] * count
        self._slowdown = slowdown
        self.busy_s = 0.0

    def serve(self, arrival: float, length_s: float) -> float:
        """Return when a job that arrives is done; jobs come in order of arrival."""
        start = max(self._free[0], arrival)
        if sum(free > start for free in self._free):
            length_s *= self._slowdown
        self.busy_s += length_s
        heapq.heapreplace(self._free, start + length_s)
        return start + length_s


@dataclass
class Slot:
    """A task slot at work on a shard.

    Attributes:
        size: Samples of the shard.
        waiting: Those whose call has not begun.
        in_flight: Those whose call is under way.
    """

    size: int
    waiting: int
    in_flight: int = 0


@dataclass
class Course:
    """What has happened so far.

    Attributes:
        quota: Starting times of calls.
        cores: Where shards are judged.
        calls: Calls made.
        bought_s: When the last edit was there.
        judged_s: When each shard was judged.
    """

    quota: Quota
    cores: Servers
    calls: int = 0
    bought_s: float = 0.0
    judged_s: list[float] = field(default_factory=list)


def simulate(model: Model, seed: int = 0) -> Prediction:
    """Run a build's events in order of time."""
    course = _course(model, random.Random(seed))  # noqa: S311 - a simulation
    judged_s = max(course.judged_s)
    recorded_s = _record(model, sorted(course.judged_s))
    at_work = min(model.cores, model.slots)
    publish_s = model.edits * model.publish_cpu_s / at_work
    publish_s *= model.slowdown if at_work > 1 else 1.0
    quota = model.deployments * model.per_minute / 60
    quota_used = course.calls / max(course.bought_s, 1e-9) / quota if quota else 0.0
    cores_used = course.cores.busy_s / max(judged_s * model.cores, 1e-9)
    return Prediction(
        hours=(max(judged_s, recorded_s) + publish_s + model.fixed_s) / 3600,
        calls=course.calls,
        bought_after_h=course.bought_s / 3600,
        recorded_after_h=recorded_s / 3600,
        quota_used=quota_used,
        cores_used=cores_used,
        bound_by=_bound_by(quota_used, cores_used, recorded_s / max(judged_s, 1e-9)),
        cost_usd=model.edits * model.cost_usd,
    )


def _bound_by(quota_used: float, cores_used: float, recorded: float) -> str:
    """Name what is used to the full; where nothing is, the slots' calls are what lacks."""
    if recorded > 1.02:  # the server is still at it when all else is done
        return "the server's recorder"
    shares = {"the quota": quota_used, "the cores": cores_used}
    fullest = max(shares, key=lambda name: shares[name])
    return fullest if shares[fullest] > 0.9 else "the calls in flight"


def _course(model: Model, chance: random.Random) -> Course:
    """Let every slot buy a shard's edits, judge them, and take the next shard."""
    quota = Quota(model.deployments, model.per_minute)
    course = Course(quota, Servers(model.cores, model.slowdown))
    sizes = _shard_sizes(model)
    slots: dict[int, Slot] = {}
    events = [(0.0, number) for number in range(model.slots)]
    while events:
        now, number = heapq.heappop(events)
        if number in slots:
            slot = slots[number]
            slot.in_flight -= 1
            slot.waiting += chance.random() < model.retried
        elif sizes:
            slot = slots[number] = Slot(size=sizes[-1], waiting=sizes.pop())
        else:
            continue
        for end in _call(model, course, slot, now, chance):
            heapq.heappush(events, (end, number))
        if not slot.in_flight:
            heapq.heappush(events, (_judge(model, course, slot, now), number))
            del slots[number]
    return course


def _call(
    model: Model, course: Course, slot: Slot, now: float, chance: random.Random
) -> Iterator[float]:
    """Begin the calls that a slot has room for; yield when each ends."""
    while slot.waiting and slot.in_flight < model.calls_at_once:
        slot.waiting -= 1
        slot.in_flight += 1
        course.calls += 1
        length_s = max(0.0, chance.gauss(model.edit_s, model.spread * model.edit_s))
        yield course.quota.start(now) + length_s


def _judge(model: Model, course: Course, slot: Slot, now: float) -> float:
    """Judge a shard whose edits are all there; return when that is done."""
    course.bought_s = now
    work_s = slot.size * model.cpu_s + model.stages * model.task_cpu_s
    course.judged_s.append(course.cores.serve(now, work_s))
    return course.judged_s[-1]


def _shard_sizes(model: Model) -> list[int]:
    full, rest = divmod(model.edits, model.shard_size)
    return [rest] * (rest > 0) + [model.shard_size] * full


def _record(model: Model, judged: list[float]) -> float:
    """Return when the server has recorded the last task run."""
    recorder = Servers(1)
    return max(recorder.serve(end, model.stages / model.records_per_s) for end in judged)


def main() -> None:
    """Predict and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    large = Model(edits=1_500_000, deployments=30, per_minute=60.0, slots=75, cores=32)
    for name, value in asdict(large).items():
        options.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    chosen = vars(options.parse_args())
    found = simulate(replace(large, **chosen))
    print(json.dumps({"model": chosen, "prediction": asdict(found)}, indent=2))


if __name__ == "__main__":
    main()
