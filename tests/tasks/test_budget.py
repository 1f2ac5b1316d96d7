import pytest

from kizu.billing.budget import BudgetSpec
from kizu.billing.totals import Spent
from kizu.planning import BuildEstimate
from tasks.budget import shortfall


def estimate_build(to_make: int, cost_usd: float | None) -> BuildEstimate:
    return BuildEstimate(9, 9, to_make, 0, to_make, cost_usd)


@pytest.mark.parametrize(
    ("budget", "found"),
    [
        (BudgetSpec(), estimate_build(1000, 50.0)),
        (BudgetSpec(max_requests=5), estimate_build(5, 0.2)),
        (BudgetSpec(max_cost_usd=0.2), estimate_build(5, 0.2)),
        (BudgetSpec(max_requests=5), estimate_build(5, None)),
        (BudgetSpec(max_requests=0), estimate_build(5, 0.0)),
        (BudgetSpec(max_requests=0), estimate_build(0, None)),
    ],
)
def test_a_plan_within_its_budget_lacks_nothing(budget, found):
    assert shortfall(budget, found, Spent()) == ""


def test_a_cap_in_dollars_lets_no_edit_of_unknown_price_pass():
    said = shortfall(BudgetSpec(max_cost_usd=100), estimate_build(5, None), Spent())
    assert said == "what 5 new edits cost is not known; give the prices"


def test_a_plan_over_both_limits_says_both():
    budget = BudgetSpec(max_requests=6, max_cost_usd=0.3)
    said = shortfall(budget, estimate_build(5, 0.2), Spent(requests=2, cost_usd=0.15))
    assert said == (
        "it needs 5 new edits, 2 of 6 requests are used and "
        "it can cost 0.20 USD more, 0.15 of 0.30 USD are spent"
    )
