import os
import uuid

import pytest

from kizu.store import Marks, Store
from kizu.store.rooms import GONE

PATH = "stages/diff/ab/abcd/record.json"


@pytest.fixture(params=["disk", "objects"])
def any_store(request, tmp_path):
    url = tmp_path / "store" if request.param == "disk" else f"objects://{uuid.uuid4().hex}/store"
    return Store(str(url))


def test_a_file_that_is_the_same_has_the_same_mark(any_store):
    any_store.write(PATH, b"1")
    assert Marks(any_store).of(PATH) == Marks(any_store).of(PATH) != GONE


def test_a_file_that_is_written_anew_has_another_mark(any_store):
    any_store.write(PATH, b"1")
    before = Marks(any_store).of(PATH)
    any_store.write(PATH, b"2")
    assert Marks(any_store).of(PATH) not in (before, GONE)


def test_what_is_not_there_has_no_mark(any_store):
    marks = Marks(any_store)
    assert (marks.of(PATH), marks.below("decisions/ab/abcd")) == (GONE, {})


def test_a_folder_has_the_marks_of_its_own_files(any_store):
    for path in ("decisions/ab/abcd/00000001.json", "decisions/ab/abcde/00000001.json"):
        any_store.write(path, b"1")
    [path] = Marks(any_store).below("decisions/ab/abcd")
    assert path == "decisions/ab/abcd/00000001.json"


def test_of_an_object_store_a_room_is_listed_once_and_no_file_is_asked_for(monkeypatch):
    store = Store(f"objects://{uuid.uuid4().hex}/store")
    paths = [f"stages/diff/{n:02x}/{n:02x}cd/record.json" for n in range(40)]
    for path in paths:
        store.write(path, b"1")
    listed, entries = [], Store.entries
    monkeypatch.setattr(
        Store, "entries", lambda self, room: listed.append(room) or entries(self, room)
    )
    monkeypatch.setattr(Store, "read", lambda *_: pytest.fail("a file is read"))
    marks = Marks(store)
    assert all(marks.of(path) for path in paths)
    assert listed == ["stages/diff"]


def test_a_file_of_another_time_is_another_one(tmp_path):
    store = Store(str(tmp_path))
    store.write(PATH, b"1")
    before = Marks(store).of(PATH)
    os.utime(tmp_path / PATH, ns=(1, 1))
    assert Marks(store).of(PATH) != before
