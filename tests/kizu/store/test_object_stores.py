"""The store on Azure Blob and S3: the same as on a disk."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Timer

import pytest

from kizu.store import StageFolder, Store, remembering
from kizu.store.retry import StoreUnreachableError
from kizu.store.rooms import GONE

# the clients of object stores leave sessions for the interpreter to close
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.mark.parametrize("service", ["azure_store", "s3_store"])
def test_an_object_store_keeps_what_is_written(service, request):
    store = Store(request.getfixturevalue(service))
    assert not store.exists("a/b.json")
    with pytest.raises(FileNotFoundError):
        store.read("a/b.json")
    store.write_json("a/b.json", {"x": 1})
    store.write_json("a/b.json", {"x": 2})
    assert store.exists("a/b.json")
    assert not store.exists("a")
    assert store.read_json("a/b.json") == {"x": 2}
    assert list(store.list("a")) == ["a/b.json"]
    assert list(store.list("nothing")) == []
    assert store.address("a/b.json") == f"{store.url}/a/b.json"


@pytest.mark.parametrize("service", ["azure_store", "s3_store"])
def test_a_file_written_by_another_machine_is_seen_at_once(service, request):
    here, there = (Store(request.getfixturevalue(service)) for _ in range(2))
    folder = StageFolder(here, "diff", "ab12")
    assert not folder.done()
    StageFolder(there, "diff", "ab12").finish({"status": "changed"})
    assert folder.done()


@pytest.mark.parametrize("service", ["azure_store", "s3_store"])
def test_what_a_run_writes_has_the_mark_that_a_listing_shows(service, request, tmp_path):
    store = Store(request.getfixturevalue(service))
    paths = [f"stages/diff/ab/{name}/record.json" for name in ("written", "created", "moved")]
    with remembering():
        store.room("stages/diff")
        store.write(paths[0], b"1")
        store.create(paths[1], b"22")
        (tmp_path / "aside").write_bytes(b"333")
        store.write_file(paths[2], tmp_path / "aside")
        known = dict(store.room("stages/diff").files)
    assert known == store.room("stages/diff").files
    assert [known[path].size for path in paths] == [1, 2, 3]
    assert [store.find_mark(path) for path in paths] == [known[path].mark for path in paths]
    assert store.find_mark("stages/diff/ab/none/record.json") == GONE


@pytest.mark.parametrize("service", ["azure_store", "s3_store"])
def test_prune_removes_what_is_old_and_nothing_else(service, request):
    store = Store(request.getfixturevalue(service))
    store.write("old/one", b"1")
    store.write("edits/one", b"1")
    now = datetime.now(UTC)
    assert store.prune("old", now - timedelta(days=1)) == 0
    assert store.prune("old", now + timedelta(days=1)) == 1
    assert store.exists("edits/one")


@pytest.mark.parametrize("service", ["azure_store", "s3_store"])
def test_of_many_who_create_an_object_exactly_one_succeeds(service, request):
    store = Store(request.getfixturevalue(service))
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: store.create("ledger/1", bytes([n])), range(16)))
    assert won.count(True) == 1
    assert store.read("ledger/1") == bytes([won.index(True)])
    store.remove("ledger/1")
    store.remove("ledger/1")
    assert not store.exists("ledger/1")


@pytest.mark.parametrize("service", ["azure_store", "s3_store"])
def test_folders_are_listed_one_level_deep(service, request):
    store = Store(request.getfixturevalue(service))
    for path in ("datasets/皿/v1/a.png", "datasets/mugs/v1/a.png", "datasets/readme"):
        store.write(path, b"1")
    assert list(store.list_folders("datasets")) == ["datasets/mugs", "datasets/皿"]
    assert list(store.list_folders("nowhere")) == []


@pytest.mark.slow
def test_a_store_that_comes_back_is_waited_for(azure_store, azurite):
    store = Store(azure_store)
    store.write("before", b"1")
    azurite.stop()
    back = Timer(8, azurite.start)
    back.start()
    try:
        assert store.exists("before")
        store.write("after", b"2")
        assert store.read("after") == b"2"
        assert store.create("created", b"3")
    finally:
        back.join()


@pytest.mark.slow
def test_a_store_that_stays_away_is_an_error_and_never_an_empty_store(
    azure_store,
    azurite,
    monkeypatch,
):
    monkeypatch.setenv("KIZU_STORE_PATIENCE_S", "2")
    store = Store(azure_store)
    store.write("bought", b"1")
    azurite.stop()
    try:
        with pytest.raises(StoreUnreachableError, match=r"could not be reached for 2 s"):
            store.exists("bought")
    finally:
        azurite.start()
