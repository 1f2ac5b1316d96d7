"""Brings a Prefect server to what the files beside this one say. Run again, it changes nothing.

As a command (``python -m deployments.apply``) it is what ``kizu serve`` runs once its server is up,
and what prepares a server of your own: ``PREFECT_API_URL`` and the ``KIZU_*`` variables of
``prefect.yaml`` say where and what.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.utilities.callables import parameter_schema

from deployments.form import run_form
from deployments.settings import POOL
from flows.build import build_dataset
from tasks.results import keep_results_in

QUEUES: Final = {"api": ("KIZU_POOL", None), "gpu": ("KIZU_GPU_POOL", 1)}
"""Per queue the variable that names its pool, and flow runs at once: GPU work one at a time."""

FORMS: Final = {"on-demand": False, "stored-only": False, "from-file": True, "nightly": True}
"""Per deployment of ``build-dataset`` whether its run form asks for a spec file."""

FOLDER: Final = Path(__file__).parent


def apply_all(pool_type: str = "process") -> None:
    """Create work pool, queues, result storage, deployments and automations where they lack."""
    with get_client(sync_client=True) as client:
        for queue, (variable, limit) in QUEUES.items():
            pool = os.environ.get(variable, POOL)
            _ensure_pool(client, pool, pool_type)
            _ensure_queue(client, pool, queue, limit)
        keep_results_in(os.environ["KIZU_STORE"])
        _deploy()
        _make_forms(client)
        _ensure_automations(client)


def _ensure_pool(client: SyncPrefectClient, pool: str, pool_type: str) -> None:
    try:
        client.read_work_pool(pool)
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=pool, type=pool_type))


def _ensure_queue(client: SyncPrefectClient, pool: str, name: str, limit: int | None) -> None:
    try:
        client.create_work_queue(name=name, concurrency_limit=limit, work_pool_name=pool)
    except ObjectAlreadyExists:
        return


def _deploy() -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    file = str(FOLDER / "prefect.yaml")
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, "--prefect-file", file], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"deploying {file} failed: {done.stdout}\n{done.stderr}")


def _make_forms(client: SyncPrefectClient) -> None:
    """Give the deployments the form that people fill in, in the place of the one they came with."""
    schema = parameter_schema(build_dataset).model_dump(mode="json")
    for name, of_file in FORMS.items():
        deployment = client.read_deployment_by_name(f"{build_dataset.name}/{name}")
        form = DeploymentUpdate.model_validate(
            {"parameter_openapi_schema": run_form(schema, of_file=of_file)}
        )
        client.update_deployment(deployment.id, form)


def automations() -> list[dict[str, Any]]:
    """Read ``automations.yaml``."""
    loaded: list[dict[str, Any]] = yaml.safe_load((FOLDER / "automations.yaml").read_text("utf-8"))
    return loaded


def _ensure_automations(client: SyncPrefectClient) -> None:
    for fields in automations():
        if not client.read_automations_by_name(fields["name"]):
            client.create_automation(AutomationCore.model_validate(fields))


if __name__ == "__main__":
    apply_all(*sys.argv[1:2])
