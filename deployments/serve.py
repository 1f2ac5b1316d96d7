"""``kizu serve``: a Prefect server, its deployments, a worker and the reports, as one command."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import TYPE_CHECKING, Final

from deployments.empty_database import StateFolderError, begin_empty, keep_nothing, state_folder
from deployments.file_server import serving_files
from deployments.kept import STOP_TIMEOUT_S
from deployments.proxies import bypass_proxy
from deployments.settings import POOL, ServeSettings, environment
from kizu.store import Store

if TYPE_CHECKING:
    from deployments.abandoned import Caretaker

START_TIMEOUT_S: Final = 300.0  # a new database and its migrations, on a machine that is busy
_POLL_S: Final = 0.5

_DATABASE_VARIABLES: Final = ("PREFECT_SERVER_DATABASE_", "PREFECT_API_DATABASE_")
"""How Prefect's variables begin that name another database."""

_SIGN_IN: Final = (
    "Sign in there with the whole user:password in the one field, at the reports with its two "
    "parts.\nThe password travels unencrypted: keep to your own network, or put TLS in front.\n"
)

_LET_GO_S: Final = 60.0
"""Some requests to a server of this machine: a second, and over 20 at a load of six per core."""


class ServeError(RuntimeError):
    """Something does not start; the message tells why and the way out."""


