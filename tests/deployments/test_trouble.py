"""A process that dies while a build runs leaves a state a person understands; a retry mends it.

The image service holds its answers back until the process is dead, so that it dies in the middle of
a shard however fast or slow the machine is.
"""

import os
import signal

import pytest
from served import children_of

from kizu.imaging.codecs import encode_png

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
    [worker] = children_of(served.pid, "worker start")
    [process] = children_of(worker, "prefect")
    os.kill(process, signal.SIGKILL)
    assert served.end_of(run_id)["type"] == "CRASHED"
    azure.release()
    told = served.kizu("retry", run_id, "--wait")
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"Completed: {EDITS} samples" in told.stdout
    assert first.items() <= bought(served).items()
    assert len(bought(served)) - len(first) == EDITS - ANSWERED


def test_a_killed_worker_is_started_again_and_the_build_completes(served, held_spec, azure):
    run_id = start(served, held_spec)
    [first] = children_of(served.pid, "worker start")
    os.kill(first, signal.SIGKILL)
    served.wait_for(lambda: "worker has ended; starting it again" in served.said())
    served.wait_for(lambda: set(children_of(served.pid, "worker start")) - {first})
    azure.release()
    completed_by_one_retry_at_most(served, run_id)


def test_a_server_killed_in_the_middle_comes_back_and_the_build_completes(served, held_spec, azure):
    run_id = start(served, held_spec)
    [server] = children_of(served.pid, "deployments.server")
    os.kill(server, signal.SIGKILL)
    served.wait_for(lambda: "server has ended; starting it again" in served.said())
    served.wait_for(served.healthy)
    azure.release()
    completed_by_one_retry_at_most(served, run_id)
