"""What calls add up to, before any of it is written anywhere."""

import math

import pytest
from ledger_entries import finished, started

from kizu.billing.rate_limit import rate_per_minute
from kizu.billing.totals import (
    REJECTIONS_REMEMBERED,
    Account,
    CallStatus,
    LedgerTotals,
    QuotaState,
    Spent,
    counted_cost,
    day_of,
)


def totals_of(*calls):
    totals = LedgerTotals()
    for number, call in enumerate(calls, start=1):
        totals.add(number, call)
    return totals


def test_a_ledger_without_calls_adds_up_to_nothing():
    totals = LedgerTotals()
    assert totals.last == 0
    assert totals.real.dataset("plates") == totals.real.day("1970-01-01") == Spent()
    assert totals.of("dep") == QuotaState()
    assert LedgerTotals.from_json(totals.to_json()) == totals


def test_a_call_counts_at_its_most_until_its_cost_is_known():
    totals = totals_of(started())
    reserved = Spent(requests=1, cost_usd=0.05, unanswered=1, unanswered_usd=0.05)
    assert totals.real.dataset("plates") == reserved
    totals.end(1, finished())
    assert totals.real.dataset("plates") == Spent(requests=1, cost_usd=0.04)
    assert not totals.under_way


@pytest.mark.parametrize(
    ("came", "counts"),
    [
        (finished(CallStatus.REJECTED, None), Spent()),
        (finished(CallStatus.REFUSED, 0.0), Spent(requests=1)),
        (finished(CallStatus.FAILED, 0.03), Spent(requests=1, cost_usd=0.03)),
        (finished(CallStatus.FAILED, None), Spent(requests=1, cost_usd=0.05)),
        (
            finished(CallStatus.UNKNOWN, None),
            Spent(requests=1, cost_usd=0.05, unanswered=1, unanswered_usd=0.05),
        ),
    ],
)
def test_what_a_call_counts_for_depends_on_its_end(came, counts):
    totals = totals_of(started())
    totals.end(1, came)
    assert totals.real.dataset("plates") == totals.real.day("1970-01-01") == counts


def test_a_call_of_unknown_price_is_unpriced_and_not_free():
    totals = totals_of(started(usd=None))
    assert totals.real.dataset("plates") == Spent(requests=1, unpriced=1, unanswered=1)
    totals.end(1, finished(usd=None))
    assert totals.real.dataset("plates") == Spent(requests=1, unpriced=1)


def test_a_call_that_was_free_is_not_taken_for_one_of_unknown_price():
    assert counted_cost(started(), finished(usd=0.0)) == Spent(requests=1)


def test_a_second_end_of_a_call_changes_nothing():
    totals = totals_of(started())
    totals.end(1, finished())
    totals.end(1, finished(CallStatus.UNKNOWN, None))
    totals.end(7, finished())
    assert totals.real.dataset("plates") == Spent(requests=1, cost_usd=0.04)


def test_datasets_and_days_have_sums_of_their_own():
    real = totals_of(started(dataset="plates", at=0.0), started(dataset="mugs", at=86_400.0)).real
    assert real.dataset("plates").requests == real.dataset("mugs").requests == 1
    assert real.day("1970-01-01").requests == real.day("1970-01-02").requests == 1
    assert real.dataset("bowls") == Spent()


def test_a_call_counts_for_the_day_it_started_on():
    totals = totals_of(started(at=86_399.0))
    totals.end(1, finished(at=86_401.0))
    assert totals.real.day("1970-01-01").cost_usd == 0.04
    assert totals.real.day("1970-01-02") == Spent()


def test_the_last_second_of_a_day_is_still_that_day_everywhere():
    assert (day_of(86_399.999), day_of(86_400.0)) == ("1970-01-01", "1970-01-02")


def test_what_is_added_and_taken_away_again_leaves_no_trace_of_binary_fractions():
    total = Spent()
    for _ in range(10):
        total = total.plus(Spent(requests=1, cost_usd=0.1, unanswered_usd=0.1))
    assert total.cost_usd == total.unanswered_usd == 1.0
    assert total.plus(total, -1) == Spent()


def test_the_emulators_calls_are_no_real_money_and_wait_for_no_real_quota():
    totals = totals_of(started(1), started(2, emulated=True, at=2000.0))
    totals.end(2, finished(hold_s=60.0, at=2001.0))
    assert totals.account(emulated=False) is totals.real
    assert totals.real.dataset("plates").requests == 1
    assert totals.account(emulated=True).dataset("plates") == Spent(requests=1, cost_usd=0.04)
    assert totals.of("dep").last_start == 1000.0
    assert totals.of("dep").held_until(60) == 0.0
    assert totals.of("emulator/dep").held_until(60) == 2061.0


def test_a_quota_remembers_the_latest_start_though_clocks_differ():
    assert totals_of(started(at=1000.0), started(at=990.0)).of("dep").last_start == 1000.0


def test_a_pause_that_was_asked_for_is_kept_until_its_end():
    totals = totals_of(started(1), started(2))
    totals.end(1, finished(CallStatus.REJECTED, None, hold_s=60.0))
    totals.end(2, finished(CallStatus.REJECTED, None, hold_s=5.0))
    assert totals.of("dep").held_until(60) == 1061.0


@pytest.mark.parametrize("hold_s", [86_400.0, 99_999_999_999.0])
def test_a_pause_longer_than_anybody_waits_holds_nobody(hold_s):
    totals = totals_of(started(1), started(2))
    totals.end(1, finished(CallStatus.REJECTED, None, hold_s=hold_s))
    assert totals.of("dep").held_until(1800) == 0.0
    totals.end(2, finished(CallStatus.REJECTED, None, hold_s=5.0))
    assert totals.of("dep").held_until(1800) == 1006.0
    assert LedgerTotals.from_json(totals.to_json()).of("dep") == totals.of("dep")


@pytest.mark.parametrize("told", [0.001, 0.0, -5.0, 1e9, math.inf])
def test_a_told_limit_neither_stops_all_calls_nor_lifts_the_quota(told):
    assert rate_per_minute(QuotaState(limit_per_minute=told), 60, now=0.0) == 60


def test_a_hold_of_an_older_kizu_is_read_and_does_not_count():
    old = {"last_start": 1.0, "hold_until": 1e11, "limit_per_minute": None, "rejected_at": [1.0]}
    assert QuotaState.model_validate(old).held_until(1800) == 0.0


def test_only_the_last_rejections_are_remembered():
    count = REJECTIONS_REMEMBERED + 5
    totals = totals_of(*(started(number) for number in range(count)))
    for number in range(1, count + 1):
        totals.end(number, finished(CallStatus.REJECTED, None, at=float(number), hold_s=1.0))
    kept = totals.of("dep").rejected_at
    assert kept == tuple(float(n) for n in range(6, count + 1))


def test_a_limit_once_told_stays_when_a_later_answer_tells_none():
    totals = totals_of(started(1), started(2))
    totals.end(1, finished(limit_per_minute=12.0))
    totals.end(2, finished())
    assert totals.of("dep").limit_per_minute == 12.0


def test_totals_are_read_as_they_were_written():
    totals = totals_of(started(1), started(2, emulated=True), started(3, usd=None))
    totals.end(1, finished(limit_per_minute=5.0, hold_s=1.0))
    assert LedgerTotals.from_json(totals.to_json()) == totals


def test_sums_written_before_the_emulator_was_told_apart_are_read():
    older = totals_of(started(1)).to_json()
    del older["emulated"]
    read = LedgerTotals.from_json(older)
    assert read.real.dataset("plates").requests == 1
    assert read.emulated == Account()
