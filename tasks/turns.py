"""Let the runs of one dataset take turns: they would make the same things at the same time.

What a run waits for is asked of the runs' states, not of a lease. So a run that ends in any way, or
whose worker is killed and which is marked Crashed for it, holds no turn, and its Retry needs none.
"""

import time
from typing import Final
from uuid import UUID

from prefect import get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.runtime import deployment, flow_run

from kizu.cancellation import raise_if_interrupted
from kizu.spec import DatasetSpec
from tasks.labels import dataset_tag

_LOOK_AGAIN_S: Final = 2.0


def wait_for_turn(spec: DatasetSpec) -> None:
    """Wait while a run of the dataset is at work that was so before this one.

    It waits for deployments' runs alone: two ``kizu build`` at the same time are somebody's wish,
    and pay for nothing twice either.
    """
    if deployment.id is None:
        return
    told = None
    with get_client(sync_client=True) as client:
        while (first := _at_work_before(client, spec.name, UUID(flow_run.id))) is not None:
            if first.id != told:
                get_run_logger().warning(
                    f"{first.name} is at work on {spec.name} already, and this run goes on when "
                    "that has ended. If nobody works on it any more, cancel it."
                )
            told = first.id
            time.sleep(_LOOK_AGAIN_S)
            raise_if_interrupted()


def _at_work_before(client: SyncPrefectClient, dataset: str, own: UUID) -> FlowRun | None:
    """Return the run of a dataset that is at work longest, or None if that is this one."""
    running = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING]))
    chosen = FlowRunFilter(tags=FlowRunFilterTags(all_=[dataset_tag(dataset)]), state=running)
    at_work = {
        (run.state.timestamp, run.id): run
        for run in client.read_flow_runs(flow_run_filter=chosen)
        if run.state
    }
    first = at_work[min(at_work)] if at_work else None
    return None if first is None or first.id == own else first
