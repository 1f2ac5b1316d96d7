"""Sends the shards of a build through its stages, so that edits and judgements are made together.

Task runners take tasks up in the order of submission. If all edits came first, the cores would
stand still while edits are waited for, and the editor's quota would lie idle afterwards.
"""

from collections.abc import Callable
from typing import Any, Final

from prefect import allow_failure
from prefect.futures import PrefectFuture

from flows.runner import gpu_stage, task_slots
from kizu.progress import expect
from kizu.shards import ShardRef
from tasks import agree, diff, edit, grounding
from tasks.agree import agree_shard
from tasks.diff import diff_shard
from tasks.edit import edit_shard
from tasks.grounding import grounding_shard
from tasks.plan import BuildPlan

Futures = list[PrefectFuture[Any]]

_SHARDS_PER_SLOT: Final = 2
"""So many shards per task slot a stage is behind the one before: what a task needs is then there
when its turn comes, and no slot waits."""


def submit_pipeline(plan: BuildPlan, store_url: str, *, with_edits: bool) -> Futures:
    """Submit all tasks of all shards; a failed task lets the shard's others go on.

    Args:
        plan: The shards.
        store_url: The store.
        with_edits: Whether the edits that are missing are made.
    """
    edited: dict[int, Any] = {}
    judged: dict[int, Any] = {}

    def make(shard: ShardRef) -> Futures:
        future = edit_shard.submit(shard, store_url)
        edited[shard.number] = allow_failure(future)
        return [future]

    def annotate(shard: ShardRef) -> Futures:
        ready = edited.pop(shard.number, None)
        diffed = diff_shard.submit(shard, store_url, edited=ready)
        with gpu_stage():
            grounded = grounding_shard.submit(shard, store_url, edited=ready)
        judged[shard.number] = (allow_failure(diffed), allow_failure(grounded))
        return [diffed, grounded]

    def compare(shard: ShardRef) -> Futures:
        diffed, grounded = judged.pop(shard.number)
        return [agree_shard.submit(shard, store_url, diffed=diffed, grounded=grounded)]

    for stage in (edit, diff, grounding, agree) if with_edits else (diff, grounding, agree):
        expect(stage.STAGE, plan.samples)
    stages = (make, annotate, compare) if with_edits else (annotate, compare)
    return submit_staggered(plan.shards, _SHARDS_PER_SLOT * task_slots(), *stages)


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
