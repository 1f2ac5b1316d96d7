"""A process that dies while a build runs leaves a state a person understands; a retry mends it.

The image service holds its answers back until the process is dead, so that it dies in the middle of
a shard however fast or slow the machine is.
"""

import os
import signal
from pathlib import Path

import pytest

from kizu.images import encode_png

pytestmark = pytest.mark.slow

EDITS = 12
ANSWERED = 4


@pytest.fixture
def held_spec(tmp_path, make_photo, paid_spec, azure):
    """A build of twelve edits, of which the image service answers four until it is released."""
    folder = tmp_path / "photos to edit"
    folder.mkdir()
    for number in range(4):
        photo = make_photo(sum(tmp_path.name.encode()) + number)
        (folder / f"{number}.png").write_bytes(encode_png(photo))
    azure.hold_after(ANSWERED)
    defect = {"defect_type": "hole", "prompt": "a deep hole", "variants": 3}
    images = {"path": str(folder)}
    yield paid_spec | {"name": tmp_path.name, "images": images, "defects": [defect]}
    azure.release()


def start(served, spec: dict) -> str:
    """Start a build and wait until all that is answered is bought."""
    before = len(bought(served))
    run_id = served.run({"spec": spec, "shard_size": 3})
    served.wait_for(lambda: len(bought(served)) == before + ANSWERED)
    assert served.state(run_id)["type"] == "RUNNING"
    return run_id


def bought(served) -> dict[str, int]:
    """When each edit was written, in nanoseconds."""
    return {str(f): f.stat().st_mtime_ns for f in served.store.glob("edits/*/*/edit.json")}


def child_of(pid: int, text: str) -> int | None:
    """Id of the process's child whose command line holds a text."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return next((int(child) for child in listed.split() if text in _command(int(child))), None)


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")


def completed_by_one_retry_at_most(served, run_id: str) -> None:
    state = served.end_of(run_id)
    if state["type"] != "COMPLETED":
        assert state["type"] in ("CRASHED", "FAILED"), state["message"]
        told = served.kizu("retry", run_id, "--wait")
        assert told.returncode == 0, told.stdout + told.stderr
    assert served.state(run_id)["message"].startswith(f"{EDITS} samples: {EDITS} accepted")


def test_a_killed_run_is_crashed_and_one_retry_buys_the_rest(served, held_spec, azure):
    run_id = start(served, held_spec)
    first = bought(served)
    worker = child_of(served.pid, "worker start")
    os.kill(child_of(worker, "prefect"), signal.SIGKILL)
    assert served.end_of(run_id)["type"] == "CRASHED"
    azure.release()
    told = served.kizu("retry", run_id, "--wait")
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"Completed: {EDITS} samples" in told.stdout
    assert first.items() <= bought(served).items()
    assert len(bought(served)) - len(first) == EDITS - ANSWERED


def test_a_killed_worker_is_started_again_and_the_build_completes(served, held_spec, azure):
    run_id = start(served, held_spec)
    first = child_of(served.pid, "worker start")
    os.kill(first, signal.SIGKILL)
    served.wait_for(lambda: "worker has ended; starting it again" in served.said())
    served.wait_for(lambda: child_of(served.pid, "worker start") not in (None, first))
    azure.release()
    completed_by_one_retry_at_most(served, run_id)


def test_a_server_killed_in_the_middle_comes_back_and_the_build_completes(served, held_spec, azure):
    run_id = start(served, held_spec)
    os.kill(child_of(served.pid, "server start"), signal.SIGKILL)
    served.wait_for(lambda: "server has ended; starting it again" in served.said())
    served.wait_for(served.healthy)
    azure.release()
    completed_by_one_retry_at_most(served, run_id)
