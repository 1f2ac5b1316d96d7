"""Several API processes over one PostgreSQL: every night, again after a failure, a stuck run."""

import os
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest
import yaml
from served import PATIENCE_S, kizu

from kizu.emulator.settings import KEY

pytestmark = pytest.mark.slow

LEASE_S = 30  # the shortest that Prefect takes
DONE = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


class Worked:
    """A cluster with deployments and a worker; the worker asks one API, the tests the other."""

    def __init__(self, cluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder

    def post(self, path: str, body: dict | None = None, api: int = 1) -> object:
        url = f"{self.cluster.apis[api]}/api/{path}"
        return httpx.post(url, json=body or {}, timeout=60).raise_for_status().json()

    def get(self, path: str) -> dict:
        url = f"{self.cluster.apis[1]}/api/{path}"
        return httpx.get(url, timeout=60).raise_for_status().json()

    def wait_for(self, done) -> object:
        deadline = time.monotonic() + PATIENCE_S
        while not (found := done()):
            assert time.monotonic() < deadline, "timed out"
            time.sleep(0.3)
        return found

    def end_of(self, run_id: str) -> dict:
        def ended():
            state = self.get(f"flow_runs/{run_id}")["state"]
            return state if state["type"] in DONE else None

        return self.wait_for(ended)

    def runs_of(self, deployment_id: str) -> list[dict]:
        chosen = {"id": {"any_": [deployment_id]}}
        query = {"deployments": chosen, "sort": "EXPECTED_START_TIME_ASC"}
        return self.post("flow_runs/filter", query)


@pytest.fixture
def worked(tmp_path, spec, azure):
    pytest.importorskip("prefect_redis", reason="prefect-redis is not installed")
    from benchmarks.postgres import missing, process, running

    if lacking := missing():
        pytest.skip(f"{lacking} is not installed")
    spec_file = tmp_path / "dataset.yaml"
    spec_file.write_text(yaml.safe_dump(spec.model_dump(mode="json")), encoding="utf-8")
    env = {
        "AZURE_OPENAI_ENDPOINT": azure.endpoint,
        "AZURE_OPENAI_API_KEY": KEY,
        "PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION": str(LEASE_S),
        "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "2",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        "KIZU_NIGHTLY": "true",
        "KIZU_SPEC_FILE": str(spec_file),
        "KIZU_CRON": "* * * * *",
    }
    with running(tmp_path, env, durable=False) as cluster:
        with process(["deployments.apply"], cluster.env, tmp_path / "apply.log") as pid:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        worker = ["prefect", "worker", "start", "--pool", "kizu", "--type", "process"]
        with process(worker, cluster.env, tmp_path / "worker.log"):
            yield Worked(cluster, tmp_path)


def test_two_apis_over_one_database_build_at_night_retry_and_free_a_stuck_slot(
    worked, paid_spec, azure
):
    stuck, waiting = hold_the_only_slot(worked)

    nightly = worked.get("deployments/name/build-dataset/nightly")["id"]
    azure.down_for = "stain"
    on_demand = worked.get("deployments/name/build-dataset/on-demand")["id"]
    asked = {"parameters": {"spec": paid_spec}}
    run_id = worked.post(f"deployments/{on_demand}/create_flow_run", asked)["id"]
    assert worked.end_of(run_id)["type"] == "FAILED"

    azure.down_for = None
    told = retry(worked, run_id)
    assert told.returncode == 0, told.stdout + told.stderr
    assert worked.end_of(run_id)["type"] == "COMPLETED"
    tasks = {"flow_runs": {"id": {"any_": [run_id]}}, "limit": 200}
    states = worked.wait_for(lambda: _recorded(worked.post("task_runs/filter", tasks)))
    assert "Cached" in states

    def built_at_night():
        ended = [run for run in worked.runs_of(nightly) if run["state"]["type"] in DONE]
        return ended[0] if ended else None

    first = worked.wait_for(built_at_night)
    assert (first["state"]["type"], first["auto_scheduled"]) == ("COMPLETED", True)

    os.kill(worked.cluster.processes["api 1"], signal.SIGKILL)  # it gave the slot away
    worked.wait_for(lambda: ask_for_slot(worked, waiting, api=1) == "PENDING")
    assert worked.get(f"flow_runs/{stuck}")["state"]["type"] == "PENDING"


def hold_the_only_slot(worked) -> tuple[str, str]:
    """One run takes a deployment's only slot and is never heard of again; another one waits."""
    flow = worked.post("flows/", {"name": "slow"})["id"]
    limited = {"name": "limited", "flow_id": flow, "concurrency_limit": 1}
    deployment = worked.post("deployments/", limited)["id"]
    runs = [worked.post(f"deployments/{deployment}/create_flow_run")["id"] for _ in range(2)]
    assert ask_for_slot(worked, runs[0], api=0) == "PENDING"
    assert ask_for_slot(worked, runs[1], api=1) == "SCHEDULED"  # until the slot is free
    return runs[0], runs[1]


def ask_for_slot(worked, run_id: str, api: int) -> str:
    """Ask, as a worker does, to submit a run; return the state it gets."""
    asked = {"state": {"type": "PENDING"}}
    return worked.post(f"flow_runs/{run_id}/set_state", asked, api)["state"]["type"]


def retry(worked, run_id: str):
    env = {**worked.cluster.env, "PREFECT_API_URL": f"{worked.cluster.apis[1]}/api"}
    return subprocess.run(  # noqa: S603 - our own command
        kizu("retry", run_id, "--wait"), env=env, capture_output=True, text=True, check=False
    )


def _recorded(tasks: list[dict]) -> set[str]:
    """Names of the states, once none is on its way."""
    states = {task["state"]["name"] for task in tasks if task["state"]}
    return states if states and not states & {"Running", "Pending"} else set()
