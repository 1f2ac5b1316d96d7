"""What a run knows of an object store: each room is listed once, and what others write is found."""

import uuid
from collections import Counter

import pytest

from kizu.store import Marks, Store, remembering
from kizu.store.rooms import GONE

ROOM = "stages/diff"


def path(number):
    return f"{ROOM}/{number % 256:02x}/{number:04}/record.json"


@pytest.fixture
def here():
    return Store(f"objects://{uuid.uuid4().hex}/store")


@pytest.fixture
def elsewhere(here, monkeypatch):
    """Return a function that writes a file as another process does."""

    def write(place, data=b"theirs"):
        with monkeypatch.context() as patch:
            patch.setattr("kizu.store.store.recent_files", lambda: None)
            here.write(place, data)

    return write


@pytest.fixture
def asked(here, monkeypatch):
    """Count how often a folder is listed and a file asked for by its name."""
    counted, files = Counter(), type(here._fs)
    for name in ("find", "info"):
        call = getattr(files, name)

        def count(self, place, *args, name=name, call=call, **options):
            counted[name] += 1
            return call(self, place, *args, **options)

        monkeypatch.setattr(files, name, count)
    return counted


def test_a_run_lists_a_room_once_and_knows_what_it_writes_and_removes(here, asked):
    here.write(path(1), b"1")
    with remembering():
        assert Marks(here).of(path(1)) != GONE
        here.write(path(2), b"2")
        here.create(path(3), b"3")
        here.remove(path(1))
        asked.clear()
        marks = Marks(here)
        found = [marks.of(path(number)) for number in (1, 2, 3)]
        sizes = here.known_sizes(ROOM)
    assert not asked
    assert sizes == {path(2): 1, path(3): 1}
    assert found == [Marks(here).of(path(number)) for number in (1, 2, 3)]


def test_what_is_written_while_a_room_is_listed_is_not_lost(here, monkeypatch):
    entries = Store.entries

    def listing(store, folder):
        found = entries(store, folder)
        store.write(path(2), b"2")
        store.remove(path(1))
        return found

    here.write(path(1), b"1")
    monkeypatch.setattr(Store, "entries", listing)
    with remembering():
        here.room(ROOM)
        assert here.known_sizes(ROOM) == {path(2): 1}


def test_the_size_of_a_file_that_another_process_wrote_is_asked_for_by_its_name(
    here, elsewhere, asked
):
    with remembering():
        here.room(ROOM)
        elsewhere(path(1))
        assert here.find_sizes(ROOM, [path(1)]) == {path(1): len(b"theirs")}
    assert asked == {"find": 1, "info": 1}


def test_of_more_files_than_a_listing_has_pages_the_room_is_listed_anew(here, elsewhere, asked):
    with remembering():
        here.room(ROOM)
        paths = [path(number) for number in range(5)]
        for each in paths:
            elsewhere(each)
        assert here.find_sizes(ROOM, paths).keys() == set(paths)
        assert here.find_sizes(ROOM, [*paths, path(99)]).keys() == set(paths)
    assert asked == {"find": 2, "info": 1}


def test_marks_are_renewed_only_if_some_of_them_are_older(here, elsewhere):
    with remembering():
        first = Marks(here)
        assert (first.of(path(1)), first.renewed()) == (GONE, None)
        second = Marks(here)
        assert second.of(path(1)) == GONE
        elsewhere(path(1))
        assert second.renewed().of(path(1)) != GONE


def test_a_run_that_begins_while_another_one_goes_on_lists_anew(here, elsewhere):
    with remembering():
        assert Marks(here).of(path(1)) == GONE
        elsewhere(path(1))
        with remembering():
            assert Marks(here).of(path(1)) != GONE


def test_what_people_decide_meanwhile_is_seen(here, elsewhere):
    with remembering():
        assert Marks(here).below("decisions/ab/abcd") == {}
        elsewhere("decisions/ab/abcd/00000001.json")
        assert len(Marks(here).below("decisions/ab/abcd")) == 1


def test_a_listing_that_fails_is_made_again(here, monkeypatch):
    here.write(path(1), b"1")
    with remembering():
        with monkeypatch.context() as patch:
            patch.setattr(Store, "entries", lambda *_: (_ for _ in ()).throw(OSError("away")))
            with pytest.raises(OSError, match="away"):
                here.room(ROOM)
        assert Marks(here).of(path(1)) != GONE


def test_the_mark_of_a_file_whose_store_answers_without_one_is_asked_for(here, monkeypatch, asked):
    pipe = type(here._fs).pipe_file
    monkeypatch.setattr(
        type(here._fs), "pipe_file", lambda *args, **named: pipe(*args, **named) and None
    )
    with remembering():
        here.room(ROOM)
        here.write(path(1), b"1")
        assert Marks(here).of(path(1)) not in (GONE, None)
    assert asked == {"find": 1, "info": 1}
