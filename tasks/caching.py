"""What Prefect keeps of tasks within a run."""

from typing import Any

from prefect.cache_policies import INPUTS, NO_CACHE, RUN_ID, CacheKeyFnPolicy
from prefect.context import TaskRunContext


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
