"""Gives the verdicts of a shard."""

from prefect import task

from kizu.agree.verdict import agree
from kizu.diff.archive import open_diff, open_diff_mask
from kizu.edit.planning import PlannedSample
from kizu.outputs import SampleOutputs
from kizu.shards import Done, Shard, ShardRef, ShardReport, run_shard
from kizu.store import Store
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
        found = SampleOutputs(store, shard, sample)
        if not found.has_picture:
            return Done.WAITING
        if found.agree.done():
            return Done.KEPT
        if not found.diff.done() or (shard.annotator is not None and not found.ground.done()):
            return Done.WAITING
        agreement = agree(
            open_diff_mask(found.diff),
            open_diff(found.diff).status,
            None if found.detections is None else found.detections.detections(),
            sample.expected_area,
            shard.spec.agree,
            region=found.region(),
        )
        found.agree.finish(agreement.model_dump(mode="json"))
        return Done.MADE

    return checked(run_shard(STAGE, shard, store, compare, sign), sign)
