"""What ``kizu serve`` makes of its parts: processes, ports and signals."""

import os
import signal
import socket
import sqlite3
import stat
import sys
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest

from deployments import serve as serving
from deployments.empty_database import keep_empty, state_folder
from deployments.serve import Child, ServeError, serve
from deployments.settings import ServeSettings
from kizu.loopback import free_port

WAIT = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); " + WAIT


@pytest.fixture
def child(tmp_path):
    """Return a function that describes a Python process; it ends with the test."""
    children = []

    def describe(code, env=None):
        log = tmp_path / "child.log"
        children.append(Child("worker", [sys.executable, "-c", code], env or {**os.environ}, log))
        return children[-1]

    yield describe
    for one in children:
        one.stop()


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def up(child):
    return child.log.exists() and "up" in child.log.read_text()


def test_a_process_runs_until_it_is_stopped_with_its_output_in_the_log(child):
    process = child(WAIT)
    assert not process.running()
    process.start()
    until(lambda: up(process))
    assert process.running()
    process.stop()
    assert not process.running()
    assert "KeyboardInterrupt" in process.log.read_text()


def test_what_never_started_or_has_ended_can_be_stopped(child):
    process = child("pass")
    process.stop()
    process.start()
    until(lambda: not process.running())
    process.stop()


def test_a_process_that_does_not_end_when_asked_to_is_killed(child, monkeypatch):
    monkeypatch.setattr(serving, "STOP_TIMEOUT_S", 0.2)
    process = child(STUBBORN)
    process.start()
    until(lambda: up(process))
    process.stop()
    assert not process.running()


def test_a_process_sees_the_environment_it_was_given_alone(child):
    process = child(
        "import os; print(os.environ['KIZU_X'], 'HOME' in os.environ)", {"KIZU_X": "傷"}
    )
    process.start()
    until(lambda: not process.running())
    assert process.log.read_text(encoding="utf-8").split() == ["傷", "False"]


def test_a_log_is_added_to_when_a_process_is_started_again(child):
    process = child("print('up')")
    for _ in range(2):
        process.start()
        until(lambda: not process.running())
    assert process.log.read_text().split() == ["up", "up"]


def test_what_ends_unasked_is_started_again_and_told(child):
    process, stop, said = child("print('up')"), Event(), []

    def say(sentence):
        said.append(sentence)
        stop.set()

    process.start()
    until(lambda: not process.running())
    serving._watch([process], stop, say)
    until(lambda: not process.running())
    assert said == [f"The worker has ended; starting it again. Its log is {process.log}."]
    assert process.log.read_text().split() == ["up", "up"]


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_signals_ask_for_the_end_and_mean_what_they_meant_before_afterwards(name):
    before = signal.getsignal(name)
    with serving._asked_to_stop() as stop:
        assert not stop.is_set()
        signal.raise_signal(name)
        assert stop.is_set()
    assert signal.getsignal(name) is before


def test_a_taken_port_is_told_with_the_way_out_before_anything_starts(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = ServeSettings("store", tmp_path / "home", port=free_port(), files_port=port)
        with pytest.raises(ServeError, match=rf"port {port} .*--port and --files-port"):
            serve(settings, say=pytest.fail)


def test_deployments_that_cannot_be_made_are_told_with_their_last_line_and_log(
    tmp_path, monkeypatch
):
    (tmp_path / "deployments").mkdir()
    (tmp_path / "deployments" / "apply.py").write_text("print('some')\nraise SystemExit('no pool')")
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "apply.log"
    with pytest.raises(ServeError, match=rf"could not be made: no pool; see {log}"):
        serving._apply({}, log)
    assert log.read_text().split("\n")[:2] == ["some", "no pool"]


def test_a_server_that_ends_while_it_is_waited_for_is_told_with_its_log(child, tmp_path):
    process = child("raise SystemExit(3)")
    process.start()
    until(lambda: not process.running())
    settings = ServeSettings("store", tmp_path, port=free_port())
    with pytest.raises(ServeError, match=rf"does not come up; see {process.log}"):
        serving._wait_until_healthy(settings, process, Event())


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_only_a_server_that_says_it_is_well_is_healthy(status, healthy):
    class Health(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        assert serving._healthy(f"http://127.0.0.1:{server.server_port}/") is healthy
        thread.join()
    assert not serving._healthy(f"http://127.0.0.1:{server.server_port}/")


def test_the_welcome_names_the_nightly_build_only_where_there_is_one(tmp_path):
    plain = ServeSettings("store", tmp_path, address="kizu.example", port=1, files_port=2)
    told = serving._welcome(plain)
    assert "http://kizu.example:1/deployments" in told
    assert "http://kizu.example:2/reports/" in told
    assert "Nightly" not in told
    nightly = ServeSettings("store", tmp_path, nightly=tmp_path / "x.yaml", cron="5 4 * * *")
    assert "x.yaml: 5 4 * * * UTC" in serving._welcome(nightly)


def test_the_folder_of_an_older_kizu_becomes_the_users_alone(tmp_path):
    home = tmp_path / "kizu-server"
    home.mkdir(mode=0o755)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = ServeSettings(str(tmp_path / "store"), home, port=taken.getsockname()[1])
        with pytest.raises(ServeError, match="cannot be used"):
            serve(settings, print)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return state_folder()


def keep(state, table: str):
    """Keep a database that holds a table of that name."""
    made = state / "made"
    with closing(sqlite3.connect(made)) as database:
        database.execute(f"CREATE TABLE {table} (key TEXT)")
        database.execute("CREATE TABLE configuration (key TEXT)")
        database.commit()
    keep_empty(made, state)
    made.unlink()


def test_the_first_start_begins_with_the_kept_database_and_later_ones_with_their_own(
    state, tmp_path
):
    keep(state, "flow")
    serving._begin_with_database(tmp_path, {})()
    [kept] = state.iterdir()
    assert (tmp_path / "prefect.db").read_bytes() == kept.read_bytes()
    (tmp_path / "prefect.db").write_bytes(b"its own")
    serving._begin_with_database(tmp_path, {})()
    assert (tmp_path / "prefect.db").read_bytes() == b"its own"


def test_what_the_first_start_makes_is_kept_for_the_next(state, tmp_path):
    keep_if_new = serving._begin_with_database(tmp_path, {})
    with closing(sqlite3.connect(tmp_path / "prefect.db")) as database:
        database.execute("CREATE TABLE configuration (key TEXT)")
    keep_if_new()
    assert len(list(state.iterdir())) == 1


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(
    "variable", ["PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_HOST"]
)
def test_a_database_elsewhere_is_the_users_own(tmp_path, variable):
    serving._begin_with_database(tmp_path, {variable: "elsewhere"})()
    assert not (tmp_path / "prefect.db").exists()
