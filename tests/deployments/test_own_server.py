"""Which Prefect server a build by hand reports to, and the one sentence where there is none."""

import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import prefect
import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from served import PATIENCE_S

from deployments import own_server
from deployments.empty_database import state_folder
from deployments.own_server import ServerTroubleError, prefect_server, require_answer
from kizu.loopback import free_port


@contextmanager
def answering(status: int, body: str):
    """Configure a server that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://user:secret@127.0.0.1:{server.server_port}/api"
        with temporary_settings({PREFECT_API_URL: url}):
            yield
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, "{}", r"wants a sign-in \(401\); set PREFECT_API_AUTH_STRING"),
        (403, "{}", r"wants a sign-in \(403\); set PREFECT_API_AUTH_STRING"),
        (404, "{}", "answers with 404; .*ends in /api"),
        (500, "trouble", "answers with 500; see its log"),
        (503, "", "answers with 503; see its log"),
        (200, "<html>a router</html>", "is none: what answers there is no Prefect"),
        (200, json.dumps("2.20.1"), "is of Prefect 2.20.1, and this is .*unset PREFECT_API_URL"),
    ],
)
def test_a_configured_server_that_cannot_be_used_is_one_sentence(status, body, sentence):
    with answering(status, body), pytest.raises(ServerTroubleError, match=sentence) as told:
        require_answer()
    assert "\n" not in str(told.value)
    assert "secret" not in str(told.value)


def test_a_configured_server_of_our_version_is_used():
    with answering(200, json.dumps(prefect.__version__)), prefect_server() as end:
        url = PREFECT_API_URL.value()
        assert "user:secret" in url
        end()


def test_a_configured_server_that_is_down_is_one_sentence():
    url = f"http://127.0.0.1:{free_port()}/api"
    with (
        temporary_settings({PREFECT_API_URL: url}),
        pytest.raises(ServerTroubleError, match=f"{url} does not answer .ConnectError.; start it"),
        prefect_server(),
    ):
        pytest.fail("there is no server")


def test_a_setting_that_is_no_url_is_one_sentence():
    with (
        temporary_settings({PREFECT_API_URL: "http://host:port/api"}),
        pytest.raises(ServerTroubleError, match=r"PREFECT_API_URL is no URL \(.*port"),
        prefect_server(),
    ):
        pytest.fail("there is no server")


def test_a_configured_server_that_keeps_silent_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(own_server, "ANSWER_TIMEOUT_S", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
        with (
            temporary_settings({PREFECT_API_URL: url}),
            pytest.raises(ServerTroubleError, match=r"does not answer .ReadTimeout."),
        ):
            require_answer()


def test_what_killed_builds_left_is_removed_and_nothing_else(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = socket.gethostname()
    left = tmp_path / f"build-{host}-{ended.pid}-abc"
    kept = [
        tmp_path / f"build-{host}-{os.getpid()}-abc",
        tmp_path / f"build-another-machine-{ended.pid}-abc",
        tmp_path / "something else",
    ]
    for folder in (left, *kept):
        folder.mkdir()
    own_server._remove_left_behind(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(kept)


@pytest.mark.slow
def test_a_spoilt_database_is_made_anew_and_the_users_prefect_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(variable, "")
    state = state_folder()
    spoilt = state / f"prefect-{prefect.__version__}-{'0' * 64}.db"
    spoilt.write_bytes(b"no database" * 1000)
    users = tmp_path / "users prefect"
    users.mkdir()
    with temporary_settings({PREFECT_API_URL: None, PREFECT_HOME: users}):
        with prefect_server(), get_client(sync_client=True) as client:
            assert client.read_flow_runs() == []
        assert list(users.iterdir()) == []
    [kept] = state.glob("prefect-*.db")
    assert kept != spoilt
    assert {file.name for file in state.iterdir()} == {kept.name, "prefect-server.log"}


def test_a_server_that_does_not_start_is_one_sentence_with_its_log(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(own_server.sys, "executable", shutil.which("false"))
    with (
        temporary_settings({PREFECT_API_URL: None}),
        pytest.raises(ServerTroubleError, match=r"does not start \(.+\); see .*server.log") as told,
        prefect_server(),
    ):
        pytest.fail("there is no server")
    assert "\n" not in str(told.value)


TWO_FLOWS = """
from prefect import flow
from deployments.own_server import prefect_server

@flow
def build():
    return "built"

for _ in range(2):
    with prefect_server():
        print(build(), flush=True)
"""


@pytest.mark.slow
def test_a_process_that_builds_twice_ends(tmp_path):
    # an empty variable, as compose files leave, names no server
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "PREFECT_API_URL": ""}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", TWO_FLOWS],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stdout) == (0, "built\nbuilt\n")
