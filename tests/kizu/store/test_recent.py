import uuid

import pytest

from kizu.store import Store, remembering

PATH = "stages/diff/ab/abcd/record.json"


@pytest.fixture
def two():
    """Two clients of an object store: this run's, and another machine's."""
    url = f"objects://{uuid.uuid4().hex}/store"
    return Store(url), Store(url)


@pytest.fixture
def unread(monkeypatch):
    """Fail as soon as the object store is read."""

    def forbid(store):
        monkeypatch.setattr(store._fs, "cat_file", lambda *_, **__: pytest.fail("it is read"))

    return forbid


def test_what_a_run_has_written_is_not_fetched_again(two, unread):
    store, _ = two
    with remembering():
        store.write(PATH, b"1")
        unread(store)
        assert store.read(PATH) == b"1"


def test_what_a_run_has_read_is_not_fetched_again(two, unread):
    store, _ = two
    store.write(PATH, b"1")
    with remembering():
        assert store.read(PATH) == b"1"
        unread(store)
        assert store.read(PATH) == b"1"


def test_another_run_fetches_anew(two):
    store, other = two
    with remembering():
        store.write(PATH, b"1")
    other.write(PATH, b"2")
    assert store.read(PATH) == b"2"
    with remembering():
        assert store.read(PATH) == b"2"


def test_what_is_removed_is_forgotten(two):
    store, _ = two
    with remembering():
        store.write(PATH, b"1")
        store.remove(PATH)
        with pytest.raises(FileNotFoundError):
            store.read(PATH)


def test_that_a_file_is_not_there_is_asked_each_time(two):
    store, other = two
    with remembering():
        with pytest.raises(FileNotFoundError):
            store.read(PATH)
        other.write(PATH, b"1")
        assert store.read(PATH) == b"1"


@pytest.mark.parametrize("path", ["datasets/mugs/latest.json", "ledger/calls/00000001.json"])
def test_what_may_change_is_fetched_each_time(two, path):
    store, other = two
    with remembering():
        store.write(path, b"1")
        Store.write(other, path, b"1")
        other._fs.pipe_file(other._full(path), b"2")
        assert store.read(path) == b"2"


def test_memory_is_bounded(two, monkeypatch):
    monkeypatch.setattr("kizu.store.recent._MOST_BYTES", 10)
    store, other = two
    with remembering():
        for number in range(3):
            store.write(f"stages/diff/ab/{number}/record.json", b"12345")
        other._fs.pipe_file(other._full("stages/diff/ab/0/record.json"), b"anew")
        assert store.read("stages/diff/ab/0/record.json") == b"anew"
