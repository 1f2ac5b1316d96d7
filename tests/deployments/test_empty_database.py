"""Where a user's state lies, and the empty database that servers begin with."""

import os
import sqlite3
from contextlib import closing

import pytest

from deployments import empty_database
from deployments.empty_database import StateFolderError, copy_empty, keep_empty, state_folder


def test_the_state_is_the_users_and_elsewhere_where_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert state_folder() == tmp_path / "state" / "kizu"
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(empty_database, "gettempdir", lambda: str(tmp_path / "tmp"))
    assert state_folder().parent == tmp_path / "tmp"
    monkeypatch.setattr(empty_database, "gettempdir", lambda: str(tmp_path / "file"))
    with pytest.raises(StateFolderError, match="set XDG_STATE_HOME to a folder that can be"):
        state_folder()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
def test_a_folder_that_others_can_write_to_holds_no_state(tmp_path, monkeypatch, mode):
    state, elsewhere = tmp_path / "state", tmp_path / "tmp"
    for place in (state / "kizu", elsewhere / f"kizu-{os.getuid()}"):
        place.mkdir(parents=True)
        place.chmod(mode)
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    monkeypatch.setattr(empty_database, "gettempdir", lambda: str(elsewhere))
    with pytest.raises(StateFolderError, match="by this user, and by no other"):
        state_folder()
    (state / "kizu").chmod(0o700)
    assert state_folder() == state / "kizu"


@pytest.fixture
def made(tmp_path):
    """A database as a server leaves it that has just started, still open."""
    file = tmp_path / "made.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE flow (name TEXT)")
        database.execute("CREATE TABLE configuration (key TEXT)")
        database.execute("INSERT INTO configuration VALUES ('ENCRYPTION_KEY')")
        database.commit()
        yield file


def tables(file) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as database:
        count = "SELECT count(*) FROM {}"
        return {
            table: database.execute(count.format(table)).fetchone()[0]
            for table in ("flow", "configuration")
        }


def test_a_server_begins_with_what_another_made_but_not_with_its_keys(made, tmp_path):
    state, copy = tmp_path / "state", tmp_path / "copy.db"
    state.mkdir()
    assert not copy_empty(state, copy)
    keep_empty(made, state)
    assert copy_empty(state, copy)
    assert tables(copy) == {"flow": 0, "configuration": 0}
    assert tables(made) == {"flow": 0, "configuration": 1}
    assert len(list(state.iterdir())) == 1


@pytest.mark.parametrize("spoil", [b"", b"no database", None])
def test_a_kept_database_that_is_not_what_it_was_is_thrown_away(made, tmp_path, spoil):
    state, copy = tmp_path / "state", tmp_path / "copy.db"
    state.mkdir()
    keep_empty(made, state)
    [kept] = state.iterdir()
    kept.write_bytes(kept.read_bytes()[:-1] if spoil is None else spoil)
    assert not copy_empty(state, copy)
    assert not copy.exists()
    assert list(state.iterdir()) == []


def test_a_database_that_cannot_be_kept_is_not_and_nothing_fails(tmp_path):
    keep_empty(tmp_path / "none.db", tmp_path / "nowhere")
    (tmp_path / "none.db").write_bytes(b"no database" * 100)
    keep_empty(tmp_path / "none.db", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["none.db"]
