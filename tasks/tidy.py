"""Removes what old runs left in the store."""

from datetime import UTC, datetime, timedelta

from prefect import task

from kizu.store import Store
from tasks.caching import UNCACHED
from tasks.results import FOLDER


@task(name="remove old results", **UNCACHED)
def remove_old_results(store_url: str, keep_days: int) -> int:
    """Remove results older than so many days; return how many they were."""
    return Store(store_url).prune(FOLDER, datetime.now(UTC) - timedelta(days=keep_days))
