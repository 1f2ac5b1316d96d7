from concurrent.futures import ThreadPoolExecutor

import pytest

from kizu.billing.ledger import SNAPSHOT_EVERY, Ledger
from kizu.billing.spending import spending_rows, spent_by, summarize_spending, to_csv
from kizu.billing.totals import CallFinished, CallStarted, CallStatus, LedgerTotals, Spent


def call(number=0, dataset="plates", usd=0.05, at=1000.0):
    return CallStarted(
        key=f"{number:064x}",
        dataset=dataset,
        model="gpt-image-1.5",
        deployment="dep",
        reserved_usd=usd,
        at=at,
    )


def end(status=CallStatus.BOUGHT, usd=0.04, **facts):
    return CallFinished(status=status, cost_usd=usd, at=1001.0, **facts)


@pytest.fixture
def ledger(store):
    return Ledger(store)


def test_a_number_goes_to_the_first_who_writes_it(ledger, store):
    other = Ledger(store)
    assert ledger.append(1, call(1))
    assert not other.append(1, call(2))
    assert [entry[1].key for entry in other.entries()] == [call(1).key]


def test_calls_of_many_threads_have_numbers_without_gaps(ledger):
    def append(number):
        while not ledger.append(ledger.totals().last + 1, call(number)):
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(40)))
    assert [number for number, _, _ in ledger.entries()] == list(range(1, 41))
    assert len({entry.key for _, entry, _ in ledger.entries()}) == 40


def test_a_call_counts_at_its_most_until_its_cost_is_known(ledger):
    ledger.append(1, call())
    reserved = Spent(requests=1, cost_usd=0.05, unanswered=1, unanswered_usd=0.05)
    assert ledger.totals().real.dataset("plates") == reserved
    ledger.end(1, end())
    assert ledger.totals().real.dataset("plates") == Spent(requests=1, cost_usd=0.04)


@pytest.mark.parametrize(
    ("came", "counts"),
    [
        (end(CallStatus.REJECTED, None), Spent()),
        (end(CallStatus.REFUSED, 0.0), Spent(requests=1)),
        (end(CallStatus.FAILED, 0.03), Spent(requests=1, cost_usd=0.03)),
        (
            end(CallStatus.UNKNOWN, None),
            Spent(requests=1, cost_usd=0.05, unanswered=1, unanswered_usd=0.05),
        ),
    ],
)
def test_what_a_call_counts_for_depends_on_its_end(ledger, came, counts):
    ledger.append(1, call())
    ledger.end(1, came)
    assert ledger.totals().real.dataset("plates") == counts


def test_a_call_of_unknown_price_is_unpriced_and_not_free(ledger):
    ledger.append(1, call(usd=None))
    ledger.end(1, end(usd=None))
    assert ledger.totals().real.dataset("plates") == Spent(requests=1, unpriced=1)


def test_the_first_end_of_a_call_stays(ledger):
    ledger.append(1, call())
    ledger.end(1, end())
    ledger.end(1, end(CallStatus.UNKNOWN, None))
    assert ledger.find_end(1).status is CallStatus.BOUGHT


def test_datasets_and_days_have_sums_of_their_own(ledger):
    ledger.append(1, call(dataset="plates", at=0.0))
    ledger.append(2, call(dataset="mugs", at=86_400.0))
    totals = ledger.totals()
    assert totals.real.dataset("plates").requests == totals.real.dataset("mugs").requests == 1
    assert totals.real.day("1970-01-01").requests == totals.real.day("1970-01-02").requests == 1
    assert totals.real.dataset("bowls") == Spent()


def test_another_process_reads_the_sums_from_the_last_snapshot(ledger, store):
    count = SNAPSHOT_EVERY + 10
    for number in range(1, count + 1):
        ledger.append(number, call(number))
        if number % 2:
            ledger.end(number, end())
    fresh = Ledger(store)
    first_read = []
    read_json = store.read_json
    store.read_json = lambda path: first_read.append(path) or read_json(path)
    fresh.totals()
    assert sum(path.startswith("ledger/calls") for path in first_read) == 10
    assert fresh.totals().to_json() == ledger.totals().to_json()
    later = SNAPSHOT_EVERY
    ledger.end(later, end())
    assert fresh.totals().real.dataset("plates") == ledger.totals().real.dataset("plates")
    assert later not in fresh.totals().under_way


def test_a_statement_says_what_is_not_known(ledger):
    assert summarize_spending([]) == "nothing was bought"
    ledger.append(1, call(1))
    ledger.end(1, end())
    ledger.append(2, call(2))
    ledger.note_cached("plates", call(3).key, "mugs", emulated=False)
    lines = spending_rows(ledger, "plates")
    assert summarize_spending(lines) == (
        "1 bought, 1 under way, 1 cached; 0.04 USD paid, up to 0.05 USD more may have been billed"
    )
    header, *rows = to_csv(lines).splitlines()
    assert header.startswith("number,key,status,reason,cost_usd")
    assert len(rows) == 3


def test_the_emulators_calls_are_no_real_money(ledger):
    ledger.append(1, call(1))
    ledger.append(2, call(2).model_copy(update={"emulated": True, "host": "127.0.0.1"}))
    ledger.end(2, end())
    totals = ledger.totals()
    assert totals.real.dataset("plates") == totals.real.day("1970-01-01")
    assert totals.real.dataset("plates").requests == 1
    assert totals.emulated.dataset("plates") == Spent(requests=1, cost_usd=0.04)
    assert LedgerTotals.from_json(totals.to_json()) == totals
    told = summarize_spending(spending_rows(ledger, "plates"))
    assert told.endswith("; the emulator answered 1 request, 0.04 USD at list price")
    assert told.startswith("1 under way; 0.00 USD paid, up to 0.05 USD more")
    assert spent_by(totals, "plates").endswith("; 1 answered by the emulator, which is free")


def test_sums_written_before_the_emulator_was_told_apart_are_read(ledger):
    ledger.append(1, call(1))
    older = ledger.totals().to_json()
    del older["emulated"]
    assert LedgerTotals.from_json(older).real.dataset("plates").requests == 1
