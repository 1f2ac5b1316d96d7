import pytest

from kizu.planning import BuildEstimate, plan_build
from kizu.sources import Inventory, NormalImage
from kizu.spec import DatasetSpec
from tasks.budget import Budget, within_budget
from tasks.waiting import proposed

FOUND = BuildEstimate(1, 1, requests=2, stored=0, to_make=2, cost_usd=0.4)


@pytest.fixture
def capped(spec):
    return DatasetSpec.parse({**spec.model_dump(mode="json"), "budget": {"max_requests": 1}})


@pytest.fixture
def plan(capped, store):
    photo = NormalImage("ab" * 32, "cd" * 32, "a.png", 96, 96)
    return plan_build(capped, Inventory((photo,), ()), (), store, 16)


@pytest.fixture
def answers(monkeypatch):
    """Let a deployment's runs be suspended, and resumed with these budgets one after the other."""
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "a deployment")

    def resume_with(*budgets):
        given = iter(budgets)
        monkeypatch.setattr("tasks.budget.wait_for_person", lambda *_: next(given))
        return given

    return resume_with


def test_without_a_deployment_nobody_is_asked(capped, plan, store):
    assert within_budget(capped, plan, FOUND, store.url) == plan


def test_a_granted_budget_reaches_the_samples_that_were_planned(capped, plan, store, answers):
    answers(Budget(max_requests=2, max_cost_usd=None))
    granted = within_budget(capped, plan, FOUND, store.url)
    [before], [after] = plan.shards, granted.shards
    assert after.open(store).spec.budget.max_requests == 2
    assert after.open(store).samples == before.open(store).samples
    assert before.open(store).spec.budget.max_requests == 1


def test_a_budget_that_is_still_too_small_is_asked_for_again(capped, plan, store, answers):
    left = answers(
        Budget(max_requests=2, max_cost_usd=0.1), Budget(max_requests=2, max_cost_usd=0.5)
    )
    granted = within_budget(capped, plan, FOUND, store.url)
    assert granted.shards[0].open(store).spec.budget.max_cost_usd == 0.5
    assert list(left) == []


def test_the_form_proposes_what_is_needed_and_says_what_it_asks():
    fields = proposed(Budget, max_requests=8, max_cost_usd=0.37).model_json_schema()["properties"]
    assert (fields["max_requests"]["title"], fields["max_requests"]["default"]) == (
        "Most requests",
        8,
    )
    assert [one["title"] for one in fields["max_cost_usd"]["anyOf"]] == ["at most", "no limit"]
    assert proposed(Budget, max_requests=8)().max_requests == 8
    assert Budget.model_fields["max_requests"].default is None
