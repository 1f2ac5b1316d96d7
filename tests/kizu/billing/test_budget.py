import pytest

from kizu.billing.budget import BudgetSpec, broken_cap, shortfall
from kizu.billing.totals import Account, Spent

SPENT = Spent(requests=10, cost_usd=1.0)


def sentence(budget, cost_usd=0.1, spent=SPENT, today=SPENT):
    account = Account(datasets={"plates": spent}, days={"2026-01-01": today})
    return broken_cap(
        BudgetSpec(**budget),
        account,
        dataset="plates",
        day="2026-01-01",
        model="gpt-image-2",
        cost_usd=cost_usd,
    )


@pytest.mark.parametrize(
    "budget",
    [
        {},
        {"max_requests": 11},
        {"max_cost_usd": 1.1},
        {"max_requests_per_day": 11},
        {"max_cost_usd_per_day": 1.1},
    ],
)
def test_a_call_within_all_caps_may_be_made(budget):
    assert sentence(budget) is None


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (
            {"max_requests": 10},
            "budget reached: 10 of 10 requests are used; raise budget.max_requests and build again",
        ),
        (
            {"max_cost_usd": 1.05},
            "1.00 of 1.05 USD are spent or reserved and one more edit can cost 0.10 USD; raise",
        ),
        (
            {"max_requests_per_day": 10},
            "raise budget.max_requests_per_day or wait until tomorrow (UTC) and build again",
        ),
        ({"max_requests": 0}, "0 requests"),
    ],
)
def test_a_broken_cap_is_named_with_the_way_out(budget, expected):
    assert expected in sentence(budget)


def test_a_cap_in_dollars_needs_a_price():
    assert sentence({"max_cost_usd": 9}, cost_usd=None) == (
        "the budget is capped in US dollars but the price of gpt-image-2 is not known; give "
        "editor.prices, or cap budget.max_requests instead"
    )
    assert sentence({"max_requests": 11}, cost_usd=None) is None


def test_a_cap_in_dollars_cannot_be_kept_after_calls_of_unknown_price():
    spent = Spent(requests=2, unpriced=2)
    assert "the price of 2 earlier calls is not known" in sentence({"max_cost_usd": 9}, spent=spent)


@pytest.mark.parametrize(
    ("budget", "to_make", "cost_usd"),
    [
        (BudgetSpec(), 1000, 50.0),
        (BudgetSpec(max_requests=5), 5, 0.2),
        (BudgetSpec(max_cost_usd=0.2), 5, 0.2),
        (BudgetSpec(max_requests=5), 5, None),
        (BudgetSpec(max_requests=0), 5, 0.0),
        (BudgetSpec(max_requests=0), 0, None),
    ],
)
def test_a_plan_within_its_budget_lacks_nothing(budget, to_make, cost_usd):
    assert shortfall(budget, Spent(), to_make, cost_usd) == ""


def test_a_cap_in_dollars_lets_no_plan_of_unknown_price_pass():
    said = shortfall(BudgetSpec(max_cost_usd=100), Spent(), 5, None)
    assert said == "what 5 new edits cost is not known; give the prices"


def test_a_plan_over_both_limits_says_both():
    budget = BudgetSpec(max_requests=6, max_cost_usd=0.3)
    assert shortfall(budget, Spent(requests=2, cost_usd=0.15), 5, 0.2) == (
        "it needs 5 new edits, 2 of 6 requests are used and "
        "it can cost 0.20 USD more, 0.15 of 0.30 USD are spent"
    )
