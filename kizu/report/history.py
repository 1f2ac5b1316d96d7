"""Remembers of every build of a dataset how many samples of each defect were accepted."""

from collections.abc import Sequence
from typing import Final

from pydantic import Field

from kizu.agree.verdict import Verdict
from kizu.learning.yields import yield_rows, yields_by_defect
from kizu.publish.outcomes import Outcome
from kizu.settings import Record
from kizu.store import DamagedFileError, Store

_MOST_BUILDS: Final = 400
"""A year of nights; older ones are no longer plotted."""


class BuildCounts(Record):
    """What one version of a dataset came to.

    Attributes:
        version: Its name.
        published_at: When, in ISO's form.
        judged: Samples with a verdict, by defect.
        accepted: Accepted ones, by defect.
        scores: Mean score of the samples that have one, by defect.
        cost_usd: What the version's edits cost; None where a price is unknown.
    """

    version: str
    published_at: str
    judged: dict[str, int]
    accepted: dict[str, int]
    scores: dict[str, float] = Field(default_factory=dict)
    cost_usd: float | None = None

    @property
    def label(self) -> str:
        """What stands at the axis."""
        return f"{self.published_at[:10]} {self.version[:6]}"


def counts_of(version: str, published_at: str, outcomes: Sequence[Outcome]) -> BuildCounts:
    """Count a version's samples."""
    rows = [row for row in yields_by_defect(yield_rows(outcomes)) if row.judged]
    costs = [row.cost_usd for row in rows]
    scores: dict[str, list[float]] = {}
    for outcome in outcomes:
        if outcome.score is not None and outcome.verdict in tuple(Verdict):
            scores.setdefault(outcome.defect_type, []).append(outcome.score)
    return BuildCounts(
        version=version,
        published_at=published_at,
        judged={row.defect_type: row.judged for row in rows},
        accepted={row.defect_type: row.accepted for row in rows},
        scores={name: round(sum(each) / len(each), 4) for name, each in scores.items()},
        cost_usd=None if None in costs else sum(cost or 0.0 for cost in costs),
    )


def remember_build(store: Store, dataset: str, counts: BuildCounts) -> list[BuildCounts]:
    """Add a version to what is remembered of a dataset; return all of that, the oldest first."""
    path = f"reports/{dataset}/history.json"
    try:
        known = [BuildCounts.model_validate(each) for each in store.read_json(path)["builds"]]
    except (FileNotFoundError, DamagedFileError, KeyError, ValueError):
        known = []
    others = [each for each in known if each.version != counts.version]
    builds = sorted([*others, counts], key=lambda each: (each.published_at, each.version))
    builds = builds[-_MOST_BUILDS:]
    if builds != known:
        store.write_json(path, {"builds": [each.model_dump(mode="json") for each in builds]})
    return builds
