"""Compares the edits of a shard with their normal images."""

from prefect import task

from kizu.diff import Status, composite
from kizu.diff.archive import save_diff
from kizu.diff.window import diff_window
from kizu.edit.planning import PlannedSample
from kizu.outputs import SampleOutputs
from kizu.shards import Done, Shard, ShardRef, ShardReport, run_shard
from kizu.store import Store
from tasks.options import ONCE_PER_RUN, checked, run_sign

STAGE = "diff"


@task(name="diff", task_run_name="diff {shard.number} of {shard.of}", **ONCE_PER_RUN)
def diff_shard(
    shard: ShardRef,
    store_url: str,
    edited: object,  # noqa: ARG001 - must have run before, and is part of the cache key
) -> ShardReport:
    """Find what changed in every edit of a shard, and composite it onto the normal image."""
    store, sign = Store(store_url), run_sign(Store(store_url))

    def compare(shard: Shard, sample: PlannedSample) -> Done:
        found = SampleOutputs(store, shard, sample)
        if not found.has_picture:
            return Done.WAITING
        if found.diff.done():
            return Done.KEPT
        normal, edited, window = found.normal, found.edited, found.picture.geometry.crop
        result = diff_window(normal, edited, window, shard.spec.diff, region=found.region())
        changed = result.status is Status.CHANGED
        save_diff(found.diff, result, composite(normal, edited, result) if changed else None)
        return Done.MADE

    return checked(run_shard(STAGE, shard, store, compare, sign), sign)
