from concurrent.futures import ThreadPoolExecutor

import pytest
from ledger_entries import finished, started

from kizu.billing.ledger import SNAPSHOT_EVERY, Ledger
from kizu.billing.totals import CallStatus


@pytest.fixture
def ledger(store):
    return Ledger(store)


def test_a_number_goes_to_the_first_who_writes_it(ledger, store):
    other = Ledger(store)
    assert ledger.append(1, started(1))
    assert not other.append(1, started(2))
    assert [entry[1].key for entry in other.entries()] == [started(1).key]


def test_calls_of_many_threads_have_numbers_without_gaps(ledger):
    def append(number):
        while not ledger.append(ledger.totals().last + 1, started(number)):
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(40)))
    assert [number for number, _, _ in ledger.entries()] == list(range(1, 41))
    assert len({entry.key for _, entry, _ in ledger.entries()}) == 40


def test_the_first_end_of_a_call_stays(ledger):
    ledger.append(1, started())
    ledger.end(1, finished())
    ledger.end(1, finished(CallStatus.UNKNOWN, None))
    assert ledger.find_end(1).status is CallStatus.BOUGHT


def test_another_process_reads_the_sums_from_the_last_snapshot(ledger, store):
    count = SNAPSHOT_EVERY + 10
    for number in range(1, count + 1):
        ledger.append(number, started(number))
        if number % 2:
            ledger.end(number, finished())
    fresh = Ledger(store)
    first_read = []
    read_json = store.read_json
    store.read_json = lambda path: first_read.append(path) or read_json(path)
    fresh.totals()
    assert sum(path.startswith("ledger/calls") for path in first_read) == 10
    assert fresh.totals().to_json() == ledger.totals().to_json()
    later = SNAPSHOT_EVERY
    ledger.end(later, finished())
    assert fresh.totals().real.dataset("plates") == ledger.totals().real.dataset("plates")
    assert later not in fresh.totals().under_way
