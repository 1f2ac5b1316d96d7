"""What all tasks have in common."""

from typing import Any

from prefect.cache_policies import INPUTS, NO_CACHE, RUN_ID, CacheKeyFnPolicy
from prefect.context import TaskRunContext
from prefect.runtime import flow_run

from kizu.cancellation import CancelToken
from kizu.shards import ShardReport
from kizu.store import Store


def _task_name(context: TaskRunContext, _: dict[str, Any]) -> str:
    """Keep tasks with equal inputs apart: Prefect's storage knows results by their key alone."""
    return context.task.name


CACHED_IN_RUN: dict[str, Any] = {
    "cache_policy": INPUTS + RUN_ID + CacheKeyFnPolicy(cache_key_fn=_task_name),
    "persist_result": True,
    "result_serializer": "json",
}
"""A retry of a run keeps what succeeded in it. Other runs ask the store, which knows better."""


UNCACHED: dict[str, Any] = {"cache_policy": NO_CACHE}
"""For tasks that look at the store: what they see may have changed since the run's last attempt."""


class ShardFailedError(RuntimeError):
    """Some images of a shard failed; all its other images are in the store."""


def cancel_token(store: Store) -> CancelToken:
    """Return the cancellation of the flow run this is part of; a retry starts without one."""
    return CancelToken(store, f"{flow_run.id} {flow_run.run_count}")


def raise_on_failures(report: ShardReport, cancel: CancelToken) -> ShardReport:
    """Return a shard's report if no image failed and none was left out after a cancellation.

    A failure is raised and not returned: Prefect keeps what a task returns, a failed state
    included, and a retry would take it for the result.

    Raises:
        ShardFailedError: Images failed, or the run was stopped before their turn.
    """
    if report.failures:
        first = report.failures[0]
        count = f"{len(report.failures)} of {report.made + report.kept + len(report.failures)}"
        raise ShardFailedError(
            f"{report.stage}: {count} images failed; {first.sample_id}: {first.reason}"
        )
    stop = cancel.reason() if report.waiting else None
    if stop is not None and stop.whole_run:
        raise ShardFailedError(
            f"{report.stage}: {len(report.waiting)} images wait; {stop.sentence}"
        )
    return report
