"""Gives the verdicts of a shard."""

from prefect import task

from kizu.agree.verdict import agree
from kizu.diff.storage import open_diff, open_diff_mask
from kizu.outputs import SampleOutputs
from kizu.samples import PlannedSample
from kizu.shards import Shard, ShardRef, ShardReport, StepResult, run_shard
from kizu.store import Store
from tasks.stage import CACHED_IN_RUN, cancel_token, raise_on_failures

STAGE = "agree"


@task(name="agree", task_run_name="agree {shard.number} of {shard.of}", **CACHED_IN_RUN)
def agree_shard(
    shard: ShardRef,
    store_url: str,
    diffed: object,  # noqa: ARG001 - must have run before, and is part of the cache key
    grounded: object,  # noqa: ARG001 - the same
) -> ShardReport:
    """Compare the two annotations of every sample of a shard."""
    store, cancel = Store(store_url), cancel_token(Store(store_url))

    def compare(shard: Shard, sample: PlannedSample) -> StepResult:
        found = SampleOutputs(store, shard, sample)
        if not found.has_picture:
            return StepResult.WAITING
        if found.agree.done():
            return StepResult.KEPT
        if not found.diff.done() or (shard.annotator is not None and not found.grounding.done()):
            return StepResult.WAITING
        agreement = agree(
            open_diff_mask(found.diff),
            open_diff(found.diff).status,
            None if found.detections is None else found.detections.detections(),
            sample.expected_area,
            shard.spec.agree,
            region=found.region(),
        )
        found.agree.finish(agreement.model_dump(mode="json"))
        return StepResult.MADE

    return raise_on_failures(run_shard(STAGE, shard, store, compare, cancel), cancel)
