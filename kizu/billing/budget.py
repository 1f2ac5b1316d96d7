"""What may be spent: checked against the ledger before every call, over all workers."""

from typing import Final

from pydantic import Field

from kizu.billing.totals import Account, Spent
from kizu.settings import Settings


class BudgetSpec(Settings):
    """What a dataset's edits may cost. What the store holds already costs nothing."""

    max_requests: int | None = Field(
        None,
        ge=0,
        title="Most requests",
        description="Paid requests for this dataset, over all its builds. Raise it to go on.",
    )
    max_cost_usd: float | None = Field(
        None,
        ge=0,
        title="Most cost (USD)",
        description="US dollars for this dataset, over all its builds. Raise it to go on.",
    )
    max_requests_per_day: int | None = Field(
        None,
        ge=0,
        title="Most requests per day",
        description="Paid requests of all datasets in the store on one day (UTC).",
    )
    max_cost_usd_per_day: float | None = Field(
        None,
        ge=0,
        title="Most cost per day (USD)",
        description="US dollars of all datasets in the store on one day (UTC).",
    )

    @property
    def caps_cost(self) -> bool:
        """True if there is a cap in dollars, which needs known prices."""
        return self.max_cost_usd is not None or self.max_cost_usd_per_day is not None


def unpriced(model: str) -> str:
    """Return the sentence for a cap in dollars where the price is not known."""
    return (
        f"the budget is capped in US dollars but the price of {model} is not known; give "
        "editor.prices, or cap budget.max_requests instead"
    )


def broken_cap(
    budget: BudgetSpec,
    account: Account,
    *,
    dataset: str,
    day: str,
    model: str,
    cost_usd: float | None,
) -> str | None:
    """Tell whether one more call would break the budget.

    Args:
        budget: The caps.
        account: What was spent and is reserved.
        dataset: The dataset the call is for.
        day: The day it counts for.
        model: The model family.
        cost_usd: Most the call can cost; None if not known.

    Returns:
        One sentence with the way out, or None if the call may be made.
    """
    if budget.caps_cost and cost_usd is None:
        return unpriced(model)
    build, today, cost = account.dataset(dataset), account.day(day), cost_usd or 0.0
    checks = (
        _request_cap("max_requests", build, budget.max_requests),
        _cost_cap("max_cost_usd", build, budget.max_cost_usd, cost),
        _request_cap("max_requests_per_day", today, budget.max_requests_per_day),
        _cost_cap("max_cost_usd_per_day", today, budget.max_cost_usd_per_day, cost),
    )
    return next((sentence for sentence in checks if sentence), None)


def shortfall(budget: BudgetSpec, spent: Spent, to_make: int, cost_usd: float | None) -> str:
    """Say by how much what is to be made exceeds a dataset's budget; empty if it does not.

    Free edits need no budget. Where a price is not known, no budget in dollars is large enough.
    Caps per day are no reason to ask: the editor stops at them, and tomorrow's build goes on.

    Args:
        budget: The dataset's budget.
        spent: What its builds have spent.
        to_make: Edits to make.
        cost_usd: Most they can cost; None if not known.

    Example:
        >>> shortfall(BudgetSpec(max_requests=10), Spent(requests=5, cost_usd=0.2), 7, 0.35)
        'it needs 7 new edits, 5 of 10 requests are used'
    """
    if not to_make or cost_usd == 0:
        return ""
    over = []
    used, most, most_usd = spent.requests, budget.max_requests, budget.max_cost_usd
    if most is not None and used + to_make > most:
        over.append(f"it needs {to_make} new edits, {used} of {most} requests are used")
    if most_usd is not None and cost_usd is None:
        over.append(f"what {to_make} new edits cost is not known; give the prices")
    elif most_usd is not None and cost_usd is not None and spent.cost_usd + cost_usd > most_usd:
        over.append(
            f"it can cost {cost_usd:.2f} USD more, {spent.cost_usd:.2f} of {most_usd:.2f} USD "
            "are spent"
        )
    return " and ".join(over)


def _request_cap(name: str, spent: Spent, cap: int | None) -> str | None:
    if cap is None or spent.requests < cap:
        return None
    return f"budget reached: {spent.requests} of {cap} requests are used; {_way_out(name)}"


def _cost_cap(name: str, spent: Spent, cap_usd: float | None, cost_usd: float) -> str | None:
    if cap_usd is None:
        return None
    if spent.unpriced:
        return (
            f"budget.{name} cannot be kept: the price of {spent.unpriced} earlier calls is not "
            "known; cap the requests instead"
        )
    if spent.cost_usd + cost_usd <= cap_usd + _ROUNDING_USD:
        return None
    return (
        f"budget reached: {spent.cost_usd:.2f} of {cap_usd:.2f} USD are spent or reserved and one "
        f"more edit can cost {cost_usd:.2f} USD; {_way_out(name)}"
    )


def _way_out(name: str) -> str:
    wait = " or wait until tomorrow (UTC)" if name.endswith("_per_day") else ""
    return f"raise budget.{name}{wait} and build again to go on"


_ROUNDING_USD: Final = 1e-9