class Child:
    """A process that runs until it is stopped, its output in a file."""

    def __init__(self, name: str, command: list[str], env: Mapping[str, str], log: Path) -> None:
        """Describe it; ``start`` starts it."""
        self.name = name
        self.log = log
        self.started_at: datetime | None = None
        self._command = command
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches it from us alone, in order.

        It holds the reading end of a pipe, which tells it when we are gone.
        """
        self._let_go_of_pipe()
        self.started_at = datetime.now(UTC)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                env=dict(self._env),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def running(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end; insist after a while."""
        if self._process is None or self._process.poll() is not None:
            self._let_go_of_pipe()
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._let_go_of_pipe()

    def _let_go_of_pipe(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()


def serve(settings: ServeSettings, say: Callable[[str], None]) -> None:
    """Run everything until SIGINT or SIGTERM arrives.

    Args:
        settings: Where and when.
        say: Called with what a person should read.

    Raises:
        ServeError: A port is taken, or a part does not come up.
    """
    _make_own(settings.home)
    bypass_proxy(settings.host, settings.address)
    for port in (settings.port, settings.files_port):
        _require_free(settings.host, port)
    env = environment(settings)
    keep_if_new = _begin_with_database(settings.home, env)
    server, worker = _server(settings, env), _worker(settings, env)
    store = Store(settings.store)
    names = frozenset({settings.address.lower()})
    files = serving_files(
        store, settings.host, settings.files_port, names=names, sign_in=settings.sign_in
    )
    with _asked_to_stop() as stop, files:
        try:
            say("Starting the Prefect server ...")
            server.start()
            _wait_until_healthy(settings, server, stop)
            if not stop.is_set():
                keep_if_new()
                _apply(env, settings.home / "apply.log")
                worker.start()
                _look_after_runs(_caretaker(settings, worker, env), stop)
                say(_welcome(settings))
            _watch([server, worker], stop, say)
        finally:
            say("Stopping ...")
            worker.stop()
            if worker.started_at and server.running():
                _let_go(_caretaker(settings, worker, env))
            server.stop()


def _make_own(home: Path) -> None:
    """Make the folder of database and logs, and keep this machine's other users out of it.

    Older versions of kizu made it readable for all.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(OSError):  # another user's, or a disk without modes
        home.chmod(0o700)


def _begin_with_database(home: Path, env: Mapping[str, str]) -> Callable[[], None]:
    """Let the server's first start begin with a copy of the kept empty database.

    Returns:
        What keeps the database that it has made, if none was kept.
    """
    database = home / "prefect.db"  # where Prefect has it, unless it is told another
    elsewhere = any(variable.startswith(_DATABASE_VARIABLES) for variable in env)
    if not (elsewhere or database.exists()):
        with suppress(StateFolderError, OSError):
            return begin_empty(state_folder(), database)
    return keep_nothing


def _caretaker(settings: ServeSettings, worker: Child, env: Mapping[str, str]) -> "Caretaker":
    from prefect.client.orchestration import SyncPrefectClient  # noqa: PLC0415 - takes seconds

    from deployments.abandoned import Caretaker, OwnWorker  # noqa: PLC0415 - takes seconds

    def connect() -> SyncPrefectClient:
        sign_in = env.get("PREFECT_API_AUTH_STRING")
        return SyncPrefectClient(settings.api_url, auth_string=sign_in)

    return Caretaker(connect, lambda: OwnWorker(socket.gethostname(), worker.started_at))


def _look_after_runs(caretaker: "Caretaker", stop: Event) -> None:
    Thread(target=caretaker.run, args=[stop], daemon=True).start()


def _let_go(caretaker: "Caretaker") -> None:
    """Let go of the worker's runs; a server that does not answer keeps nobody from ending."""
    letting_go = Thread(target=caretaker.let_go, daemon=True)
    letting_go.start()
    letting_go.join(_LET_GO_S)


def _server(settings: ServeSettings, env: Mapping[str, str]) -> Child:
    return Child("server", _kept("deployments.server"), env, settings.home / "server.log")


def _worker(settings: ServeSettings, env: Mapping[str, str]) -> Child:
    limit = ["--limit", str(settings.runs_at_once), "--type", "process"]
    command = _kept(
        "prefect", "worker", "start", "--pool", POOL, "--name", socket.gethostname(), *limit
    )
    return Child("worker", command, env, settings.home / "worker.log")


def _kept(*words: str) -> list[str]:
    """Return the command of a module that ends when we are gone."""
    return [sys.executable, "-m", "deployments.kept", *words]


def _apply(env: Mapping[str, str], log: Path) -> None:
    """Bring pool, deployments and automations to what the files say, in a process with our env."""
    done = subprocess.run(
        [sys.executable, "-m", "deployments.apply"],
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ServeError(f"the deployments could not be made: {last}; see {log}")


def _wait_until_healthy(settings: ServeSettings, server: Child, stop: Event) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not stop.is_set():
        if _healthy(f"http://{settings.host}:{settings.port}/api/health"):
            return
        if not server.running() or time.monotonic() > deadline:
            raise ServeError(f"the Prefect server does not come up; see {server.log}")
        stop.wait(_POLL_S)


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - http, built by us
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False


def _watch(children: list[Child], stop: Event, say: Callable[[str], None]) -> None:
    """Start again what ends without being asked to, until the end is asked for."""
    while not stop.wait(_POLL_S):
        for child in children:
            if not child.running():
                say(f"The {child.name} has ended; starting it again. Its log is {child.log}.")
                child.start()
                stop.wait(5)


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServeError(
                f"port {port} on {host} cannot be used ({error.strerror}); is 'kizu serve' running "
                "already, or just ending? Choose others with --port and --files-port"
            ) from error


@contextmanager
def _asked_to_stop() -> Iterator[Event]:
    """Yield an event that SIGINT and SIGTERM set, instead of what they do otherwise."""
    stop = Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {name: signal.signal(name, ask) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _welcome(settings: ServeSettings) -> str:
    when = f"Nightly build of {settings.nightly}: {settings.cron} {settings.timezone}\n"
    return (
        f"Open {settings.ui_url}/deployments and start 'build-dataset'.\n"
        f"{when if settings.nightly else ''}"
        f"Store: {settings.store}\n"
        f"Reports: {settings.files_url}/reports/\n"
        f"{_SIGN_IN if settings.sign_in else ''}"
        f"Database and logs: {settings.home.resolve()}\n"
        "Stop with Ctrl-C; everything is kept."
    )
