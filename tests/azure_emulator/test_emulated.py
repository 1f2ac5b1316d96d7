"""An emulated edit is not a real one: in its key, its record, the ledger and the budget."""

import pytest
from loopback import disguised

from kizu.edit.editor import EditError, StopEditingError
from kizu.edit.storage import find_edit
from kizu.emulator import Fault, FaultPlan


@pytest.fixture
def real_service(start_emulator, monkeypatch):
    """Point the environment at a service that bills; it knows the emulator's key."""
    with disguised(start_emulator()) as endpoint:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
        yield


def test_record_and_ledger_tell_who_answered(start_emulator, open_shop):
    start_emulator()
    shop = open_shop()
    record = shop.buy()
    assert (record.emulated, record.host) == (True, "127.0.0.1")
    [(_, call, _)] = shop.ledger.entries()
    assert (call.emulated, call.host) == (True, "127.0.0.1")


@pytest.mark.usefixtures("real_service")
def test_a_service_is_not_taken_for_the_emulator(open_shop):
    shop = open_shop()
    assert not shop.settings.service().emulated
    assert not shop.buy().emulated
    totals = shop.ledger.totals()
    assert totals.real.dataset("plates").requests == 1
    assert totals.emulated.dataset("plates").requests == 0


def test_an_emulated_edit_does_not_serve_where_a_real_one_is_asked_for(
    start_emulator, open_shop, monkeypatch
):
    emulator = start_emulator()
    imitation = open_shop().buy()
    with disguised(emulator) as endpoint:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
        real = open_shop().buy()
    assert emulator.tally.billed == 2
    assert real.key != imitation.key
    assert find_edit(open_shop().store, imitation.key) == imitation


def test_what_the_emulator_was_asked_for_uses_up_no_real_budget(
    start_emulator, open_shop, monkeypatch
):
    emulator = start_emulator()
    budget = {"max_requests": 1, "max_requests_per_day": 1}
    assert open_shop(budget).buy(0).emulated
    with pytest.raises(EditError, match="1 of 1 requests are used"):
        open_shop(budget).buy(1)
    with disguised(emulator) as endpoint:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
        assert not open_shop(budget).buy(0).emulated
        with pytest.raises(EditError, match="1 of 1 requests are used"):
            open_shop(budget).buy(1)


def test_an_edit_planned_for_the_service_is_not_made_by_the_emulator(
    start_emulator, open_shop, monkeypatch
):
    emulator = start_emulator()
    shop = open_shop()
    with disguised(emulator) as endpoint:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
        planned = open_shop().request()
    monkeypatch.setattr(shop, "request", lambda *_: planned)
    with pytest.raises(StopEditingError, match=r"127\.0\.0\.1 is the emulator, real edits were pl"):
        shop.buy()
    assert emulator.tally.calls == 0


@pytest.mark.usefixtures("real_service")
def test_an_edit_planned_for_the_emulator_is_not_bought(open_shop, monkeypatch):
    shop = open_shop()
    planned = shop.request().model_copy(update={"editor": {"name": "azure", "emulated": True}})
    monkeypatch.setattr(shop, "request", lambda *_: planned)
    with pytest.raises(StopEditingError, match="start it with 'kizu emulate-azure', or let all"):
        shop.buy()
    assert list(shop.ledger.entries()) == []


def test_an_emulator_that_is_only_told_by_its_answer_makes_no_real_edit(
    start_emulator, open_shop, monkeypatch
):
    with disguised(start_emulator(), "GET") as endpoint:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
        shop = open_shop()
        with pytest.raises(StopEditingError, match="is the emulator, real edits were planned"):
            shop.buy()
    assert find_edit(shop.store, shop.request().key) is None
    [end] = shop.ends()
    assert (end.status, end.reason) == ("rejected", "127.0.0.1 is the emulator")
    assert shop.ledger.totals().real.dataset("plates").requests == 0


def test_what_it_refuses_then_is_no_refusal_of_the_service(start_emulator, open_shop, monkeypatch):
    emulator = start_emulator(faults=FaultPlan(fraction=1, chosen=(Fault.POLICY,)))
    with disguised(emulator, "GET") as endpoint:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
        shop = open_shop()
        with pytest.raises(StopEditingError, match="is the emulator, real edits were planned"):
            shop.buy()
    assert find_edit(shop.store, shop.request().key) is None
    assert shop.ledger.totals().real.dataset("plates").requests == 0


def test_openai_itself_is_named_where_no_address_is_set(open_shop, monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    service = open_shop(provider="openai").settings.service()
    assert (service.host, service.emulated) == ("api.openai.com", False)


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:9", "https://plates.example", "a b"])
def test_where_no_emulator_answers_there_is_none(open_shop, monkeypatch, endpoint):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
    assert not open_shop().settings.service().emulated
