"""Compares the edits of a shard with their normal images."""

from prefect import task

from kizu.diff import Status, composite
from kizu.diff.storage import save_diff
from kizu.diff.window import diff_window
from kizu.outputs import SampleOutputs
from kizu.samples import PlannedSample
from kizu.shards import Shard, ShardRef, ShardReport, StepResult, run_shard
from kizu.store import Store
from tasks.stage import CACHED_IN_RUN, cancel_token, raise_on_failures

STAGE = "diff"


@task(name="diff", task_run_name="diff {shard.number} of {shard.of}", **CACHED_IN_RUN)
def diff_shard(
    shard: ShardRef,
    store_url: str,
    edited: object,  # noqa: ARG001 - must have run before, and is part of the cache key
) -> ShardReport:
    """Find what changed in every edit of a shard, and composite it onto the normal image."""
    store, cancel = Store(store_url), cancel_token(Store(store_url))

    def compare(shard: Shard, sample: PlannedSample) -> StepResult:
        found = SampleOutputs(store, shard, sample)
        if not found.has_picture:
            return StepResult.WAITING
        if found.diff.done():
            return StepResult.KEPT
        normal, edited, window = found.normal, found.edited, found.picture.geometry.crop
        result = diff_window(normal, edited, window, shard.spec.diff, region=found.region())
        changed = result.status is Status.CHANGED
        save_diff(found.diff, result, composite(normal, edited, result) if changed else None)
        return StepResult.MADE

    return raise_on_failures(run_shard(STAGE, shard, store, compare, cancel), cancel)
