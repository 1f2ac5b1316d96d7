from concurrent.futures import ThreadPoolExecutor

import pytest
from damage import CONTENT, MISSING, damage
from ledger_entries import finished, started

from kizu.billing.ledger import SNAPSHOT_EVERY, Ledger, LedgerDamagedError
from kizu.billing.totals import CallStatus
from kizu.store import Store


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
    read = {path for path in first_read if path.startswith("ledger/calls")}
    assert len(read & set(store.list("ledger/calls"))) == 10
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


def fill(ledger, calls, open_calls=()):
    for number in range(1, calls + 1):
        ledger.append(number, started(number))
        if number not in open_calls:
            ledger.end(number, finished(usd=number / 100))


@pytest.fixture
def folds(monkeypatch):
    """Four calls are folded into a file."""
    monkeypatch.setattr("kizu.billing.ledger.FOLD_EVERY", 4)


@pytest.fixture
def read(monkeypatch):
    """The paths that the store is asked to read."""
    paths, read_as = [], Store.read
    monkeypatch.setattr(Store, "read", lambda self, path: paths.append(path) or read_as(self, path))
    return paths


def lines_of(store):
    return [(n, call.key, end and end.cost_usd) for n, call, end in Ledger(store).entries()]


@pytest.mark.usefixtures("folds")
def test_folded_calls_are_read_without_their_lines(ledger, store, read):
    fill(ledger, 10)
    before, lines = lines_of(store), sorted(store.list("ledger/calls"))
    ledger.fold()
    read.clear()
    assert lines_of(store) == before
    numbers = [path[-13:-5] for path in read if path.startswith(("ledger/calls", "ledger/ends"))]
    assert min(numbers) == "00000009", "8 are folded"
    assert sorted(store.list("ledger/calls")) == lines, "no line is removed"


@pytest.mark.usefixtures("folds")
def test_where_nothing_is_to_be_folded_no_line_is_read(ledger, read):
    fill(ledger, 7)
    ledger.fold()
    read.clear()
    ledger.fold()
    assert [path for path in read if path.startswith("ledger/calls")] == [
        "ledger/calls/00000008.json"
    ]


@pytest.mark.usefixtures("folds")
def test_a_call_under_way_is_folded_only_when_many_others_came_after_it(ledger, store):
    fill(ledger, 7, open_calls=[2])
    ledger.fold()
    assert not list(store.list("ledger/folded"))
    for number in range(8, 13):
        ledger.append(number, started(number))
        ledger.end(number, finished(usd=number / 100))
    ledger.fold()
    assert len(list(store.list("ledger/folded"))) == 3
    assert lines_of(store)[1] == (2, started(2).key, None)
    ledger.end(2, finished(usd=0.5))
    assert lines_of(store)[1] == (2, started(2).key, 0.5), "its end may come later"


@pytest.mark.usefixtures("folds")
@pytest.mark.parametrize("way", [*CONTENT, MISSING])
@pytest.mark.parametrize("which", [0, 1])
def test_of_folds_that_are_damaged_the_lines_are_read(ledger, store, which, way):
    fill(ledger, 10)
    before = lines_of(store)
    ledger.fold()
    damage(store, sorted(store.list("ledger/folded"))[which], way)
    assert lines_of(store) == before


@pytest.mark.usefixtures("folds")
@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_worker_that_is_killed_while_it_folds_loses_nothing(ledger, store, monkeypatch, written):
    fill(ledger, 13)
    before, create, left = lines_of(store), Store.create, [written]

    def create_some(self, path, data):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return create(self, path, data)

    with monkeypatch.context() as killed:
        killed.setattr(Store, "create", create_some)
        with pytest.raises(KeyboardInterrupt):
            ledger.fold()
    assert lines_of(store) == before
    assert ledger.append(14, started(14))
    Ledger(store).fold()
    assert len(list(store.list("ledger/folded"))) == 3
    assert lines_of(store) == [*before, (14, started(14).key, None)]


@pytest.mark.usefixtures("folds")
def test_two_who_fold_at_once_write_one_sequence(ledger, store):
    fill(ledger, 12)
    before = lines_of(store)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Ledger(store).fold(), range(4)))
    assert len(list(store.list("ledger/folded"))) == 3
    assert lines_of(store) == before


@pytest.mark.usefixtures("folds")
def test_a_damaged_line_is_not_folded(ledger, store):
    fill(ledger, 10)
    damage(store, "ledger/ends/00000006.json", "cut to half")
    with pytest.raises(LedgerDamagedError, match=r"ends/00000006\.json"):
        Ledger(store).fold()
    assert not list(store.list("ledger/folded"))


@pytest.mark.usefixtures("snapshots")
def test_who_is_far_behind_goes_on_from_the_sums_of_another(ledger, store, read):
    other = Ledger(store)
    other.totals()
    fill(ledger, 9)
    read.clear()
    assert other.totals().to_json() == Ledger(store).totals().to_json()
    calls = [path for path in read if path.startswith("ledger/calls")]
    assert len(calls) <= 9, "2 to notice, the 9th after the sums of 8, what is not there; twice"
