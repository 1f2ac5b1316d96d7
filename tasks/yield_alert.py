"""Tells when a dataset's yield changes from version to version."""

from typing import Final

from prefect.events import emit_event

from kizu.publish.layout import latest_version
from kizu.store import Store
from kizu.summary import SUMMARY_FILE, BuildSummary

DRIFT_FROM: Final = 0.1
"""A change of the accepted fraction by more than this is told."""


def last_summary(dataset: str, store_url: str) -> BuildSummary | None:
    """Return the summary of a dataset's latest version; None if there is none."""
    store = Store(store_url)
    folder = latest_version(store, dataset)
    if folder is None or not store.exists(folder.report(SUMMARY_FILE)):
        return None
    return BuildSummary.model_validate(store.read_json(folder.report(SUMMARY_FILE)))


def has_drifted(before: BuildSummary | None, now: BuildSummary) -> bool:
    """Tell whether the accepted fraction has changed much since the latest version."""
    was, fraction = before.accepted_fraction if before else None, now.accepted_fraction
    return was is not None and fraction is not None and abs(fraction - was) > DRIFT_FROM


def emit_yield_alert(before: BuildSummary | None, now: BuildSummary) -> None:
    """Emit the event ``kizu.yield.drifted`` if the accepted fraction has changed much."""
    if before is None or not has_drifted(before, now):
        return
    emit_event(
        event="kizu.yield.drifted",
        resource={"prefect.resource.id": f"kizu.dataset.{now.dataset}"},
        payload={
            "version": now.version,
            "accepted_fraction": now.accepted_fraction,
            "before": before.accepted_fraction,
        },
    )
