from concurrent.futures import ThreadPoolExecutor

import pytest
from damage import CONTENT, MISSING, damage
from ledger_entries import finished, started

from kizu.billing.ledger import SNAPSHOT_EVERY, Ledger, LedgerDamagedError
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


@pytest.fixture
def snapshots(monkeypatch):
    """Every second call writes the sums."""
    monkeypatch.setattr("kizu.billing.ledger.SNAPSHOT_EVERY", 2)


@pytest.mark.usefixtures("snapshots")
@pytest.mark.parametrize("way", [*CONTENT, MISSING])
def test_damaged_sums_are_added_up_anew_from_the_lines(ledger, store, way):
    for number in range(1, 6):
        ledger.append(number, started(number))
        ledger.end(number, finished())
    for path in list(store.list("ledger/snapshots")):
        damage(store, path, way)
    assert Ledger(store).totals().to_json() == ledger.totals().to_json()


@pytest.mark.parametrize("way", CONTENT)
@pytest.mark.parametrize("line", ["calls", "ends"])
def test_a_damaged_line_is_named_and_never_passed_over(ledger, store, line, way):
    for number in (1, 2, 3):
        ledger.append(number, started(number))
        ledger.end(number, finished())
    damage(store, f"ledger/{line}/00000002.json", way)
    fresh = Ledger(store)
    for _ in range(2):
        with pytest.raises(
            LedgerDamagedError, match=rf"{line}/00000002\.json .* nothing is bought"
        ):
            fresh.totals()
    with pytest.raises(LedgerDamagedError):
        list(fresh.entries())


def test_a_lost_line_is_not_taken_for_the_end(ledger, store):
    for number in (1, 2, 3):
        ledger.append(number, started(number))
    store.remove("ledger/calls/00000002.json")
    fresh = Ledger(store)
    with pytest.raises(LedgerDamagedError, match=r"calls/00000002\.json is damaged: it is missing"):
        fresh.append(fresh.totals().last + 1, started(4))
    assert not store.exists("ledger/calls/00000002.json")


def test_a_note_of_a_found_edit_that_is_damaged_is_made_anew(ledger, store):
    def note():
        ledger.note_cached("plates", "ab", "mugs", emulated=False)

    note()
    [path] = store.list("ledger/cached")
    damage(store, path, "cut to half")
    assert not list(ledger.cached("plates"))
    note()
    assert [found["bought_for"] for found in ledger.cached("plates")] == ["mugs"]
