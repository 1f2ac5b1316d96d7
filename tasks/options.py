"""What all tasks have in common."""

from typing import Any

from prefect import State
from prefect.cache_policies import INPUTS, RUN_ID, CacheKeyFnPolicy
from prefect.context import TaskRunContext
from prefect.runtime import flow_run
from prefect.states import Failed

from kizu.shards import ShardReport
from kizu.stops import StopSign
from kizu.store import Store


def _task_name(context: TaskRunContext, _: dict[str, Any]) -> str:
    """Keep tasks with equal inputs apart: Prefect's storage knows results by their key alone."""
    return context.task.name


ONCE_PER_RUN: dict[str, Any] = {
    "cache_policy": INPUTS + RUN_ID + CacheKeyFnPolicy(cache_key_fn=_task_name),
    "persist_result": True,
    "result_serializer": "json",
}
"""A retry of a run keeps what succeeded in it. Other runs ask the store, which knows better."""


def run_sign(store: Store) -> StopSign:
    """Return the stop sign of the flow run this is part of; a retry starts without it."""
    return StopSign(store, f"{flow_run.id} {flow_run.run_count}")


def as_state(report: ShardReport) -> ShardReport | State[ShardReport]:
    """Return what a shard's task returns: the report, inside a failed state if samples failed."""
    if not report.failures:
        return report
    first = report.failures[0]
    count = f"{len(report.failures)} of {report.made + report.kept + len(report.failures)}"
    message = f"{report.stage}: {count} images failed; {first.sample_id}: {first.reason}"
    return Failed(message=message, data=report)
