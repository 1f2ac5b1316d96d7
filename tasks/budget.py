"""Pauses a build that would spend more than its budget allows."""

import math
from datetime import timedelta
from typing import Final

from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.runtime import deployment
from pydantic import Field

from kizu.billing.budget import BudgetSpec
from kizu.billing.ledger import Ledger
from kizu.billing.totals import Spent
from kizu.planning import BuildEstimate
from kizu.spec import DatasetSpec
from kizu.store import Store

DECISION_TIME: Final = timedelta(days=7)


class Budget(RunInput):
    """What a person answers when a build waits for its budget."""

    max_requests: int | None = Field(
        None,
        ge=0,
        title="Most requests",
        description="Paid requests for this dataset, over all its builds. None: no limit.",
    )
    max_cost_usd: float | None = Field(
        None,
        ge=0,
        title="Most cost (USD)",
        description="US dollars for this dataset, over all its builds. None: no limit.",
    )


def shortfall(budget: BudgetSpec, found: BuildEstimate, spent: Spent) -> str:
    """Say by how much a build exceeds its dataset's budget; empty if it does not.

    Free edits need no budget. Where a price is not known, no budget in dollars is large enough.
    Caps per day are no reason to ask: the editor stops at them, and tomorrow's build goes on.

    Example:
        >>> found = BuildEstimate(9, 9, 9, 2, 7, cost_usd=0.35)
        >>> shortfall(BudgetSpec(max_requests=10), found, Spent(requests=5, cost_usd=0.2))
        'it needs 7 new edits, 5 of 10 requests are used'
    """
    if not found.to_make or found.cost_usd == 0:
        return ""
    over = []
    used, most = spent.requests, budget.max_requests
    if most is not None and used + found.to_make > most:
        over.append(f"it needs {found.to_make} new edits, {used} of {most} requests are used")
    paid, cost, most_usd = spent.cost_usd, found.cost_usd, budget.max_cost_usd
    if most_usd is not None and cost is None:
        over.append(f"what {found.to_make} new edits cost is not known; give the prices")
    elif most_usd is not None and cost is not None and paid + cost > most_usd:
        over.append(f"it can cost {cost:.2f} USD more, {paid:.2f} of {most_usd:.2f} USD are spent")
    return " and ".join(over)


def within_budget(spec: DatasetSpec, found: BuildEstimate, store_url: str) -> DatasetSpec:
    """Return the spec, with the budget a person gave where its own is too small.

    A run from a deployment is suspended until then, and has bought nothing. Elsewhere nobody can
    answer; there the editor stops where the budget ends.
    """
    account = Ledger(Store(store_url)).totals().account(emulated=found.emulated)
    spent = account.dataset(spec.name)
    asked = 0
    while (over := shortfall(spec.budget, found, spent)) and deployment.id is not None:
        asked += 1
        answer = _ask(spec, found, spent, over, asked)
        granted = {"max_requests": answer.max_requests, "max_cost_usd": answer.max_cost_usd}
        spec = spec.model_copy(update={"budget": spec.budget.model_copy(update=granted)})
    return spec


def _ask(spec: DatasetSpec, found: BuildEstimate, spent: Spent, over: str, asked: int) -> Budget:
    """Suspend the run; when it is resumed, return the answer that it was resumed with."""
    cost = found.cost_usd
    form = Budget.with_initial_data(
        description=f"**{spec.name} is paused for budget:** {over}. Nothing is bought yet. "
        "Resume with the budget you grant, or cancel the run.",
        max_requests=spent.requests + found.to_make,
        max_cost_usd=None if cost is None else math.ceil(100 * (spent.cost_usd + cost)) / 100,
    )
    timeout_s = int(DECISION_TIME.total_seconds())
    return suspend_flow_run(wait_for_input=form, timeout=timeout_s, key=f"budget-{asked}")
