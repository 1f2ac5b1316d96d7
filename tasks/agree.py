"""Gives the verdicts of a shard."""

from prefect import task

from kizu.agree.verdict import agree
from kizu.diff.archive import open_diff, open_diff_mask
from kizu.edit.planning import PlannedSample
from kizu.edit.region import region_mask
from kizu.ground.archive import open_detections
from kizu.images import decode_png
from kizu.shards import Done, Shard, ShardRef, ShardReport, run_shard
from kizu.store import StageFolder, Store
from tasks.options import ONCE_PER_RUN, checked, run_sign

STAGE = "agree"


@task(name="agree", task_run_name="agree {shard.number} of {shard.of}", **ONCE_PER_RUN)
def agree_shard(
    shard: ShardRef,
    store_url: str,
    diffed: object,  # noqa: ARG001 - must have run before, and is part of the cache key
    grounded: object,  # noqa: ARG001 - the same
) -> ShardReport:
    """Compare the two annotations of every sample of a shard."""
    store, sign = Store(store_url), run_sign(Store(store_url))

    def compare(shard: Shard, sample: PlannedSample) -> Done:
        keys = shard.keys(sample)
        folder = StageFolder(store, STAGE, keys.agree)
        if folder.done():
            return Done.KEPT
        diff = StageFolder(store, "diff", keys.diff)
        ground = StageFolder(store, "ground", keys.ground)
        if not diff.done() or (shard.annotator is not None and not ground.done()):
            return Done.WAITING
        normal = decode_png(store.read(sample.normal.path))
        agreement = agree(
            open_diff_mask(diff),
            open_diff(diff).status,
            None if shard.annotator is None else open_detections(ground).detections(),
            sample.expected_area,
            shard.spec.agree,
            region=region_mask(sample.region, normal),
        )
        folder.finish(agreement.model_dump(mode="json"))
        return Done.MADE

    return checked(run_shard(STAGE, shard, store, compare, sign), sign)
