"""What breaks while a build runs ends in a state a person understands; one retry completes it."""

import os
import signal
from pathlib import Path

import pytest

from kizu.images import encode_png
from kizu.spec import DatasetSpec

pytestmark = pytest.mark.slow


@pytest.fixture
def long_spec(tmp_path, make_photo) -> dict:
    """A build of several seconds."""
    folder = tmp_path / "many photos"
    folder.mkdir()
    for number in range(8):
        photo = make_photo(number, side_px=384)
        (folder / f"{number}.png").write_bytes(encode_png(photo))
    spec = DatasetSpec.parse(
        {
            "name": tmp_path.name,
            "images": {"path": str(folder)},
            "defects": [{"defect_type": "hole", "prompt": "a deep hole", "variants": 4}],
            "seed": abs(hash(str(tmp_path))) % 10_000,
            "ground": {"annotator": "none"},
            "agree": {"without_grounding": "accept"},
        }
    )
    return spec.model_dump(mode="json")


def started(served, spec: dict, **parameters) -> str:
    """Start a build and wait until it has bought some edits, but not all."""
    before = len(list(served.store.glob("edits/*/*/edit.json")))
    run_id = served.run({"spec": spec, "shard_size": 4, **parameters})
    served.wait_for(lambda: len(list(served.store.glob("edits/*/*/edit.json"))) >= before + 5)
    assert served.state(run_id)["type"] == "RUNNING"
    return run_id


def written(served) -> dict[str, int]:
    return {str(f): f.stat().st_mtime_ns for f in served.store.glob("edits/*/*/edit.json")}


def children_of(pid: int, text: str) -> list[int]:
    """Ids of a process's children whose command line holds a text."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split() if text in _command(int(child))]


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")


def test_a_killed_run_is_crashed_and_one_retry_completes_it(served, long_spec):
    run_id = started(served, long_spec)
    [worker] = children_of(served.pid, "worker start")
    [pid] = children_of(worker, "prefect")
    os.kill(pid, signal.SIGKILL)
    assert served.end_of(run_id)["type"] == "CRASHED"
    bought = written(served)
    told = served.kizu("retry", run_id, "--wait")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Completed: 32 samples" in told.stdout
    assert bought.items() <= written(served).items()


def test_a_killed_worker_is_started_again_and_the_build_completes(served, long_spec):
    run_id = started(served, long_spec)
    [worker] = children_of(served.pid, "worker start")
    os.kill(worker, signal.SIGKILL)
    served.wait_for(lambda: "worker has ended; starting it again" in served.said())
    state = served.end_of(run_id)
    if state["type"] != "COMPLETED":
        assert state["type"] in ("CRASHED", "FAILED"), state["message"]
        assert served.kizu("retry", run_id, "--wait").returncode == 0
    assert served.state(run_id)["type"] == "COMPLETED"


def test_a_server_killed_in_the_middle_comes_back_and_the_build_completes(served, long_spec):
    run_id = started(served, long_spec)
    [server] = children_of(served.pid, "server start")
    os.kill(server, signal.SIGKILL)
    served.wait_for(lambda: "server has ended; starting it again" in served.said())
    served.wait_for(served.healthy)
    state = served.end_of(run_id)
    if state["type"] != "COMPLETED":
        assert state["type"] in ("CRASHED", "FAILED")
        assert served.kizu("retry", run_id, "--wait").returncode == 0
    assert served.state(run_id)["type"] == "COMPLETED"


def test_a_plan_over_budget_waits_for_a_person_and_buys_nothing_before(served, paid_spec, azure):
    spec = paid_spec | {"budget": {"max_requests": 2}}
    run_id = served.run({"spec": spec})
    paused = served.end_of(run_id)
    assert paused["type"] == "PAUSED", paused["message"]
    assert azure.tally.calls == 0
    served.post(f"flow_runs/{run_id}/resume", {"run_input": {"max_requests": 4}})
    served.wait_for(lambda: served.state(run_id)["type"] not in ("PAUSED", "SCHEDULED"))
    state = served.end_of(run_id)
    assert state["message"].startswith("4 samples"), state["message"]
    assert azure.tally.billed == 4


def test_another_annotator_buys_nothing(served, long_spec):
    assert served.end_of(served.run({"spec": long_spec}))["type"] == "COMPLETED"
    bought = written(served)
    more = long_spec | {"defects": [{**long_spec["defects"][0], "variants": 5}]}
    ground = {"annotator": "grounding-dino+sam", "detector_weights": "/nowhere"}
    run_id = served.run({"spec": more, "ground": ground}, "annotate-dataset/on-demand")
    state = served.end_of(run_id)
    assert (state["type"], state["message"][:10]) == ("COMPLETED", "32 samples")
    assert written(served) == bought


def test_neither_spec_nor_file_fails_in_one_sentence(served):
    state = served.end_of(served.run({}))
    assert state["type"] == "FAILED"
    assert "neither spec nor spec_file is given" in state["message"]


def test_retry_of_a_completed_run_says_that_there_is_nothing_to_retry(served, spec):
    run_id = served.run({"spec": spec.model_dump(mode="json")})
    assert served.end_of(run_id)["type"] == "COMPLETED"
    told = served.kizu("retry", run_id)
    assert told.returncode == 2
    assert "is Completed, not failed" in told.stderr
