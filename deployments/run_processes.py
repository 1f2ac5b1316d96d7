"""Which processes of this machine work on a flow run."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")


def works_here(run_id: str, infrastructure_pid: str | None) -> bool:
    """Tell whether a process of this machine works on a flow run.

    Prefect names the run in the environment of the process that it starts. Where the system does
    not show environments, a process that has the recorded id counts, whatever it is.

    Args:
        run_id: The run.
        infrastructure_pid: Id of the process that a worker has started for it, as it recorded it.
    """
    if _PROC.is_dir():
        return any(_processes_of(run_id))
    return infrastructure_pid is not None and is_alive(infrastructure_pid)


def _processes_of(run_id: str) -> Iterator[int]:
    mark = f"PREFECT__FLOW_RUN_ID={run_id}".encode("ascii")
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and mark in _environment(folder):
            yield int(folder.name)


def _environment(folder: Path) -> list[bytes]:
    """Return a process's variables; nothing of one that has ended or is another user's."""
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def is_alive(pid: str) -> bool:
    """Tell whether a process of this machine has an id; what is no id, none has."""
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ValueError, OSError):
        return False
    return True
