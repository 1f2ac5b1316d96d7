"""Pause a build that would spend more than its budget allows."""

import math
from datetime import timedelta
from typing import Annotated, Final

from prefect.input import RunInput
from prefect.runtime import deployment
from pydantic import Field

from kizu.billing.budget import shortfall
from kizu.billing.ledger import Ledger, LedgerDamagedError
from kizu.billing.totals import Spent
from kizu.planning import BuildEstimate
from kizu.shards import BuildPlan
from kizu.spec import DatasetSpec
from kizu.store import Store
from tasks.waiting import proposed, wait_for_person

DECISION_TIME: Final = timedelta(days=7)


_Unlimited = Annotated[None, Field(title="no limit")]


class Budget(RunInput):
    """What a person answers when a build waits for its budget."""

    max_requests: Annotated[int, Field(ge=0, title="at most")] | _Unlimited = Field(
        None,
        title="Most requests",
        description="Paid requests for this dataset, over all its builds.",
    )
    max_cost_usd: Annotated[float, Field(ge=0, title="at most")] | _Unlimited = Field(
        None,
        title="Most cost (USD)",
        description="US dollars for this dataset, over all its builds.",
    )


def within_budget(
    spec: DatasetSpec, plan: BuildPlan, found: BuildEstimate, store_url: str
) -> BuildPlan:
    """Return the plan, with the budget a person gave where the spec's own is too small.

    A run from a deployment is suspended until then, and has bought nothing. Elsewhere nobody can
    answer; there the editor stops where the budget ends.
    """
    store, budget, asked = Store(store_url), spec.budget, 0
    try:
        spent = Ledger(store).totals().account(emulated=found.emulated).dataset(spec.name)
    except LedgerDamagedError:  # nothing can be bought, which the editor says
        return plan
    while deployment.id is not None and (
        over := shortfall(budget, spent, found.to_make, found.cost_usd)
    ):
        asked += 1
        answer = _ask(spec.name, found, spent, over, asked)
        granted = {"max_requests": answer.max_requests, "max_cost_usd": answer.max_cost_usd}
        budget = budget.model_copy(update=granted)
    return plan.with_budget(budget, store) if asked else plan


def _ask(dataset: str, found: BuildEstimate, spent: Spent, over: str, asked: int) -> Budget:
    """Suspend the run; when it is resumed, return the answer that it was resumed with."""
    cost = found.cost_usd
    form = proposed(
        Budget,
        max_requests=spent.requests + found.to_make,
        max_cost_usd=None if cost is None else math.ceil(100 * (spent.cost_usd + cost)) / 100,
    )
    why = (
        f"**{dataset} is paused for budget:** {over}. Nothing is bought yet. Choose Resume in the "
        "run's menu with the budget you grant, or cancel the run."
    )
    return wait_for_person(dataset, form, why, f"budget-{asked}", DECISION_TIME)
