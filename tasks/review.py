"""Let a build wait until people have judged what it sends to review."""

from datetime import timedelta
from typing import Final

from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.runtime import deployment

from kizu.spec import DatasetSpec
from kizu.summary import BuildSummary

REVIEW_TIME: Final = timedelta(days=30)


class Reviewed(RunInput):
    """What a person answers when a build waits for review: nothing but that it may go on."""


def wait_for_review(spec: DatasetSpec, summary: BuildSummary) -> None:
    """Suspend a run from a deployment until people have judged its samples, if the spec asks.

    What is there is published before. The resumed run goes through its tasks once more, finds them
    done, and publishes the decisions as another version.
    """
    asked = spec.publish.wait_for_review and deployment.id is not None
    if not (asked and summary.review):
        return
    form = Reviewed.with_initial_data(
        description=f"**{spec.name} waits for review.** {summary.review} samples are to be looked "
        f"at. {summary.certificate} Run `kizu review {spec.name}`, then resume: the decisions are "
        "published as a new version."
    )
    timeout_s = int(REVIEW_TIME.total_seconds())
    suspend_flow_run(wait_for_input=form, timeout=timeout_s, key="review")
