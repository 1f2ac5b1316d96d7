"""Tells when a dataset's yield changes from version to version."""

from typing import Final

from prefect.events import emit_event

from kizu.publish.layout import latest_version
from kizu.report.summary import SUMMARY_FILE, BuildSummary
from kizu.store import Store

DRIFT_FROM: Final = 0.1
"""A change of the accepted share by more than this is told."""


def last_summary(dataset: str, store_url: str) -> BuildSummary | None:
    """Return the summary of a dataset's latest version; None if there is none."""
    store = Store(store_url)
    folder = latest_version(store, dataset)
    if folder is None or not store.exists(folder.report(SUMMARY_FILE)):
        return None
    return BuildSummary.model_validate(store.read_json(folder.report(SUMMARY_FILE)))


def tell_drift(before: BuildSummary | None, now: BuildSummary) -> bool:
    """Emit the event ``kizu.yield.drifted`` if the accepted share has changed much."""
    was = before.accepted_share if before else None
    share = now.accepted_share
    if was is None or share is None or abs(share - was) <= DRIFT_FROM:
        return False
    emit_event(
        event="kizu.yield.drifted",
        resource={"prefect.resource.id": f"kizu.dataset.{now.dataset}"},
        payload={"version": now.version, "accepted_share": share, "before": was},
    )
    return True
