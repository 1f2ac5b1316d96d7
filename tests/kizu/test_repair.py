"""What is damaged in a store is listed, and what costs nothing is made anew by the next build."""

from itertools import cycle

import pytest
from damage import CONTENT, MISSING, damage
from ledger_entries import finished, started
from reviewed import built, spec_of

from kizu.agree.verdict import Verdict
from kizu.billing.ledger import Ledger
from kizu.billing.totals import CallStatus
from kizu.edit.paid import Reply
from kizu.edit.storage import find_replies, save_reply, sidecar_path
from kizu.outputs import SampleOutputs
from kizu.publish.version import last_build
from kizu.repair import Worth, find_damage, mend
from kizu.review import decision_folder, record_decision
from kizu.store import keyed

REPLY = Reply(body="no edit", latency_s=2.0, request_id="r", limit_per_minute=None, at=1000.0)


@pytest.fixture
def build(store, tmp_path):
    """Build two samples, and again what is missing of them."""
    spec = spec_of(tmp_path / "photos", photos=2, side_px=96, defects=["hole"])

    def again():
        return built(store, spec)

    again()
    return again


def samples(store):
    return [
        SampleOutputs(store, shard, sample)
        for shard, sample, _ in last_build(store, "plates").open_samples(store)
    ]


def everything(store):
    passing = ("inspect/", "builds/publishing/")  # copies, and who publishes since when
    return {path: store.read(path) for path in store.list("") if not path.startswith(passing)}


def mended(store, *, buy=False, dataset=""):
    found = list(find_damage(store, dataset))
    return [(each.worth, mend(store, each, buy=buy)) for each in found]


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize("dataset", ["", "plates"])
def test_an_undamaged_store_has_nothing_to_repair(store, dataset):
    record_decision(samples(store)[0], Verdict.REJECT, "Aiko")
    assert list(find_damage(store, dataset)) == []


def kinds(files):
    """Return one file of every kind that costs nothing."""
    found = {"/".join([*path.split("/")[:2], path.split("/")[-1][-9:]]): path for path in files}
    return list(found.values())


@pytest.mark.usefixtures("build")
def test_every_kind_of_free_file_is_listed(store):
    whole = everything(store)
    for path in kinds(whole):
        damage(store, path, "one flipped byte")
        [found] = find_damage(store)
        assert path in found.sentence
        assert found.worth is Worth.FREE
        store.write(path, whole[path])


def test_what_is_removed_is_made_anew_by_the_next_build(store, build):
    whole = everything(store)
    ways = cycle([*CONTENT, MISSING])
    pictures = [path for path in whole if path.endswith(("mask.png", "picture.png"))]
    pictures += [path for path in whole if path.startswith("truth/")]
    for path in [*pictures, *(path for path in kinds(whole) if path.startswith("builds/"))]:
        way = next(ways)
        damage(store, path, "empty" if way == MISSING and path.endswith(".json") else way)
    done = mended(store)
    assert {worth for worth, _ in done} == {Worth.FREE}
    assert all("makes it anew" in told for _, told in done)
    build()
    noted = {path for path in whole if path.startswith("builds/seen/")}  # with times of files
    now = everything(store)
    assert now.keys() == whole.keys()
    assert {path for path in whole if now[path] != whole[path]} <= noted
    assert list(find_damage(store)) == []


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize("name", ["edit.json", "picture.png"])
@pytest.mark.parametrize("way", ["one flipped byte", MISSING])
def test_a_paid_edit_is_left_until_somebody_says_that_it_may_be_bought(store, name, way):
    key = samples(store)[0].sample.request.key
    Ledger(store).append(1, started().model_copy(update={"key": key}))
    Ledger(store).end(1, finished())
    path = f"{keyed('edits', key)}/{name}"
    damage(store, path, way)
    before = everything(store)
    [(worth, told)] = mended(store, dataset="plates")
    assert (worth, "--buy has the next build buy it again" in told) == (Worth.PAID, True)
    assert everything(store) == before
    mended(store, buy=True)
    assert not list(store.list(keyed("edits", key)))
    kept = {file.removeprefix("inspect/") for file in store.list("inspect")}
    assert kept == {file for file in before if file.startswith(keyed("edits", key))}


