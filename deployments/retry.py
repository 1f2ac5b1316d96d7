"""``kizu retry``: has a failed run done again, as the UI's Retry button does."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterName,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import AwaitingRetry

from tasks.labels import dataset_tag

FLOW: Final = "build-dataset"
RETRIED: Final = (StateType.FAILED, StateType.CRASHED, StateType.CANCELLED)

_SETTLED_S: Final = 6.0
_LATE_REPORTS: Final = 3
_POLL_S: Final = 1.0


class RetryError(ValueError):
    """There is nothing to retry; the message tells why and the way out."""


def retry(wanted: str | None, say: Callable[[str], None], *, wait: bool = False) -> bool:
    """Schedule a failed run again.

    Args:
        wanted: A run's id, a run's name ("build mugs"), a dataset's name, or None for the last
            failed run.
        say: Called with what a person should read.
        wait: Follow the run to its end.

    Returns:
        False if the run was followed and did not complete.

    Raises:
        RetryError: No such run, it has not failed, or no server answers.
    """
    try:
        with get_client(sync_client=True) as client:
            run = _find(client, wanted)
            _require_retriable(run)
            _schedule(client, run)
            say(f"{run.name} is scheduled again; what succeeded is kept.")
            return _follow(client, run, say) if wait else True
    except httpx.ConnectError as error:
        raise RetryError(
            "no Prefect server answers; start 'kizu serve' or set PREFECT_API_URL. "
            "'kizu build' also does only what is missing"
        ) from error
    except PrefectHTTPStatusError as error:
        if error.response.status_code != HTTPStatus.UNAUTHORIZED:
            raise
        raise RetryError(
            "the Prefect server asks for a sign-in; set PREFECT_API_AUTH_STRING to the "
            "user:password that 'kizu serve' told"
        ) from error


def _find(client: SyncPrefectClient, wanted: str | None) -> FlowRun:
    if wanted and (run := _by_id(client, wanted)):
        return run
    found = [run for chosen in _choices(wanted) for run in _latest(client, chosen)]
    if not found:
        what = f"run or dataset {wanted!r}" if wanted else "failed run"
        raise RetryError(f"the server knows no {what}; 'kizu build' does what is missing")
    return max(found, key=lambda run: run.start_time or _NEVER)


def _choices(wanted: str | None) -> list[FlowRunFilter]:
    """Return what chooses the runs of a name or dataset; earlier ones have no tag of theirs."""
    if not wanted:
        return [FlowRunFilter(state=FlowRunFilterState(type=_RETRIABLE))]
    names = [wanted, f"build {wanted}", f"annotate {wanted}"]
    return [
        FlowRunFilter(name=FlowRunFilterName(any_=names)),
        FlowRunFilter(tags=FlowRunFilterTags(all_=[dataset_tag(wanted)])),
    ]


def _latest(client: SyncPrefectClient, chosen: FlowRunFilter) -> list[FlowRun]:
    return client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW])),
        flow_run_filter=chosen,
        sort=FlowRunSort.START_TIME_DESC,
        limit=1,
    )


_RETRIABLE: Final = FlowRunFilterStateType(any_=list(RETRIED))
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def _by_id(client: SyncPrefectClient, wanted: str) -> FlowRun | None:
    try:
        return client.read_flow_run(UUID(wanted))
    except (ValueError, ObjectNotFound):
        return None


def _require_retriable(run: FlowRun) -> None:
    if run.state_type not in RETRIED:
        state = run.state_name or "unknown"
        raise RetryError(f"{run.name} is {state}, not failed; there is nothing to retry")
    if run.deployment_id is None:
        raise RetryError(
            f"{run.name} was not started by a deployment, so no worker can take it up; run "
            "'kizu build' again: it does what is missing"
        )


def _schedule(client: SyncPrefectClient, run: FlowRun) -> None:
    """Schedule the run; again if a late report of its worker's death overwrites that."""
    deadline = time.monotonic() + _SETTLED_S
    _await_retry(client, run)
    while time.monotonic() < deadline:
        time.sleep(_POLL_S)
        now = client.read_flow_run(run.id)
        if now.state_type == StateType.RUNNING:
            return
        if _is_late_report(run, now):
            _await_retry(client, run)


def _await_retry(client: SyncPrefectClient, run: FlowRun) -> None:
    client.set_flow_run_state(run.id, AwaitingRetry(message="kizu retry"), force=True)


def _is_late_report(before: FlowRun, now: FlowRun) -> bool:
    """Tell whether a run has crashed that nobody has taken up since it was scheduled again."""
    return now.state_type == StateType.CRASHED and now.run_count == before.run_count


def _follow(client: SyncPrefectClient, run: FlowRun, say: Callable[[str], None]) -> bool:
    """Wait for the run's end; a late report of its worker's death is none, some times."""
    late = 0
    while True:
        now = client.read_flow_run(run.id)
        state = now.state
        if _is_late_report(run, now) and late < _LATE_REPORTS:
            late += 1
            _await_retry(client, run)
        elif state is not None and (state.is_final() or state.is_paused()):
            say(f"{state.name}: {state.message or ''}")
            return state.is_completed()
        time.sleep(_POLL_S)
