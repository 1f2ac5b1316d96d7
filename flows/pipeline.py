"""Sends the shards of a build through its stages, so that edits and judgements are made together.

Task runners take tasks up in the order of submission. If all edits came first, the cores would
stand still while edits are waited for, and the editor's quota would lie idle afterwards.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, Final

from prefect import allow_failure
from prefect.futures import PrefectFuture

from flows.runner import gpu_stage
from kizu.pace import task_slots
from kizu.progress import expect
from kizu.shards import BuildPlan, ShardRef
from kizu.stages import Stage
from tasks.stage import submit_shard

Futures = list[PrefectFuture[Any]]

_SHARDS_PER_SLOT: Final = 2
"""So many shards per task slot a stage is behind the one before: what a task needs is then there
when its turn comes, and no slot waits."""


def submit_pipeline(plan: BuildPlan, store_url: str, stages: Sequence[Stage]) -> Futures:
    """Submit all tasks of the shards with work left; a failed task lets a shard's others go on.

    Args:
        plan: What is to do.
        store_url: The store.
        stages: The stages they go through; each follows those it reads.
    """
    for stage in stages:
        expect(stage.name, plan.to_do)
    submitted: dict[tuple[str, int], Any] = {}

    def submit(step: Sequence[Stage], shard: ShardRef) -> Futures:
        return [submit_stage(stage, shard) for stage in step]

    def submit_stage(stage: Stage, shard: ShardRef) -> PrefectFuture[Any]:
        after = {
            before.name: submitted[before.name, shard.number]
            for before in stage.after
            if before in stages
        }
        with gpu_stage() if stage.on_gpu else nullcontext():
            future = submit_shard(stage, shard, store_url, after)
        submitted[stage.name, shard.number] = allow_failure(future)
        return future

    steps = [partial(submit, step) for step in steps_of(stages)]
    return submit_staggered(plan.work, _SHARDS_PER_SLOT * task_slots(), *steps)


def steps_of(stages: Sequence[Stage]) -> list[list[Stage]]:
    """Group stages into steps: a stage is one step behind the last of those it reads."""
    steps: list[list[Stage]] = []
    for stage in stages:
        read = [number for number, step in enumerate(steps) if set(step) & set(stage.after)]
        number = 1 + max(read, default=-1)
        if number == len(steps):
            steps.append([])
        steps[number].append(stage)
    return steps


def submit_staggered(
    shards: tuple[ShardRef, ...], behind: int, *stages: Callable[[ShardRef], Futures]
) -> Futures:
    """Submit every shard to every stage, each stage so many shards behind the one before."""
    submitted: Futures = []
    for turn in range(len(shards) + behind * (len(stages) - 1)):
        for number, submit in enumerate(stages):
            at = turn - number * behind
            if 0 <= at < len(shards):
                submitted += submit(shards[at])
    return submitted
