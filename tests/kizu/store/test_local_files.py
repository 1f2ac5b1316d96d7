import errno
import multiprocessing
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from outages import losing_the_first_answer, refusing_once

from kizu.store import Store

FORK = multiprocessing.get_context("fork")


@pytest.fixture(params=[errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL])
def no_hard_links(request, monkeypatch):
    """A disk without hard links, as the kernel answers there."""

    def refuse(source, target):
        Path(source).stat()
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "File exists", target)
        raise OSError(request.param, os.strerror(request.param), source)

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("no_hard_links")
def test_without_hard_links_one_of_many_threads_creates_the_file(store, monkeypatch):
    rename = Path.rename

    def rename_slowly(aside, target):
        time.sleep(0.05)
        return rename(aside, target)

    monkeypatch.setattr(Path, "rename", rename_slowly)
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: store.create("a/f", bytes([n]) * 1000), range(32)))
    assert won.count(True) == 1
    assert store.read("a/f") == bytes([won.index(True)]) * 1000
    assert list(store.list("")) == ["a/f"]


def create_all(url: str, number: int, names: int, won: Path) -> None:
    store = Store(url)
    mine = [n for n in range(names) if store.create(f"ledger/{n}", bytes([number]) * 100_000)]
    won.joinpath(str(number)).write_text(" ".join(map(str, mine)))


@pytest.mark.usefixtures("no_hard_links")
def test_without_hard_links_one_of_many_processes_creates_each_file(store, tmp_path):
    won = tmp_path / "won"
    won.mkdir()
    writers = [FORK.Process(target=create_all, args=(store.url, n, 20, won)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    winners = {name: int(f.name) for f in won.iterdir() for name in f.read_text().split()}
    assert sum(len(file.read_text().split()) for file in won.iterdir()) == 20
    for name, number in winners.items():
        assert store.read(f"ledger/{name}") == bytes([number]) * 100_000


def create_and_hang(url: str, status: Path) -> None:
    def hang(_aside: Path, _target: Path) -> None:
        status.touch()
        time.sleep(600)

    Path.rename = hang
    Store(url).create("ledger/1", b"half of it")


@pytest.mark.usefixtures("no_hard_links")
def test_without_hard_links_a_killed_creator_leaves_neither_file_nor_lock(store, tmp_path):
    status = tmp_path / "reached"
    creator = FORK.Process(target=create_and_hang, args=(store.url, status))
    creator.start()
    while not status.exists():
        time.sleep(0.01)
    assert not store.exists("ledger/1")
    os.kill(creator.pid, signal.SIGKILL)
    creator.join()
    assert list(store.list("ledger")) == []
    assert store.create("ledger/1", b"whole")
    assert store.read("ledger/1") == b"whole"


@pytest.mark.usefixtures("no_hard_links")
def test_a_disk_with_neither_hard_links_nor_locks_is_named(store, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("kizu.store.local_files.fcntl.flock", refuse)
    with pytest.raises(OSError, match=r"ledger has neither hard links nor locks; put the store"):
        store.create("ledger/1", b"")


def stale():
    return OSError(errno.ESTALE, os.strerror(errno.ESTALE))


def test_who_creates_a_file_and_never_hears_so_is_still_told_that_it_is_his(store, monkeypatch):
    monkeypatch.setattr(os, "link", losing_the_first_answer(os.link, stale()))
    assert store.create("ledger/1", b"same")
    assert not store.create("ledger/1", b"same")


@pytest.mark.usefixtures("no_hard_links")
def test_so_is_he_without_hard_links(store, monkeypatch):
    monkeypatch.setattr(Path, "rename", losing_the_first_answer(Path.rename, stale()))
    assert store.create("ledger/1", b"same")
    assert not store.create("ledger/1", b"same")


def test_a_create_that_fails_for_another_reason_is_an_error(store, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OSError, match="no space left"):
        store.create("a", b"1")
    assert list(store.list("")) == []


def test_a_disk_that_cannot_be_listed_is_no_empty_folder(store, monkeypatch):
    store.write("replies/one", b"1")
    monkeypatch.setattr(os, "scandir", refusing_once(os.scandir, stale()))
    assert list(store.list("replies")) == ["replies/one"]


def killed_while_writing(store, folder, days):
    """Leave what a writer leaves that was killed so many days ago."""
    file = Path(store.address(folder), ".aside-0123")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"half")
    written = time.time() - days * 86_400
    os.utime(file, (written, written))
    return file


@pytest.mark.parametrize(("days", "everywhere", "is_gone"), [(2, False, True), (0.5, True, False)])
def test_what_killed_writers_left_is_removed_after_a_day(store, days, everywhere, is_gone):
    store.write("a/f", b"whole")
    file = killed_while_writing(store, ".aside", days)
    assert store.remove_stale_writes(everywhere=everywhere) == int(is_gone)
    assert file.exists() is not is_gone
    assert list(store.list("")) == ["a/f"]


def test_what_older_versions_left_beside_files_takes_a_look_at_all(store):
    file = killed_while_writing(store, "a", days=2)
    assert store.remove_stale_writes() == 0
    assert store.remove_stale_writes(everywhere=True) == 1
    assert not file.exists()


def killed_writer(url, status):
    def hang(_aside, _target):
        status.touch()
        time.sleep(600)

    Path.replace = hang
    Store(url).write("a/f", b"whole")


def test_a_killed_writer_leaves_its_file_where_it_is_found_at_once(store, tmp_path):
    status = tmp_path / "reached"
    writer = FORK.Process(target=killed_writer, args=(store.url, status))
    writer.start()
    while not status.exists():
        time.sleep(0.01)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    [left] = Path(store.address(".aside")).iterdir()
    os.utime(left, (0, 0))
    assert store.remove_stale_writes() == 1


def from_scratch(store, path, data):
    with store.scratch() as new_file:
        file = new_file()
        file.write_bytes(data)
        store.write_file(path, file)


WAYS = {"write": Store.write, "create": Store.create, "write_file": from_scratch}


@pytest.mark.parametrize("write", WAYS)
def test_a_part_of_the_store_may_be_another_file_system(store, monkeypatch, write):
    def across(call):
        def refuse(source, target):
            if Path(source).parent != Path(target).parent:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source)
            return call(source, target)

        return refuse

    monkeypatch.setattr(Path, "replace", across(Path.replace))
    monkeypatch.setattr(os, "link", across(os.link))
    WAYS[write](store, "datasets/f", b"whole")
    assert store.read("datasets/f") == b"whole"
    assert list(Path(store.address("datasets")).iterdir()) == [Path(store.address("datasets/f"))]
    assert list(Path(store.address(".aside")).iterdir()) == []


def test_a_second_name_takes_no_room_and_replaces_what_was_there(store):
    store.write("normals/a", b"a photo")
    store.write("datasets/f", b"another one")
    assert store.link("normals/a", "datasets/f")
    assert store.link("normals/a", "datasets/f"), "a second time does no harm"
    first, second = (Path(store.address(path)) for path in ("normals/a", "datasets/f"))
    assert first.samefile(second)
    assert list(Path(store.address(".aside")).iterdir()) == []


def test_what_is_written_under_one_name_leaves_the_other_as_it_was(store):
    store.write("normals/a", b"a photo")
    store.link("normals/a", "datasets/f")
    store.write("datasets/f", b"another one")
    assert store.read("normals/a") == b"a photo"


@pytest.mark.usefixtures("no_hard_links")
def test_a_disk_without_hard_links_gives_no_second_name(store):
    store.write("normals/a", b"a photo")
    assert not store.link("normals/a", "datasets/f")
    assert not store.exists("datasets/f")


def test_no_second_name_reaches_across_file_systems(store, monkeypatch):
    def refuse(source, target):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source, target)

    store.write("normals/a", b"a photo")
    monkeypatch.setattr(os, "link", refuse)
    assert not store.link("normals/a", "datasets/f")


