"""The event trigger and the automations, fired in a real server by what they wait for.

Notifications need a block of the user's. In their place the automations start a run of the
deployment that tidies up, which shows that their action happens.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from served import Served, children_of

from kizu.emulator.settings import KEY
from kizu.imaging.codecs import encode_png

pytestmark = pytest.mark.slow

TIDY = "tidy-store/weekly"
NIGHTLY = "build-dataset/nightly"


@pytest.fixture(scope="module")
def served(tmp_path_factory, azure) -> Iterator[Served]:
    """A server with a nightly build, whose night never comes."""
    folder = tmp_path_factory.mktemp("served")
    fields = {
        "name": "plates",
        "images": {"path": str(folder / "photos")},
        "defects": [{"defect_type": "hole", "prompt": "a deep hole"}],
        "grounding": {"annotator": "none"},
        "agree": {"without_grounding": "accept"},
    }
    (folder / "photos").mkdir()
    (folder / "dataset.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")
    env = {"AZURE_OPENAI_ENDPOINT": azure.endpoint, "AZURE_OPENAI_API_KEY": KEY}
    one = Served(folder, "dataset.yaml", "--cron", "0 0 1 1 *", env=env)
    one.start()
    yield one
    assert one.stop() == 0


@pytest.fixture
def plates(served, make_photo) -> dict:
    """The spec of the nightly build, with two photos."""
    for seed in (1, 2):
        (served.folder / "photos" / f"{seed}.png").write_bytes(encode_png(make_photo(seed)))
    return yaml.safe_load((served.folder / "dataset.yaml").read_text(encoding="utf-8"))


def let_it_tidy(served: Served, name: str, keep_days: int, **trigger) -> None:
    """Let an automation start the deployment that tidies up, with a number to know it by."""
    [found] = served.post("automations/filter", {"automations": {"name": {"any_": [name]}}})
    action = {
        "type": "run-deployment",
        "source": "selected",
        "deployment_id": served.deployment(TIDY)["id"],
        "parameters": {"keep_days": keep_days},
    }
    kept = {key: found[key] for key in ("name", "description", "enabled")}
    body = kept | {"trigger": found["trigger"] | trigger, "actions": [*_real(found), action]}
    served.ask("PUT", f"automations/{found['id']}", body)


def _real(automation: dict) -> list[dict]:
    return [action for action in automation["actions"] if action["type"] != "do-nothing"]


def tidied(served: Served, keep_days: int) -> dict:
    """Wait for the run that an automation started.

    A server under load takes an action from its queue again if it ended in an error the first time.
    """
    given = {"keep_days": keep_days}
    run, *_ = served.wait_for(lambda: [r for r in served.runs_of(TIDY) if r["parameters"] == given])
    assert run["created_by"]["type"] == "AUTOMATION"
    return run


def triggered(served: Served) -> list[dict]:
    """Return the nightly runs that no schedule has made, latest first."""
    return [run for run in served.runs_of(NIGHTLY) if run["created_by"]["type"] == "AUTOMATION"]


def heartbeats(served: Served, run_id: str) -> int:
    """Count what the server has heard of a run."""
    event = {"name": ["prefect.flow-run.heartbeat"]}
    resource = {"id": [f"prefect.flow-run.{run_id}"]}
    return served.post("events/filter", {"filter": {"event": event, "resource": resource}})["total"]


def emit_arrived(served: Served) -> None:
    told = served.prefect(
        "event", "emit", "kizu.images.arrived", "--resource-id", "kizu.images.plates"
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_new_photos_start_the_nightly_build_and_only_they_are_edited(served, plates, make_photo):
    emit_arrived(served)
    [first] = served.wait_for(lambda: triggered(served))
    assert served.end_of(first["id"])["message"].startswith("2 samples: 2 accepted")
    edits = set(served.store.glob("edits/*/*"))
    new = Path(plates["images"]["path"]) / "3.png"
    new.write_bytes(encode_png(make_photo(3)))
    emit_arrived(served)
    second, _ = served.wait_for(lambda: len(found := triggered(served)) == 2 and found)
    assert served.end_of(second["id"])["message"].startswith("3 samples: 3 accepted")
    assert len(set(served.store.glob("edits/*/*")) - edits) == 1
    new.unlink()


def test_a_failed_build_sets_off_its_automation(served):
    let_it_tidy(served, "kizu: a build failed", 101)
    assert served.end_of(served.run({}))["type"] == "FAILED"
    assert served.end_of(tidied(served, 101)["id"])["type"] == "COMPLETED"


def test_a_build_that_waits_for_its_budget_sets_off_its_automation(served, plates):
    let_it_tidy(served, "kizu: a build waits for its budget", 102)
    paid = {"editor": {"name": "gpt-image", "quality": "low"}, "budget": {"max_requests": 1}}
    run_id = served.run({"spec": plates | paid | {"name": "paid"}})
    assert served.end_of(run_id)["type"] == "PAUSED"
    tidied(served, 102)


def test_a_yield_that_drifts_sets_off_its_automation(served, plates):
    let_it_tidy(served, "kizu: the yield drifts", 103)
    drifting = plates | {"name": "drifting"}
    assert served.end_of(served.run({"spec": drifting}))["type"] == "COMPLETED"
    strict = drifting | {"agree": {"without_grounding": "review"}}
    assert served.end_of(served.run({"spec": strict}))["type"] == "COMPLETED"
    tidied(served, 103)


def test_a_run_whose_machine_is_gone_is_marked_as_crashed(served, plates, azure):
    let_it_tidy(served, "kizu: a run lost its worker", 104, within=45)
    azure.hold_after(0)
    paid = {"editor": {"name": "gpt-image", "quality": "low"}, "name": "held"}
    run_id = served.run({"spec": plates | paid})
    served.wait_for(lambda: heartbeats(served, run_id))
    [worker] = children_of(served.pid, "worker start")
    for pid in (worker, *children_of(worker, "prefect")):
        os.kill(pid, signal.SIGKILL)
    state = served.end_of(run_id)
    azure.release()
    assert (state["type"], state["message"][:10]) == ("CRASHED", "Its worker")
    tidied(served, 104)
