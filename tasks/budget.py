"""Pauses a build that would spend more than its budget allows."""

from datetime import timedelta
from typing import Final

from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.runtime import deployment
from pydantic import Field

from kizu.edit.planning import Outlook
from kizu.spec import BudgetSpec, DatasetSpec

DECISION_TIME: Final = timedelta(days=7)


class Budget(RunInput):
    """What a person answers when a build waits for its budget."""

    max_requests: int | None = Field(
        None,
        ge=0,
        title="Most requests",
        description="New edit requests this build may make. None: no limit.",
    )
    max_cost_usd: float | None = Field(
        None,
        ge=0,
        title="Most cost (USD)",
        description="US dollars this build may spend on edits. None: no limit.",
    )


def shortfall(budget: BudgetSpec, found: Outlook) -> str:
    """Say by how much a build exceeds its budget; empty if it does not, or cost is unknown.

    Example:
        >>> found = Outlook(9, 9, 9, 2, 7, cost_usd=0.35)
        >>> shortfall(BudgetSpec(max_requests=5), found)
        'it needs 7 new edits, the budget allows 5'
    """
    over = []
    if budget.max_requests is not None and found.to_make > budget.max_requests:
        over.append(f"it needs {found.to_make} new edits, the budget allows {budget.max_requests}")
    cost, most = found.cost_usd, budget.max_cost_usd
    if most is not None and cost is not None and cost > most:
        over.append(f"it would cost {cost:.2f} USD, the budget allows {most:.2f} USD")
    return " and ".join(over)


def within_budget(spec: DatasetSpec, found: Outlook) -> DatasetSpec:
    """Return the spec, with the budget a person gave where its own is too small.

    A run from a deployment is suspended until then, and has bought nothing. Elsewhere nobody can
    answer; there the editor stops where the budget ends.
    """
    asked = 0
    while (over := shortfall(spec.budget, found)) and deployment.id is not None:
        asked += 1
        answer = _ask(spec, found, over, asked)
        budget = BudgetSpec(max_requests=answer.max_requests, max_cost_usd=answer.max_cost_usd)
        spec = spec.model_copy(update={"budget": budget})
    return spec


def _ask(spec: DatasetSpec, found: Outlook, over: str, asked: int) -> Budget:
    """Suspend the run; when it is resumed, return the answer that it was resumed with."""
    form = Budget.with_initial_data(
        description=f"**{spec.name} is paused for budget:** {over}. Nothing is bought yet. "
        "Resume with the budget you grant, or cancel the run.",
        max_requests=found.to_make,
        max_cost_usd=found.cost_usd,
    )
    timeout_s = int(DECISION_TIME.total_seconds())
    return suspend_flow_run(wait_for_input=form, timeout=timeout_s, key=f"budget-{asked}")
