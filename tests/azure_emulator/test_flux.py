"""FLUX.1 Kontext through the ledger, against the emulator."""

from functools import partial

import pytest
from loopback import disguised, managed_identity

from kizu.billing.spending import spending_rows
from kizu.billing.totals import CallStatus
from kizu.edit.editor import EditError, StopEditingError
from kizu.edit.flux import FluxSettings
from kizu.edit.regions import BoxRegion
from kizu.edit.storage import find_edit, open_edit
from kizu.emulator import Fault, FaultPlan
from kizu.emulator.settings import KEY


@pytest.fixture
def open_flux(open_shop):
    return partial(open_shop, editor=FluxSettings)


def test_an_edit_is_bought_at_its_price_and_found_again_for_nothing(start_emulator, open_flux):
    emulator, shop = start_emulator(), open_flux()
    record = shop.buy(region=BoxRegion(x0=0, y0=0, x1=0.5, y1=0.5))
    assert (record.status, record.model, record.usage) == ("edited", "FLUX.1-Kontext-pro", {})
    assert record.cost_usd == emulator.tally.cost_usd == 0.04
    assert open_edit(shop.store, record, shop.photo).shape == shop.photo.shape
    assert open_flux().buy() == record
    assert emulator.tally.calls == 1
    [row] = spending_rows(shop.ledger, "plates")
    assert (row.status, row.cost_usd, row.model) == ("bought", 0.04, "FLUX.1-Kontext-pro")


def test_an_edit_by_another_editor_is_another_edit(start_emulator, open_flux, open_shop):
    emulator = start_emulator()
    assert open_flux().buy().key != open_shop().buy().key
    assert emulator.tally.billed == 2


def test_a_refusal_is_kept_with_its_reason(start_emulator, open_flux):
    emulator = start_emulator(faults=FaultPlan(script={1: Fault.POLICY}))
    shop = open_flux()
    refused = shop.buy(prompt="a smear of blood")
    assert refused.status == "refused"
    assert "try 'a red-brown stain' for 'blood'" in refused.reason
    assert shop.buy(prompt="a smear of blood") == refused
    assert emulator.tally.calls == 1


def test_a_budget_in_dollars_is_kept(start_emulator, open_flux):
    emulator = start_emulator()
    shop = open_flux({"max_cost_usd": 0.1})
    shop.buy(0)
    shop.buy(1)
    with pytest.raises(EditError, match=r"0\.08 of 0\.10 USD are spent .* build again to go on"):
        shop.buy(2)
    assert emulator.tally.billed == 2


def test_an_answer_without_a_picture_is_paid_for_and_kept(start_emulator, open_flux):
    start_emulator(faults=FaultPlan(script={1: Fault.NOT_AN_IMAGE}))
    shop = open_flux()
    with pytest.raises(EditError, match="it is not an image"):
        shop.buy()
    [end] = shop.ends()
    assert (end.status, end.cost_usd) == (CallStatus.FAILED, 0.04)
    assert [path for path in shop.store.list("edits") if "replies" in path]


def test_an_emulated_edit_does_not_serve_where_a_real_one_is_asked_for(
    start_emulator, open_flux, monkeypatch
):
    emulator = start_emulator()
    imitation = open_flux().buy()
    with disguised(emulator) as endpoint:
        monkeypatch.setenv("AZURE_AI_ENDPOINT", endpoint)
        real = open_flux().buy()
    assert (imitation.emulated, real.emulated) == (True, False)
    assert find_edit(open_flux().store, imitation.key) == imitation


def test_entra_tokens_are_sent_as_bearer(start_emulator, open_flux, monkeypatch):
    start_emulator()
    monkeypatch.delenv("AZURE_AI_API_KEY")
    with managed_identity(monkeypatch, token=KEY):
        assert open_flux(auth="entra").buy().status == "edited"


def test_what_is_not_set_up_is_said_in_one_sentence(start_emulator, open_flux, monkeypatch):
    start_emulator(deployments={"kontext": "FLUX.1-Kontext-pro"})
    assert open_flux(deployment="kontext").buy().status == "edited"
    with pytest.raises(StopEditingError, match=r"check editor\.deployment, the endpoint and edi"):
        open_flux(deployment="typo").buy(1)
    monkeypatch.setenv("AZURE_AI_API_KEY", "another key")
    with pytest.raises(StopEditingError, match=r"does not accept the key .* AZURE_AI_API_KEY"):
        open_flux(deployment="kontext").buy(1)
    monkeypatch.delenv("AZURE_AI_ENDPOINT")
    with pytest.raises(StopEditingError, match=r"AZURE_AI_ENDPOINT is not set; .*services\.ai"):
        open_flux(deployment="kontext").buy(1)


def test_a_deployment_of_another_model_is_named(start_emulator, open_flux):
    emulator = start_emulator(deployments={"dep": "gpt-image-1.5"})
    shop = open_flux(deployment="dep", size="1248x832")
    with pytest.raises(StopEditingError, match=r"take this size .* one of FLUX\.1-Kontext-pro"):
        shop.buy()
    assert emulator.tally.billed == 0
