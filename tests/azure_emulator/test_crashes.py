"""What a killed worker leaves behind, and what the next one makes of it."""

import pytest

from kizu.billing.totals import CallStatus
from kizu.edit.editor import EditError
from kizu.edit.paid import Reply
from kizu.edit.storage import find_edit, save_reply


class KilledError(BaseException):
    """Stands for SIGKILL: nothing in the package catches it."""


def die(*_):
    raise KilledError


def test_an_answer_that_was_stored_is_completed_without_a_call(
    start_emulator, open_shop, monkeypatch
):
    emulator, shop = start_emulator(), open_shop()
    with monkeypatch.context() as patch:
        patch.setattr(shop.editor, "read", die)
        with pytest.raises(KilledError):
            shop.buy()
    assert find_edit(shop.store, shop.request().key) is None
    successor = open_shop()
    record = successor.buy()
    assert emulator.tally.billed == 1
    assert record.cost_usd == emulator.tally.cost_usd
    assert [end.status for end in successor.ends()] == [CallStatus.BOUGHT]
    assert not [path for path in shop.store.list("edits") if "replies" in path]


@pytest.mark.parametrize("step", ["save_edit", "drop_reply"])
def test_a_worker_that_dies_at_any_later_step_costs_nothing(
    start_emulator, open_shop, monkeypatch, step
):
    emulator, shop = start_emulator(), open_shop()
    with monkeypatch.context() as patch:
        patch.setattr(f"kizu.billing.purchase.{step}", die)
        with pytest.raises(KilledError):
            shop.buy()
    successor = open_shop()
    assert successor.buy().status == "edited"
    assert emulator.tally.billed == 1
    assert [end.status for end in successor.ends()] == [CallStatus.BOUGHT]


def test_a_call_that_died_in_flight_is_unknown_and_the_edit_is_bought(
    start_emulator, open_shop, monkeypatch
):
    start_emulator()
    shop = open_shop()
    with monkeypatch.context() as patch:
        patch.setattr(shop.editor, "call", die)
        with pytest.raises(KilledError):
            shop.buy()
    assert shop.ends() == [None]
    assert shop.ledger.totals().emulated.dataset("plates").unanswered == 1
    successor = open_shop()
    assert successor.buy().status == "edited"
    assert [end.status for end in successor.ends()] == [CallStatus.UNKNOWN, CallStatus.BOUGHT]


def test_a_stored_answer_that_is_no_edit_keeps_the_edit_from_being_bought_anew(
    start_emulator, open_shop
):
    emulator, shop = start_emulator(), open_shop()
    bad = Reply(body="{", latency_s=1, request_id=None, limit_per_minute=None, at=0)
    save_reply(shop.store, shop.request().key, 1, bad)
    with pytest.raises(EditError, match="an answer that could not be used was paid for"):
        shop.buy()
    assert emulator.tally.billed == 0
    assert len(list(shop.store.list("edits"))) == 1
