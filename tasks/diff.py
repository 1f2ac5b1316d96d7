"""Compares the edits of a shard with their normal images."""

from prefect import task

from kizu.diff import Status, composite
from kizu.diff.archive import save_diff
from kizu.diff.window import diff_window
from kizu.edit.planning import PlannedSample
from kizu.edit.region import region_mask
from kizu.shards import Done, Shard, ShardRef, ShardReport, run_shard
from kizu.store import StageFolder, Store
from tasks.options import ONCE_PER_RUN, checked, run_sign
from tasks.pairs import open_pair

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
        folder = StageFolder(store, STAGE, shard.keys(sample).diff)
        if folder.done():
            return Done.KEPT
        pair = open_pair(store, sample)
        if pair is None:
            return Done.WAITING
        normal, edited, window = pair.normal, pair.edited, pair.record.geometry.crop
        region = region_mask(sample.region, normal)
        result = diff_window(normal, edited, window, shard.spec.diff, region=region)
        changed = result.status is Status.CHANGED
        save_diff(folder, result, composite(normal, edited, result) if changed else None)
        return Done.MADE

    return checked(run_shard(STAGE, shard, store, compare, sign), sign)
