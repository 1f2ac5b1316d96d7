"""The files that say what runs, when and where: each is read as its reader reads it."""

import json
import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from prefect import Flow
from prefect.events.schemas.automations import AutomationCore
from prefect.events.schemas.deployment_triggers import DeploymentEventTrigger

from deployments.apply import automations
from deployments.settings import ServeSettings, environment
from deployments.sign_in import CLIENT_VARIABLE, PUBLISHED_ON, SERVER_VARIABLE

FOLDER = Path(__file__).parents[2] / "deployments"
BUILD = "flows.build.build_dataset"
VARIABLE = re.compile(r"{{ \$(\w+) }}")
PLACEHOLDER = re.compile(r"{{ (\w+) }}")
SERVICE_KEYS = {
    *("image", "build", "restart", "command", "environment", "volumes", "ports"),
    *("depends_on", "healthcheck", "init"),
}


@pytest.fixture(scope="module")
def plan() -> dict:
    return yaml.safe_load((FOLDER / "prefect.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))


def test_every_deployment_names_a_flow_that_exists(plan):
    for deployment in plan["deployments"]:
        module, name = deployment["entrypoint"].rsplit(".", 1)
        assert isinstance(getattr(import_module(module), name), Flow)
        assert deployment["description"].strip()


def test_nightly_has_schedule_time_zone_collision_strategy_retries_and_trigger(plan):
    [nightly] = [one for one in plan["deployments"] if one["name"] == "nightly"]
    [schedule] = nightly["schedules"]
    assert {"cron", "timezone", "slug", "active"} == schedule.keys()
    limit = {"limit": 1, "collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60}
    assert nightly["concurrency_limit"] == limit
    assert nightly["work_pool"]["job_variables"]["env"]["PREFECT_TASKS_DEFAULT_RETRIES"] == "2"
    [trigger] = nightly["triggers"]
    event = DeploymentEventTrigger.model_validate(trigger)
    assert event.expect == {"kizu.images.arrived"}
    assert event.match.model_dump() == {"prefect.resource.id": "kizu.images.*"}


def test_api_bound_and_gpu_bound_work_have_queues_of_their_own(plan):
    builds = [one for one in plan["deployments"] if one["entrypoint"] == BUILD]
    queues = {one["name"]: one["work_pool"]["work_queue_name"] for one in builds}
    api = dict.fromkeys(("on-demand", "from-file", "nightly"), "api")
    assert queues == api | {"stored-only": "gpu"}


def test_what_waits_for_a_gpu_buys_nothing_and_runs_alone(plan):
    [gpu] = [one for one in plan["deployments"] if one["work_pool"]["work_queue_name"] == "gpu"]
    assert gpu["parameters"] == {"stored_only": True}
    limit = {"limit": 1, "collision_strategy": "ENQUEUE", "grace_period_seconds": 60}
    assert gpu["concurrency_limit"] == limit


def test_all_variables_of_the_plan_are_set_by_serve_and_by_compose(plan, compose, tmp_path):
    wanted = set(VARIABLE.findall(yaml.safe_dump(plan)))
    assert wanted <= environment(ServeSettings(str(tmp_path), tmp_path)).keys()
    assert wanted <= compose["services"]["setup"]["environment"].keys()


def test_the_plan_holds_no_secret(plan):
    text = yaml.safe_dump(plan).lower()
    assert not re.search(r"blocks\.secret|api_key|password|connection_string", text)


def test_automations_are_valid_and_tell_failure_budget_drift_and_lost_workers():
    found = {one["name"]: AutomationCore.model_validate(one) for one in automations()}
    assert len(found) == 4
    lost = found["kizu: a run lost its worker"]
    assert lost.trigger.within.total_seconds() == 120
    assert lost.actions[0].type == "change-flow-run-state"


def test_compose_refers_only_to_what_it_declares(compose):
    services = compose["services"]
    parts = {"server", "postgres", "worker", "azurite", "reports", "setup", "caretaker"}
    assert parts == services.keys()
    for service in services.values():
        assert service.keys() <= SERVICE_KEYS
        assert "image" in service
        assert "build" not in service or service["init"], "its first process would ignore SIGTERM"
        for name, condition in service.get("depends_on", {}).items():
            health = condition["condition"] == "service_healthy"
            assert not health or "healthcheck" in services[name]
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"]
    build = services["worker"]["build"]
    assert (FOLDER / build["context"] / build["dockerfile"]).exists()


def test_compose_publishes_to_this_machine_alone_unless_it_is_told_where(compose):
    services = compose["services"]
    published = {name: port for name, one in services.items() for port in one.get("ports", [])}
    assert {name: port.partition(":4")[0] for name, port in published.items()} == {
        "server": "${KIZU_BIND:-127.0.0.1}",
        "reports": "${KIZU_BIND:-127.0.0.1}",
    }


def test_what_compose_publishes_is_guarded_and_knows_where_and_with_which_sign_in(compose):
    server, reports = compose["services"]["server"], compose["services"]["reports"]
    assert server["command"] == ["python", "-m", "deployments.server"]
    assert reports["command"] == ["python", "-m", "deployments.file_server"]
    for service, variable in ((server, SERVER_VARIABLE), (reports, CLIENT_VARIABLE)):
        assert service["environment"][PUBLISHED_ON] == "${KIZU_BIND:-127.0.0.1}"
        assert service["environment"][variable] is None  # as it is where compose runs
    assert CLIENT_VARIABLE in compose["services"]["worker"]["environment"]


def test_the_image_copies_what_the_project_has():
    root = FOLDER.parent
    lines = (FOLDER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]]
    assert copied
    assert [name for name in copied if not (root / name).exists()] == []
    assert any(line == "USER kizu" for line in lines)


@pytest.mark.parametrize(("name", "gpus"), [("cpu", False), ("gpu", True)])
def test_job_templates_use_only_variables_they_define(name, gpus):
    template = json.loads((FOLDER / f"kubernetes-{name}.json").read_text(encoding="utf-8"))
    used = set(PLACEHOLDER.findall(json.dumps(template["job_configuration"])))
    assert used == template["variables"]["properties"].keys()
    manifest = template["job_configuration"]["job_manifest"]
    assert (manifest["apiVersion"], manifest["kind"]) == ("batch/v1", "Job")
    [container] = manifest["spec"]["template"]["spec"]["containers"]
    assert ("nvidia.com/gpu" in container["resources"]["limits"]) is gpus
    assert container["envFrom"][0]["secretRef"]["name"] == "{{ secret }}"
