import time
from datetime import UTC, datetime
from itertools import count
from threading import Event

import pytest

from kizu.billing.totals import CallStatus
from kizu.cancellation import Cancellation
from kizu.edit.editor import EditError, StopEditingError
from kizu.edit.storage import set_replies_aside
from kizu.emulator import Fault, FaultPlan

STOP = Cancellation(sentence="enough")


def scripted(*faults, **options):
    return FaultPlan(script=dict(enumerate(faults, start=1)), **options)


@pytest.mark.parametrize("fault", [Fault.RATE_LIMIT, Fault.RATE_LIMIT_MS, Fault.OVERLOADED])
def test_a_rejected_call_is_made_again_and_costs_nothing(start_emulator, open_shop, fault):
    emulator = start_emulator(faults=scripted(fault, retry_after_s=0.2))
    shop = open_shop()
    assert shop.buy().status == "edited"
    assert [end.status for end in shop.ends()] == [CallStatus.REJECTED, CallStatus.BOUGHT]
    assert shop.ledger.totals().emulated.dataset("plates").requests == emulator.tally.billed == 1


def test_rejected_calls_are_bounded(start_emulator, open_shop):
    emulator = start_emulator(faults=FaultPlan(fraction=1, chosen=(Fault.SERVER_ERROR,)))
    with pytest.raises(EditError, match="given up after 2 calls: the service answered 500"):
        open_shop(max_attempts=2).buy()
    assert emulator.tally.calls == 2


def test_a_refusal_is_kept_with_its_reason_and_others_go_on(start_emulator, open_shop):
    emulator = start_emulator(faults=scripted(Fault.POLICY))
    shop = open_shop()
    refused = shop.buy(prompt="a smear of blood")
    assert refused.status == "refused"
    assert "safety system; try 'a red-brown stain' for 'blood'" in refused.reason
    assert shop.buy(prompt="a smear of blood") == refused
    assert shop.buy(1).status == "edited"
    assert emulator.tally.calls == 2
    assert [end.status for end in shop.ends()] == [CallStatus.REFUSED, CallStatus.BOUGHT]


def test_a_blocked_resource_stops_the_whole_run_at_once(start_emulator, open_shop):
    emulator = start_emulator(faults=scripted(Fault.BLOCKED))
    with pytest.raises(StopEditingError, match="the whole resource is blocked") as stopped:
        open_shop().buy()
    assert stopped.value.whole_run
    assert emulator.tally.calls == 1


def test_a_call_that_was_perhaps_billed_is_unknown_and_made_once_more(start_emulator, open_shop):
    painting, given_up = count(), Event()

    def paint(job):
        if next(painting) == 0:
            given_up.wait()
        return job.picture

    emulator = start_emulator(paint=paint)
    shop = open_shop(timeout_s=3)
    assert shop.buy().status == "edited"
    given_up.set()
    unknown, bought = shop.ends()
    assert (unknown.status, bought.status) == (CallStatus.UNKNOWN, CallStatus.BOUGHT)
    assert "took too long" in unknown.reason
    deadline = time.monotonic() + 60
    while emulator.tally.billed < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    spent = shop.ledger.totals().emulated.dataset("plates")
    assert (spent.requests, spent.unanswered) == (2, 1)
    assert spent.cost_usd >= emulator.tally.cost_usd


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.TRUNCATED, Fault.SERVER_ERROR])
def test_an_answer_that_breaks_off_or_tells_of_it_is_unknown_and_asked_for_once_more(
    start_emulator, open_shop, fault
):
    start_emulator(faults=scripted(fault))
    shop = open_shop()
    assert shop.buy().status == "edited"
    assert [end.status for end in shop.ends()] == [CallStatus.UNKNOWN, CallStatus.BOUGHT]
    kept = list(shop.store.list("inspect"))
    assert len(kept) == (fault is Fault.TRUNCATED)


def test_a_key_is_not_tried_a_third_time_after_two_unknown_calls(start_emulator, open_shop):
    emulator = start_emulator(faults=scripted(Fault.RESET, Fault.RESET))
    with pytest.raises(EditError, match="it may have been billed"):
        open_shop().buy()
    assert emulator.tally.calls == 2


def test_a_reply_that_is_no_edit_is_kept_and_bought_again_only_when_told(start_emulator, open_shop):
    emulator = start_emulator(faults=scripted(Fault.NOT_AN_IMAGE))
    shop = open_shop()
    with pytest.raises(EditError, match=r"it is not an image.*the reply is kept in edits/"):
        shop.buy()
    [kept] = shop.store.list("edits")
    assert b"b64_json" in shop.store.read(kept)
    [end] = shop.ends()
    assert (end.status, end.cost_usd) == (CallStatus.FAILED, emulator.tally.cost_usd)
    with pytest.raises(EditError, match=r"`kizu repair --buy` buys it again"):
        open_shop().buy()
    assert emulator.tally.calls == 1
    set_replies_aside(shop.store, shop.request().key)
    assert shop.buy().status == "edited"


def test_a_pause_longer_than_the_clients_own_limit_is_kept(start_emulator, open_shop):
    start_emulator(faults=scripted(Fault.RATE_LIMIT, retry_after_s=130))
    shop, started = open_shop(), datetime.now(UTC).timestamp()
    waited = []
    shop.gate.pause = lambda seconds: waited.append(seconds) or shop.cancel.cancel(STOP)
    with pytest.raises(StopEditingError, match="enough"):
        shop.buy()
    assert waited == [130]
    traffic = shop.ledger.totals().of("emulator/gpt-image-1.5")
    assert started + 130 <= traffic.held_until(1800) <= datetime.now(UTC).timestamp() + 130


def test_a_pause_beyond_all_patience_stops_with_the_way_out(start_emulator, open_shop):
    start_emulator(faults=scripted(Fault.RATE_LIMIT, retry_after_s=7200))
    with pytest.raises(StopEditingError, match=r"asks to wait 7200 s.*build again later"):
        open_shop().buy()


def test_a_limit_that_the_service_tells_is_kept(start_emulator, open_shop):
    start_emulator(told_per_minute=120)
    shop = open_shop()
    started = time.monotonic()
    for number in range(3):
        shop.buy(number)
    assert time.monotonic() - started > 2 * 0.5


def test_calls_keep_below_a_quota_that_rejects_bursts(start_emulator, open_shop):
    """Five calls a second pass; half the rate leaves room for calls that arrive late."""
    emulator = start_emulator(per_minute=30, speed=10)
    shop = open_shop(images_per_minute=150)
    for number in range(8):
        shop.buy(number)
    assert (emulator.tally.billed, emulator.tally.rejected) == (8, 0)
