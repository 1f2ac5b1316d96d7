"""What came of the planned edits, per defect type."""

from collections import Counter
from collections.abc import Iterable

from kizu.agree.verdict import Verdict
from kizu.publish.outcomes import Outcome, SampleStatus
from kizu.report.page import YieldRow


def yield_rows(outcomes: Iterable[Outcome]) -> list[YieldRow]:
    """Count outcomes per defect type, in order of appearance."""
    by_type: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_type.setdefault(outcome.defect_type, []).append(outcome)
    return [_yield_row(defect_type, group) for defect_type, group in by_type.items()]


def _yield_row(defect_type: str, group: list[Outcome]) -> YieldRow:
    status = Counter(outcome.status for outcome in group)
    verdicts = Counter(outcome.verdict for outcome in group)
    costs = [outcome.paid_usd for outcome in group if outcome.status is not SampleStatus.FAILED]
    known = [cost for cost in costs if cost is not None]
    return YieldRow(
        defect_type=defect_type,
        planned=len(group),
        edited=status[SampleStatus.JUDGED] + status[SampleStatus.UNFINISHED],
        refused=status[SampleStatus.REFUSED],
        failed=status[SampleStatus.FAILED] + status[SampleStatus.UNFINISHED],
        accepted=verdicts[Verdict.ACCEPT],
        review=verdicts[Verdict.REVIEW],
        rejected=verdicts[Verdict.REJECT],
        cost_usd=round(sum(known), 6) if len(known) == len(costs) else None,
    )
