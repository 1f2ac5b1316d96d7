"""Two Prefect API processes over one PostgreSQL and one Redis, as docs/scale.md advises.

Debian's packages ``postgresql`` and ``redis-server`` are started in a temporary folder, and the
background services in a process of their own. One flow of trivial tasks goes through the first API
process; what is recorded is asked of the second::

    python -m benchmarks.postgres --task-runs 5000

It prints the flow's time, how long the last record took to appear, and CPU seconds and memory of
every process.
"""

import argparse
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from deployments.settings import ServeSettings, environment
from kizu.loopback import free_port

_START_S: Final = 240.0  # imports and migrations of Prefect on a busy machine
_QUIET_S: Final = 60.0
"""When nothing was recorded for so long, nothing more comes; the services may still be starting."""


@dataclass(frozen=True)
class Cluster:
    """What runs.

    Attributes:
        apis: Where the API processes are, without path.
        env: The environment of all of them, and of workers, which go to the first.
        processes: Process ids by name.
    """

    apis: tuple[str, str]
    env: Mapping[str, str]
    processes: Mapping[str, int]


def missing() -> str:
    """Return what is not installed; empty if all is."""
    found = {
        "postgresql": _postgres_program("initdb"),
        "redis-server": shutil.which("redis-server"),
    }
    return ", ".join(name for name, file in found.items() if not file)


def shared(redis_url: str) -> dict[str, str]:
    """Return the settings that several API processes have in common: docs/scale.md has them, too.

    Args:
        redis_url: Where Redis is.
    """
    return {
        "PREFECT_REDIS_MESSAGING_URL": redis_url,
        "PREFECT_SERVER_DOCKET_URL": redis_url,
        "PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL": redis_url,
        "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
        "PREFECT_MESSAGING_CACHE": "prefect_redis.messaging",
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
        "PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE": "prefect_redis.cleanup_queue",
    }


@contextmanager
def running(folder: Path, extra: Mapping[str, str], *, durable: bool) -> Iterator[Cluster]:
    """Run everything while the block runs.

    Args:
        folder: Gets homes, logs and the store.
        extra: Further environment, which goes before what is decided here.
        durable: Let PostgreSQL wait for the disk, as it does in service.

    Yields:
        What runs; every part has answered.
    """
    ports = free_port(), free_port()
    settings = ServeSettings(str(folder / "kizu-store"), folder / "kizu-server", port=ports[0])
    settings.home.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        database, database_pid = stack.enter_context(_postgres(durable=durable))
        redis, redis_pid = stack.enter_context(_redis(settings.home))
        env = {
            **environment(settings),
            **shared(redis),
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path]),
            "OMP_NUM_THREADS": "1",
            **extra,
        }
        pids = {"postgres": database_pid, "redis": redis_pid}
        api = ["deployments.server", "--no-services"]
        for name, port in zip(("api 1", "api 2"), ports, strict=True):  # the first one migrates
            own = env | {"PREFECT_SERVER_API_PORT": str(port)}
            log = folder / f"{name}.log"
            pids[name] = stack.enter_context(process(api, own, log))
            _wait_for(f"http://127.0.0.1:{port}/api/health", log)
        services = ["prefect", "server", "services", "start"]
        pids["services"] = stack.enter_context(process(services, env, folder / "services.log"))
        one, other = (f"http://127.0.0.1:{port}" for port in ports)
        yield Cluster((one, other), env, pids)


@contextmanager
def process(module: list[str], env: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run a Python module with arguments while the block runs; yield its process id."""
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", *module], env=dict(env), stdout=output, stderr=output
        )
    try:
        yield child.pid
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
        child.wait()


@contextmanager
def _postgres(*, durable: bool) -> Iterator[tuple[str, int]]:
    """Run PostgreSQL on a free port; yield its URL and process id."""
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None  # it refuses to be root
    user = account.pw_name if account else None
    folder = Path(tempfile.mkdtemp(prefix="kizu-postgres-"))
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    port = free_port()
    make = [_postgres_program("initdb"), "-D", str(folder / "data"), "-U", "prefect", "-A", "trust"]
    start = [_postgres_program("postgres"), "-D", str(folder / "data"), "-p", str(port)]
    start += ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
    start += [] if durable else ["-c", "fsync=off", "-c", "synchronous_commit=off"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    try:
        subprocess.run(make, user=user, check=True, **quiet)  # noqa: S603 - found, not given
        process = subprocess.Popen(start, user=user, **quiet)  # noqa: S603 - found, not given
        try:
            _wait_until_listening(port)
            yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/postgres", process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
    finally:
        shutil.rmtree(folder)


@contextmanager
def _redis(folder: Path) -> Iterator[tuple[str, int]]:
    """Run Redis on a free port; yield its URL and process id."""
    port = free_port()
    command = [shutil.which("redis-server") or "", "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - found, not given
    try:
        _wait_until_listening(port)
        yield f"redis://127.0.0.1:{port}/0", process.pid
    finally:
        process.terminate()
        process.wait()


def _postgres_program(name: str) -> str:
    """Return where a program of PostgreSQL is; Debian keeps them off the path. Empty if nowhere."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(installed[-1]) if installed else shutil.which(name) or ""


def _wait_until_listening(port: int) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _wait_for(url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            httpx.get(url, timeout=30).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.3)
        else:
            return
    raise RuntimeError(f"{url} does not answer: {log.read_text()[-2000:]}")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--task-runs", type=int, default=5000)
    options.add_argument("--threads", type=int, default=8)
    chosen = options.parse_args()
    if lacking := missing():
        raise SystemExit(f"install {lacking}")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        with running(folder, {}, durable=True) as cluster:
            os.environ |= {k: v for k, v in cluster.env.items() if k.startswith("PREFECT_")}
            os.environ["PREFECT_LOGGING_LEVEL"] = "WARNING"
            print(json.dumps(measure(cluster, chosen.task_runs, chosen.threads), indent=2))
    finally:
        shutil.rmtree(folder)


def measure(cluster: Cluster, task_runs: int, threads: int) -> dict[str, object]:
    """Run a flow of trivial tasks and wait until no more of them are recorded."""
    from prefect import flow, task
    from prefect.task_runners import ThreadPoolTaskRunner

    from benchmarks.measured import cpu_s, rss_mb

    @task
    def nothing(number: int) -> int:
        return number

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=threads))
    def many() -> None:
        nothing.map(range(task_runs)).wait()

    before = {name: cpu_s(pid) for name, pid in cluster.processes.items()}
    start = time.monotonic()
    many()
    flow_s = time.monotonic() - start
    lag_s, recorded = _recorded(cluster.apis[1], task_runs)
    return {
        "task runs": task_runs,
        "flow_s": round(flow_s, 1),
        "recorded": recorded,
        "recorded after the flow's end, s": round(lag_s, 1),
        "cpu_s": {n: round(cpu_s(p) - before[n], 1) for n, p in cluster.processes.items()},
        "rss_mb": {name: round(rss_mb(pid)) for name, pid in cluster.processes.items()},
    }


def _recorded(api: str, wanted: int) -> tuple[float, int]:
    """Return after how many seconds the last completed task run was recorded, and how many are."""
    start = last_change = time.monotonic()
    last = -1
    completed = {"task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    while last < wanted and time.monotonic() - last_change < _QUIET_S:
        answer = httpx.post(f"{api}/api/task_runs/count", json=completed, timeout=60)
        if (count := answer.raise_for_status().json()) != last:
            last, last_change = count, time.monotonic()
        time.sleep(0.5)
    return last_change - start, last


if __name__ == "__main__":
    main()
