"""A build that has ended, for tests of what is told of it."""

from kizu.summary import BuildSummary
from kizu.tally import StageTally

MUGS = BuildSummary(
    dataset="my mugs",
    version="0123",
    latest="0123",
    is_new=True,
    photos=4,
    samples=8,
    accepted=3,
    review=4,
    rejected=0,
    refused=1,
    failed=0,
    problems=(),
    skipped=(),
    cost_usd=0.0,
    note="",
    dataset_address="/d",
    report_address="/r",
    stages=(
        StageTally(stage="edit", made=7, refused=1, seconds=1234.5, usd="12.40-13.20"),
        StageTally(stage="publish", made=7, seconds=2.0),
    ),
)
