"""What came of the planned edits, per defect, prompt and model."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from kizu.agree.verdict import Reason, Verdict
from kizu.publish.outcomes import FAILED, UNMADE, Outcome, SampleStatus
from kizu.settings import Record


class YieldRow(Record):
    """What became of planned edits that have something in common; counts, and what they cost.

    Attributes:
        defect_type: Their class.
        prompt: What was asked for; empty where several prompts are counted together.
        model: The model that was asked; empty where it is not known, or several are.
        planned: How many there are.
        edited: Those of which there is a picture.
        refused: Those that the editor will never make.
        failed: Those that a rerun tries again.
        unchanged: Of the pictures, those that show no change.
        redrawn: Those that were redrawn as a whole.
        side_effect: Those where something else changed besides.
        wrong_kind: Those where an annotator finds another defect of the dataset. What a person
            accepted is in none of these four.
        accepted: Those that are accepted, by the rule or by a person.
        certified: Those that a proven bound covers.
        review: Those that a person should look at.
        rejected: Those without a visible change, and those that a person rejected.
        struck: Those that a person rejected for something that is in none of the four.
        cost_usd: What they cost; None where a price is unknown.
    """

    defect_type: str
    prompt: str = ""
    model: str = ""
    planned: int = 0
    edited: int = 0
    refused: int = 0
    failed: int = 0
    unchanged: int = 0
    redrawn: int = 0
    side_effect: int = 0
    wrong_kind: int = 0
    accepted: int = 0
    certified: int = 0
    review: int = 0
    rejected: int = 0
    struck: int = 0
    cost_usd: float | None = None

    @property
    def judged(self) -> int:
        """Pictures that have a verdict."""
        return self.accepted + self.review + self.rejected

    @property
    def answered(self) -> int:
        """Requests that came to something: judged pictures and refusals."""
        return self.judged + self.refused

    @property
    def usd_per_accepted(self) -> float | None:
        """What an accepted label cost; None where that is not known, or nothing is accepted."""
        if self.cost_usd is None or not self.accepted:
            return None
        return self.cost_usd / self.accepted

    def columns(self) -> dict[str, str | int | float | None]:
        """Return the row of a table."""
        return {**self.model_dump(), "usd_per_accepted": self.usd_per_accepted}


_ACCEPT: Final = Verdict.ACCEPT

_ODD: Final = (
    Reason.NO_VISIBLE_CHANGE,
    Reason.REDRAWN,
    Reason.SIDE_EFFECT,
    Reason.WRONG_KIND,
)
"""What the verdict may find wrong with an edit itself."""

_COUNTS: Final = tuple(
    name for name, field in YieldRow.model_fields.items() if field.annotation is int
)


def yield_rows(outcomes: Iterable[Outcome]) -> list[YieldRow]:
    """Count outcomes per defect, prompt and model, in order of appearance.

    A refusal names no model: it is counted with the build's model where the build had only one.

    Args:
        outcomes: How far every sample of a build came.
    """
    outcomes = list(outcomes)
    models = {outcome.model for outcome in outcomes if outcome.model}
    only = models.pop() if len(models) == 1 else ""
    groups: dict[tuple[str, str, str], list[Outcome]] = {}
    for outcome in outcomes:
        place = outcome.defect_type, outcome.prompt, outcome.model or only
        groups.setdefault(place, []).append(outcome)
    return [_row(*place, group) for place, group in groups.items()]


def _row(defect_type: str, prompt: str, model: str, group: list[Outcome]) -> YieldRow:
    status = Counter(outcome.status for outcome in group)
    verdicts = Counter(outcome.verdict for outcome in group)
    odd = Counter(outcome.reason for outcome in group if outcome.verdict not in (None, _ACCEPT))
    costs = [outcome.paid_usd for outcome in group if outcome.status not in UNMADE]
    return YieldRow(
        defect_type=defect_type,
        prompt=prompt,
        model=model,
        planned=len(group),
        edited=status[SampleStatus.JUDGED] + status[SampleStatus.UNFINISHED],
        refused=status[SampleStatus.REFUSED],
        failed=sum(status[each] for each in FAILED),
        unchanged=odd[Reason.NO_VISIBLE_CHANGE],
        redrawn=odd[Reason.REDRAWN],
        side_effect=odd[Reason.SIDE_EFFECT],
        wrong_kind=odd[Reason.WRONG_KIND],
        accepted=verdicts[_ACCEPT],
        certified=sum(outcome.certified for outcome in group),
        review=verdicts[Verdict.REVIEW],
        rejected=verdicts[Verdict.REJECT],
        struck=sum(map(_is_struck, group)),
        cost_usd=_sum_usd(costs),
    )


def _is_struck(outcome: Outcome) -> bool:
    decided = outcome.verdict is Verdict.REJECT and bool(outcome.decision_key)
    return decided and outcome.reason not in _ODD


def yields_by_defect(rows: Iterable[YieldRow]) -> list[YieldRow]:
    """Add up rows per defect, in order of appearance."""
    groups: dict[str, list[YieldRow]] = {}
    for row in rows:
        groups.setdefault(row.defect_type, []).append(row)
    return [total_yield(group, defect_type) for defect_type, group in groups.items()]


def total_yield(rows: Sequence[YieldRow], label: str) -> YieldRow:
    """Add up rows; the sum's cost is unknown where one is.

    Args:
        rows: The rows.
        label: What stands in the place of the defect.
    """
    counts = {name: sum(getattr(row, name) for row in rows) for name in _COUNTS}
    return YieldRow(defect_type=label, cost_usd=_sum_usd([row.cost_usd for row in rows]), **counts)


def _sum_usd(costs: Sequence[float | None]) -> float | None:
    return None if None in costs else round(sum(cost or 0.0 for cost in costs), 6)


def to_csv(rows: Sequence[YieldRow]) -> str:
    """Return rows as CSV with a header; what is not known is left empty."""
    file = io.StringIO()
    names = [*YieldRow.model_fields, "usd_per_accepted"]
    writer = csv.DictWriter(file, fieldnames=names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row.columns())
    return file.getvalue()
