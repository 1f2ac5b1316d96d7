import multiprocessing
import os
import pickle
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest
from outages import losing_the_first_answer, refusing_once

from kizu.store import Store

ObjectStore = fsspec.get_filesystem_class("objects")


def test_what_is_written_is_read(store):
    store.write("edits/ab/x.bin", b"\x00\x01")
    assert store.exists("edits/ab/x.bin")
    assert store.read("edits/ab/x.bin") == b"\x00\x01"


def test_missing_files_raise_the_usual_error(store):
    assert not store.exists("nothing")
    with pytest.raises(FileNotFoundError):
        store.read("nothing")


def test_json_is_canonical_and_keeps_japanese_readable(store):
    store.write_json("a.json", {"b": 1, "a": "傷"})
    head, rest = store.read("a.json").decode().split(",", 1)
    assert head.startswith('{"checksum":"')
    assert rest == '"a":"傷","b":1}'


def test_equal_objects_lie_under_one_path(store):
    first = store.put_json("builds/x", {"a": 1, "b": 2})
    assert store.put_json("builds/x", {"b": 2, "a": 1}) == first
    assert store.put_json("builds/x", {"a": 2}) != first


def test_listing_shows_files_sorted_and_none_that_are_still_being_written(store, tmp_path):
    store.write("d/b", b"1")
    store.write("d/a/c", b"2")
    (tmp_path / "store" / "d" / ".aside-0").write_bytes(b"half")
    assert list(store.list("d")) == ["d/a/c", "d/b"]
    assert list(store.list("nowhere")) == []


def test_it_works_on_any_fsspec_url():
    store = Store("memory://bucket/kizu")
    store.write_json("a/b.json", {"x": 1})
    assert store.read_json("a/b.json") == {"x": 1}
    assert store.address("a/b.json") == "memory:///bucket/kizu/a/b.json"
    fsspec.filesystem("memory").rm("/bucket", recursive=True)


def test_it_travels_to_other_processes(store):
    store.write("x", b"1")
    assert pickle.loads(pickle.dumps(store)).read("x") == b"1"  # noqa: S301 - our own bytes


def test_an_unknown_kind_of_store_is_named():
    with pytest.raises(ValueError, match="cannot open the store 'nosuch://x'"):
        Store("nosuch://x")


def write_forever(url: str) -> None:
    store = Store(url)
    for turn in range(10**9):
        store.write("contested", bytes([turn % 256]) * 300_000)


def test_a_writer_that_is_killed_leaves_a_whole_file(tmp_path: Path):
    context = multiprocessing.get_context("fork")
    store = Store(str(tmp_path))
    store.write("contested", b"\x00" * 300_000)
    writers = [context.Process(target=write_forever, args=(str(tmp_path),)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for _ in range(40):
        data = store.read("contested")
        assert len(data) == 300_000
        assert len(set(data)) == 1
        time.sleep(0.005)
    for writer in writers:
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
    assert len(set(store.read("contested"))) == 1


@pytest.mark.parametrize("kind", ["local", "object store"])
def test_of_many_who_create_a_file_exactly_one_succeeds(tmp_path, kind):
    place = str(tmp_path) if kind == "local" else f"objects://{tmp_path.name}"
    stores = [Store(place) for _ in range(4)]
    assert [store.create("a/b", bytes([n])) for n, store in enumerate(stores)] == [True] + [
        False
    ] * 3
    assert stores[3].read("a/b") == b"\x00"
    assert list(stores[0].list("a")) == ["a/b"]


def test_threads_that_create_the_same_file_do_not_tear_it(tmp_path):
    store = Store(str(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: store.create("f", bytes([n]) * 1000), range(32)))
    assert won.count(True) == 1
    assert store.read("f") == bytes([won.index(True)]) * 1000


def test_removing_what_is_gone_is_no_error(tmp_path):
    store = Store(str(tmp_path))
    store.write("a", b"1")
    store.remove("a")
    store.remove("a")
    assert not store.exists("a")


def test_prune_removes_what_is_old_and_nothing_else(store):
    store.write("results/one", b"1")
    store.write("edits/one", b"1")
    now = datetime.now(UTC)
    assert store.prune("results", now - timedelta(days=1)) == 0
    assert store.prune("results", now + timedelta(days=1)) == 1
    assert list(store.list("")) == ["edits/one"]


@pytest.fixture
def objects(tmp_path):
    return Store(f"objects://{tmp_path.name}")


def test_who_creates_an_object_and_never_hears_so_is_still_told_that_it_is_his(
    objects, monkeypatch
):
    lost = ConnectionResetError("reset")
    monkeypatch.setattr(
        ObjectStore, "pipe_file", losing_the_first_answer(ObjectStore.pipe_file, lost)
    )
    assert objects.create("ledger/1", b"mine")
    assert not objects.create("ledger/1", b"another's")
    assert objects.read("ledger/1") == b"mine"


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("find", lambda store: list(store.list("results"))),
        ("ls", lambda store: list(store.list_folders(""))),
        ("modified", lambda store: store.prune("results", datetime.now(UTC) + timedelta(days=1))),
        ("rm_file", lambda store: store.prune("results", datetime.now(UTC) + timedelta(days=1))),
        ("rm_file", lambda store: store.remove("results/one")),
        ("pipe_file", lambda store: store.create("results/two", b"2")),
    ],
)
def test_every_call_waits_out_a_short_outage(objects, monkeypatch, method, call):
    twin = Store(f"{objects.url}-twin")
    for store in (objects, twin):
        store.write("results/one", b"1")
    refused = ConnectionRefusedError("refused")
    monkeypatch.setattr(ObjectStore, method, refusing_once(getattr(ObjectStore, method), refused))
    assert call(objects) == call(twin)
    assert list(objects.list("")) == list(twin.list(""))


@pytest.mark.parametrize("kind", ["local", "object store"])
def test_folders_are_listed_one_level_deep(store, objects, kind):
    store = store if kind == "local" else objects
    for path in ("datasets/皿/v1/a.png", "datasets/mugs/v1/a.png", "datasets/readme", "x/y/z"):
        store.write(path, b"1")
    assert list(store.list_folders("datasets")) == ["datasets/mugs", "datasets/皿"]
    assert list(store.list_folders("datasets/readme")) == []
    assert list(store.list_folders("nowhere")) == []


@pytest.mark.parametrize("kind", ["local", "object store"])
def test_files_of_scratch_become_files_of_the_store_or_are_gone(store, objects, kind):
    store = store if kind == "local" else objects
    store.write("tables/large", b"older")
    with store.scratch() as new_file:
        kept, dropped = new_file(), new_file()
        kept.write_bytes(b"large")
        dropped.write_bytes(b"work")
        store.write_file("tables/large", kept)
        assert list(store.list("")) == ["tables/large"]
    assert store.read("tables/large") == b"large"
    assert not dropped.exists()
    with store.open_file("tables/large") as opened:
        opened.seek(1)
        assert opened.read() == b"arge"


@pytest.mark.parametrize("kind", ["local", "object store"])
def test_a_file_that_is_not_there_cannot_be_opened(store, objects, kind):
    with pytest.raises(FileNotFoundError):
        (store if kind == "local" else objects).open_file("tables/none")
