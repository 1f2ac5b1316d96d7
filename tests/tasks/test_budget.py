import pytest

from kizu.edit.planning import Outlook
from kizu.spec import BudgetSpec
from tasks.budget import shortfall


def outlook(to_make: int, cost_usd: float | None) -> Outlook:
    return Outlook(9, 9, to_make, 0, to_make, cost_usd)


@pytest.mark.parametrize(
    ("budget", "found"),
    [
        (BudgetSpec(), outlook(1000, 50.0)),
        (BudgetSpec(max_requests=5), outlook(5, 0.2)),
        (BudgetSpec(max_cost_usd=0.2), outlook(5, 0.2)),
        (BudgetSpec(max_cost_usd=0.2), outlook(5, None)),
    ],
)
def test_a_plan_within_its_budget_lacks_nothing(budget, found):
    assert shortfall(budget, found) == ""


def test_a_plan_over_both_limits_says_both():
    said = shortfall(BudgetSpec(max_requests=2, max_cost_usd=0.1), outlook(5, 0.2))
    assert said == (
        "it needs 5 new edits, the budget allows 2 and "
        "it would cost 0.20 USD, the budget allows 0.10 USD"
    )