@pytest.mark.parametrize("is_damaged", [False, True])
def test_an_answer_that_is_no_edit_is_moved_so_that_the_edit_is_bought_again(store, is_damaged):
    Ledger(store).append(1, started(1))
    save_reply(store, started(1).key, 1, REPLY)
    assert list(find_damage(store)) == []  # it has not been looked at yet
    Ledger(store).end(1, finished(CallStatus.FAILED))
    if is_damaged:
        damage(store, next(iter(store.list("edits"))), "cut to half")
    assert [worth for worth, _ in mended(store)] == [Worth.PAID]
    assert list(store.list("edits"))
    mended(store, buy=True)
    assert not list(store.list("edits"))
    assert len(list(store.list("inspect"))) == 1


@pytest.mark.parametrize("way", ["one flipped byte", MISSING])
def test_a_lost_call_is_entered_at_the_most_that_a_call_costs(store, way):
    ledger = Ledger(store)
    for number, usd in ((1, 0.05), (2, 0.02), (3, 0.01)):
        ledger.append(number, started(number, usd=usd))
    damage(store, "ledger/calls/00000002.json", way)
    [(worth, told)] = mended(store)
    assert (worth, "nothing is bought" in told) == (Worth.LEDGER, True)
    mended(store, buy=True)
    assert list(find_damage(store)) == []
    totals = Ledger(store).totals()
    assert totals.last == 3
    assert totals.real.day("1970-01-01").cost_usd == pytest.approx(0.05 + 0.05 + 0.01)


def test_a_lost_end_leaves_its_call_at_the_most_it_can_have_cost(store):
    ledger = Ledger(store)
    ledger.append(1, started(1, usd=0.05))
    ledger.end(1, finished(usd=0.01))
    damage(store, "ledger/ends/00000001.json", "empty")
    mended(store, buy=True)
    assert Ledger(store).totals().real.dataset("plates").cost_usd == pytest.approx(0.05)


@pytest.mark.usefixtures("build")
def test_what_a_person_said_is_named_and_left(store):
    record_decision(samples(store)[0], Verdict.REJECT, "Aiko")
    [path] = store.list("decisions")
    damage(store, path, "cut to half")
    for buy in (False, True):
        [(worth, told)] = mended(store, buy=buy, dataset="plates")
        assert (worth, "left as it is" in told) == (Worth.PERSON, True)
    assert store.exists(path)


@pytest.mark.usefixtures("build")
def test_a_decision_that_is_lost_before_others_is_named(store):
    for verdict in (Verdict.ACCEPT, Verdict.REJECT):
        record_decision(samples(store)[0], verdict, "Aiko")
    [first, _] = store.list("decisions")
    damage(store, first, MISSING)
    [found] = find_damage(store)
    assert (found.worth, first in found.sentence) == (Worth.PERSON, True)


STRAY = [".DS_Store", "Thumbs.db", "00000001 (conflicted copy).json", "00000001.json~", "notes.txt"]


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize("stray", STRAY)
def test_what_others_put_beside_numbered_files_is_passed_over(store, stray):
    ledger = Ledger(store)
    ledger.append(1, started())
    ledger.end(1, finished())
    sample = samples(store)[0]
    record_decision(sample, Verdict.REJECT, "Aiko")
    places = ["ledger/calls", "ledger/ends", decision_folder(sample), "reviews/plates/draws"]
    for place in [*places, f"{keyed('edits', sample.sample.request.key)}/replies"]:
        store.write(f"{place}/{stray}", b"not ours")
    assert list(find_damage(store)) == []
    assert list(find_replies(store, sample.sample.request.key)) == []


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize("damaged", ["edit.json", "picture.png"])
def test_of_a_damaged_edit_nothing_is_thrown_away(store, damaged):
    folder = keyed("edits", samples(store)[0].sample.request.key)
    damage(store, f"{folder}/{damaged}", "one flipped byte")
    before = {path: store.read(path) for path in store.list(folder)}
    assert [worth for worth, _ in mended(store)] == [Worth.FREE]
    assert list(store.list(folder)) == []
    assert {path: store.read(f"inspect/{path}") for path in before} == before


@pytest.mark.usefixtures("build")
def test_an_edit_whose_record_says_that_it_was_bought_is_paid_for_without_its_ledger(store):
    key = samples(store)[0].sample.request.key
    record = store.read_json(sidecar_path(key))
    store.write_json(sidecar_path(key), {**record, "bought_at": "2026-01-01T00:00:00Z"})
    damage(store, f"{keyed('edits', key)}/picture.png", "one flipped byte")
    assert [found.worth for found in find_damage(store)] == [Worth.PAID]
