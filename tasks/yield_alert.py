"""Tell when a dataset's yield changes from version to version."""

from prefect.events import emit_event

from kizu.summary import BuildSummary, has_drifted


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
