"""Let a build wait until people have judged what it sends to review."""

from datetime import timedelta
from typing import Final

from prefect.input import RunInput
from prefect.runtime import deployment

from kizu.spec import DatasetSpec
from kizu.summary import BuildSummary
from tasks.waiting import wait_for_person

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
    why = (
        f"**{spec.name} waits for review.** {summary.review} samples are to be looked at. "
        f"{summary.certificate} Run `kizu review {spec.name}`, then choose Resume in the run's "
        "menu: the decisions are published as a new version."
    )
    wait_for_person(spec.name, Reviewed, why, "review", REVIEW_TIME)
