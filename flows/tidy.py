"""The flow that removes what old runs left behind; edits, stages and datasets stay."""

from prefect import flow

from flows.parameters import choose_store
from tasks.tidy import remove_old_results


@flow(
    name="tidy-store",
    flow_run_name="remove results older than {keep_days} days",
    persist_result=True,
    result_serializer="json",
)
def tidy_store(store_url: str | None = None, keep_days: int = 30) -> int:
    """Remove the kept task results of runs that ended long ago.

    A retry of such a run finds everything in the store all the same; it only has to look.

    Args:
        store_url: The store. Empty: the worker's own.
        keep_days: Age at which results are removed.
    """
    return remove_old_results(choose_store(store_url), keep_days)
