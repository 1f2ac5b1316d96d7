"""A real ``kizu serve`` in a process of its own, started and stopped as a user does."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx

from kizu.loopback import free_port

ROOT = Path(__file__).parents[1]

PATIENCE_S = float(os.environ.get("KIZU_TEST_PATIENCE_S", "600"))
"""How long anything may take: nothing waits for this long unless it is broken."""


class Served:
    """``kizu serve`` in a folder, started and stopped as a user does."""

    def __init__(self, folder: Path, *options: str, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.store = folder / "kizu-store"
        self.port, self.files_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = f"{self.url}/api"
        self.output = folder / "serve.out"
        self.auth: tuple[str, str] | None = None
        self._options = options
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "KIZU_"))},
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            **(env or {}),
        }
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        ports = ["--port", str(self.port), "--files-port", str(self.files_port)]
        with self.output.open("w") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*kizu("serve"), *ports, *self._options],
                cwd=self.folder,
                env=self.env,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.wait_for(lambda: "Stop with Ctrl-C" in self.said() or self._process.poll() is not None)
        assert self._process.poll() is None, self.said()

    @property
    def pid(self) -> int:
        return self._process.pid

    def healthy(self) -> bool:
        try:
            return httpx.get(f"{self.api}/health", timeout=5).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def said(self) -> str:
        return self.output.read_text()

    def stop(self) -> int:
        return self.end(signal.SIGINT)

    def end(self, how: signal.Signals) -> int:
        """End it by a signal, and what it has started with it."""
        started = children_of(self.pid, "deployments.kept")
        self._process.send_signal(how)
        status = self._process.wait(PATIENCE_S)
        self.wait_for(lambda: not any(map(_command, started)))
        return status

    def wait_for(self, done: Callable[[], object]) -> object:
        """Ask again until there is an answer that counts, and return it."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := done()):
            assert time.monotonic() < deadline, f"timed out; {self.said()}\n{self.log('worker')}"
            time.sleep(0.3)
        return found

    def log(self, name: str) -> str:
        file = self.folder / "kizu-server" / f"{name}.log"
        return file.read_text()[-4000:] if file.exists() else ""

    def ask(self, method: str, path: str, body: dict | None = None) -> object:
        """Ask the server's API; while it does not answer, or with trouble of its own, ask again."""
        return self.wait_for(lambda: self._answer(method, path, body))[0]

    def _answer(self, method: str, path: str, body: dict | None) -> tuple[object] | None:
        try:
            url = f"{self.api}/{path}"
            answer = httpx.request(method, url, json=body, auth=self.auth, timeout=60)
        except httpx.TransportError:
            return None
        if answer.is_server_error:
            return None
        answer.raise_for_status()
        return (answer.json() if answer.content else None,)

    def post(self, path: str, body: dict | None = None) -> object:
        return self.ask("POST", path, body or {})

    def deployment(self, name: str) -> dict:
        return self.ask("GET", f"deployments/name/{name}")

    def run(self, parameters: dict, deployment: str = "build-dataset/on-demand") -> str:
        """Start a run, once however often the server is asked, and return its id."""
        found = self.deployment(deployment)["id"]
        body = {"parameters": parameters, "idempotency_key": uuid.uuid4().hex}
        return self.post(f"deployments/{found}/create_flow_run", body)["id"]

    def runs_of(self, deployment: str) -> list[dict]:
        """Return a deployment's runs, latest first."""
        chosen = {"id": {"any_": [self.deployment(deployment)["id"]]}}
        query = {"deployments": chosen, "sort": "EXPECTED_START_TIME_DESC"}
        return self.post("flow_runs/filter", query)

    def state(self, run_id: str) -> dict:
        return self.ask("GET", f"flow_runs/{run_id}")["state"]

    def end_of(self, run_id: str) -> dict:
        """Wait until a run has ended, or waits for a person; return that state."""
        return self.wait_for(lambda: _ended(self.state(run_id)))

    def resume(self, run_id: str, run_input: dict) -> None:
        """Resume a run that waits, as often as it takes.

        What it asks is stored a moment after its state, and answers are refused until then.
        """
        body = {"run_input": run_input}
        self.wait_for(
            lambda: (
                self.post(f"flow_runs/{run_id}/resume", body)["status"] == "ACCEPT"
                or self.state(run_id)["type"] != "PAUSED"
            )
        )

    def logged(self, run_id: str) -> list[str]:
        """The lines of a run's log that the server has; Prefect sends them some seconds later."""
        asked = {"logs": {"flow_run_id": {"any_": [run_id]}}}
        return [line["message"] for line in self.post("logs/filter", asked)]

    def task_states(self, run_id: str) -> list[tuple[str, str]]:
        """Names and states of a run's tasks, from its last attempt and earlier ones."""
        runs = {"id": {"any_": [run_id]}}
        found = self.post("task_runs/filter", {"flow_runs": runs, "limit": 200})
        return [(task["name"], task["state"]["name"]) for task in found]

    def kizu(self, *words: str) -> subprocess.CompletedProcess:
        env = {**self.env, "PREFECT_API_URL": self.api, "KIZU_STORE": str(self.store)}
        return self._run([*kizu(), *words], env)

    def prefect(self, *words: str) -> subprocess.CompletedProcess:
        env = {**self.env, "PREFECT_API_URL": self.api}
        return self._run([sys.executable, "-m", "prefect", *words], env)

    def _run(self, command: list[str], env: dict[str, str]) -> subprocess.CompletedProcess:
        return subprocess.run(  # noqa: S603 - our own command
            command, cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )


def children_of(pid: int, text: str) -> list[int]:
    """Ids of a process's children whose command line holds a text."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split() if text in _command(int(child))]


def _command(pid: int) -> str:
    """Return a process's command line; empty once it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except OSError:
        return ""


def _ended(state: dict) -> dict | None:
    ends = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED", "PAUSED")
    return state if state["type"] in ends else None


def kizu(*words: str) -> list[str]:
    return [sys.executable, "-c", "from kizu.cli import app; app()", *words]
