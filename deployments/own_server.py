"""The Prefect server of a build that was started by hand: the one that is configured, or our own.

Where Prefect's settings name a server (``PREFECT_API_URL``, a profile), it is used. Otherwise one
is started beside the build and ends with it. Its home is a folder of its own below the user's state
folder, so that no other build, no other version and no Prefect of the user's shares its database;
nothing in it is needed afterwards.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from json import JSONDecodeError
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final

import httpx
import prefect
from prefect.client.base import ServerType
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.worker import EventsWorker
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_HOME,
    PREFECT_LOCAL_STORAGE_PATH,
    PREFECT_LOGGING_TO_API_ENABLED,
    PREFECT_SERVER_EPHEMERAL_ENABLED,
    temporary_settings,
)

from deployments.empty_database import begin_empty, state_folder
from deployments.proxies import bypass_proxy
from deployments.run_processes import is_alive
from deployments.sign_in import SERVER_VARIABLE
from kizu.loopback import free_port

START_TIMEOUT_S: Final = 300.0
"""A server that is alive may take so long to start: 81 s were seen at a load of 42 on two cores."""

ANSWER_TIMEOUT_S: Final = 3.0
"""A server that works says within this that it does."""

_POLL_S: Final = 0.1

_PREFIX: Final = "build-"
_MINE: Final = f"{_PREFIX}{socket.gethostname()}-{os.getpid()}-"
"""Homes name machine and process, so that those of killed builds are told from others'."""

_STOP_TIMEOUT_S: Final = 5.0
"""As Prefect waits for its own temporary server."""


class ServerTroubleError(ValueError):
    """No Prefect server can be used; the message tells why and the way out."""


@contextmanager
def prefect_server() -> Iterator[Callable[[], None]]:
    """Let flows of the block report to a Prefect server that answers.

    Yields:
        What ends the server at once, if it is our own.

    Raises:
        ServerTroubleError: There is none, or it stopped answering.
    """
    bypass_proxy()
    with ExitStack() as stack:
        if not PREFECT_API_URL.value():  # an empty variable, as compose files leave, names none
            end = stack.enter_context(_own_server())
        else:
            require_answer()
            end = _leave_alone
        try:
            yield end
        except httpx.HTTPError as error:
            raise ServerTroubleError(
                f"{_server_name()} stopped answering ({type(error).__name__}); what is made is "
                "kept, so run the same command again"
            ) from error


def _leave_alone() -> None:
    """End nothing: the server is others' too."""


def require_answer() -> None:
    """Make sure that the configured server answers, lets us in, and is of our version.

    Raises:
        ServerTroubleError: It does not.
    """
    try:
        where = _server_name()
    except httpx.InvalidURL as error:
        raise ServerTroubleError(
            f"PREFECT_API_URL is no URL ({error}); it looks like http://localhost:4200/api"
        ) from error
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        client = get_client(sync_client=True, httpx_settings={"timeout": ANSWER_TIMEOUT_S})
        try:
            version = _version(client)
        except httpx.HTTPStatusError as error:
            raise ServerTroubleError(_refusal(where, error.response.status_code)) from error
        except httpx.HTTPError as error:
            raise ServerTroubleError(
                f"{where} does not answer ({type(error).__name__}); start it, or unset "
                "PREFECT_API_URL and choose another profile to build without one"
            ) from error
        except JSONDecodeError as error:
            raise ServerTroubleError(
                f"{where} is none: what answers there is no Prefect; PREFECT_API_URL ends in /api"
            ) from error
    ours = prefect.__version__
    if version is not None and version.partition(".")[0] != ours.partition(".")[0]:
        raise ServerTroubleError(
            f"{where} is of Prefect {version}, and this is {ours}: install the same on both sides, "
            "or unset PREFECT_API_URL to build without it"
        )


def _server_name() -> str:
    """Name the server of the settings, without what its URL may hold to sign in."""
    url = httpx.URL(PREFECT_API_URL.value() or "")
    return f"the Prefect server at {url.copy_with(userinfo=b'', query=None)}"


def _version(client: SyncPrefectClient) -> str | None:
    """Return the server's version; None of Prefect Cloud, which suits every client."""
    if client.server_type == ServerType.CLOUD:
        client.hello().raise_for_status()
        return None
    return str(client.api_version())


def _refusal(where: str, status: int) -> str:
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return f"{where} wants a sign-in ({status}); set PREFECT_API_AUTH_STRING to user:password"
    return f"{where} answers with {status}; see its log, or check that PREFECT_API_URL ends in /api"


@contextmanager
def _own_server() -> Iterator[Callable[[], None]]:
    """Start a server that the block's flows report to, and yield what ends it."""
    state = state_folder()
    _remove_left_behind(state)
    with TemporaryDirectory(prefix=_MINE, dir=state, ignore_cleanup_errors=True) as home:
        server, url = _start_on_empty(Path(home), state)
        try:
            with temporary_settings(
                {
                    PREFECT_API_URL: url,
                    PREFECT_HOME: Path(home),
                    PREFECT_LOCAL_STORAGE_PATH: Path(home) / "results",
                    PREFECT_LOGGING_TO_API_ENABLED: False,
                    PREFECT_SERVER_EPHEMERAL_ENABLED: False,
                }
            ):
                yield server.kill
        finally:
            _send_events()
            _stop(server)


def _send_events() -> None:
    """Send what Prefect still has to tell the server; afterwards it begins anew with another one.

    Its sender would go on to look for this server, for the next flow and when the process ends.
    """
    # in a thread of its own, for in one with an event loop, as a notebook's, nothing would be done
    sending = Thread(target=EventsWorker.drain_all, args=[_STOP_TIMEOUT_S], daemon=True)
    sending.start()
    sending.join()


def _remove_left_behind(state: Path) -> None:
    """Remove the homes of this machine's builds that were killed."""
    for home in state.glob(f"{_PREFIX}{socket.gethostname()}-*"):
        pid = home.name.removeprefix(f"{_PREFIX}{socket.gethostname()}-").split("-")[0]
        if not is_alive(pid):
            shutil.rmtree(home, ignore_errors=True)


def _start_on_empty(home: Path, state: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start the server on a copy of the empty database; without one, keep the one it makes."""
    keep_if_new = begin_empty(state, home / "prefect.db")
    started = _start(home, state / "prefect-server.log")
    keep_if_new()
    return started


def _start(home: Path, log: Path) -> tuple[subprocess.Popen[bytes], str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "deployments.kept", "deployments.server"],
            env=_environment(home, url, port),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_up(server, url, log)
    except BaseException:
        _stop(server)
        raise
    return server, url


def _environment(home: Path, url: str, port: int) -> dict[str, str]:
    """Return the environment of our own server, which is none of the user's.

    The variables with a double underscore are those that Prefect gives its own temporary server,
    which then runs no schedules.
    """
    ours = {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT__SERVER_EPHEMERAL": "1",
        "PREFECT__SERVER_FINAL": "1",
    }
    rest = {name: value for name, value in os.environ.items() if name != SERVER_VARIABLE}
    return rest | ours


def _wait_until_up(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _is_up(url):
        if server.poll() is not None or time.monotonic() > deadline:
            lines = log.read_text("utf-8", "replace").strip().splitlines()
            raise ServerTroubleError(
                f"Prefect's server does not start ({lines[-1] if lines else 'no reason given'}); "
                f"see {log}"
            )
        time.sleep(_POLL_S)


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=ANSWER_TIMEOUT_S).is_success
    except httpx.HTTPError:
        return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    if server.stdin is not None:
        server.stdin.close()