def test_what_is_not_there_gets_no_second_name(store):
    with pytest.raises(FileNotFoundError):
        store.link("normals/a", "datasets/f")


def test_a_file_whose_move_is_answered_late_is_there(store, monkeypatch):
    lost = OSError(errno.EIO, "lost")
    monkeypatch.setattr(Path, "replace", losing_the_first_answer(Path.replace, lost))
    from_scratch(store, "datasets/f", b"whole")
    assert store.read("datasets/f") == b"whole"


def test_files_are_listed_with_their_sizes_and_links_to_folders_are_not_followed(store):
    store.write("stages/diff/ab/abcd/mask.png", b"12345")
    store.write("stages/diff/ab/empty.json", b"")
    Path(store.address("stages/diff/round")).symlink_to(store.address("stages"))
    found = store.sizes("stages")
    assert {path: found[path] for path in found if "round" not in path} == {
        "stages/diff/ab/abcd/mask.png": 5,
        "stages/diff/ab/empty.json": 0,
    }
    assert not any(path.startswith("stages/diff/round/") for path in found)


def test_of_no_folder_or_a_file_nothing_is_listed(store):
    store.write("stages/diff/ab/mask.png", b"12345")
    for place in ("nowhere", "stages/diff/ab/mask.png"):
        assert store.sizes(place) == {}
        assert list(store.list(place)) == []
