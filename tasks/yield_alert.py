"""Tells when a dataset's yield changes from version to version."""

from typing import Final

from prefect.events import emit_event

from kizu.publish.layout import latest_version
from kizu.store import Store
from kizu.summary import SUMMARY_FILE, BuildSummary

DRIFT_FROM: Final = 0.1
"""A change of the accepted share by more than this is told."""


def last_summary(dataset: str, store_url: str) -> BuildSummary | None:
    """Return the summary of a dataset's latest version; None if there is none."""
    store = Store(store_url)
    folder = latest_version(store, dataset)
    if folder is None or not store.exists(folder.report(SUMMARY_FILE)):
        return None
    return BuildSummary.model_validate(store.read_json(folder.report(SUMMARY_FILE)))


def has_drifted(before: BuildSummary | None, now: BuildSummary) -> bool:
    """Tell whether the accepted share has changed much since the latest version."""
    was, share = before.accepted_share if before else None, now.accepted_share
    return was is not None and share is not None and abs(share - was) > DRIFT_FROM


def emit_yield_alert(before: BuildSummary | None, now: BuildSummary) -> None:
    """Emit the event ``kizu.yield.drifted`` if the accepted share has changed much."""
    if before is None or not has_drifted(before, now):
        return
    emit_event(
        event="kizu.yield.drifted",
        resource={"prefect.resource.id": f"kizu.dataset.{now.dataset}"},
        payload={
            "version": now.version,
            "accepted_share": now.accepted_share,
            "before": before.accepted_share,
        },
    )
