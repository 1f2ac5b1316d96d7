"""CPU, memory and a Prefect server of its own: what the benchmarks of orchestration look at."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from deployments.settings import ServeSettings, environment

PORT = 4299
API = f"http://127.0.0.1:{PORT}/api"


def prefect_environment(folder: Path) -> Mapping[str, str]:
    """Return the Prefect settings that ``kizu serve`` makes, for a server in a folder."""
    settings = ServeSettings(str(folder / "flow"), folder / "home", port=PORT)
    found = environment(settings)
    return {key: value for key, value in found.items() if key.startswith("PREFECT_")}


@contextmanager
def prefect_server() -> Iterator[int]:
    """Run a server with the environment's settings while the block runs; yield its process id."""
    server = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "prefect", "server", "start", "--port", str(PORT)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_healthy()
        yield server.pid
    finally:
        server.terminate()
        server.wait(60)


def _wait_until_healthy() -> None:
    for _ in range(480):
        try:
            if httpx.get(f"{API}/health").is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    raise SystemExit("the server does not come up")


def recorded_runs(quiet_s: float = 15.0) -> tuple[float, int]:
    """Wait until the server records no more completed task runs.

    Returns:
        After how many seconds the last one came, and how many there are.
    """
    start = last_change = time.monotonic()
    last = -1
    completed = {"task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    while time.monotonic() - last_change < quiet_s:
        count = httpx.post(f"{API}/task_runs/count", json=completed, timeout=60).json()
        if count != last:
            last, last_change = count, time.monotonic()
        time.sleep(0.5)
    return last_change - start, last


def cpu_s(pid: int) -> float:
    """Return the CPU seconds a process has used; 0 when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Return a process's resident memory; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0
