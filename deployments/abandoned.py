"""Finds runs that nobody works on any more, and starts them again or ends them.

A worker that is killed, or that is stopped while it starts a run, leaves that run Pending, Running
or Cancelling for ever, and with it the only slot of its deployment taken. What had not begun is
started again; what was at work is ended, because going on may buy: a person presses Retry, or the
next nightly build does what is missing. Both stand in the run's state and in its log.

``kizu serve`` looks after its server. Beside a server of your own run
``python -m deployments.abandoned``; ``PREFECT_API_URL`` says where it is.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import LogCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType, WorkerStatus
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Crashed, Scheduled

from deployments.run_processes import works_here

logger = logging.getLogger(__name__)

Connect = Callable[[], AbstractContextManager[SyncPrefectClient]]

TAG: Final = "kizu"
"""The tag of all deployments of ``prefect.yaml``: nothing else is touched."""

UNDER_WAY: Final = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)

LOOK_EVERY_S: Final = 10.0
"""A fraction of the minute that a freed slot may take."""

START_S: Final = 120.0
"""A run that no process works on so long after it was taken up was lost on the way. A loaded
machine took 36 s from there to the run's first line."""

ENDING_S: Final = 30.0
"""So long the end of a run's process is waited for, as that of its worker is when it is stopped."""

_POLL_S: Final = 0.2

GONE_S: Final = 60.0
"""A worker counts as gone that has been offline so long: after a restart of the server all are,
until their next heartbeat, which they send every 30 s."""

STARTS: Final = 3
"""So many times a run is started again: one that kills its worker must not do so for ever."""

STARTED_AGAIN: Final = "Its worker ended before it had begun; it is started again."
GIVEN_UP: Final = "Its worker ended again and again before it had begun. Press Retry."
CRASHED: Final = "Its worker ended while it was at work. What is made is kept; press Retry."
CANCELLED: Final = "It was cancelled, and its worker has ended."
STOPPED_BEFORE: Final = (
    "kizu serve was stopped before it had begun; it begins when that runs again."
)
STOPPED_AT_WORK: Final = (
    "kizu serve was stopped while it was at work. What is made is kept; press Retry."
)

_NO_SLOT: Final = "Deployment concurrency limit reached."
"""What Prefect says of a run that ``CANCEL_NEW`` cancels; not of which run holds the slot."""

_TOLD_WITHIN: Final = timedelta(hours=1)
"""Older ones are left as they are, so that a look stays short."""


@dataclass(frozen=True)
class OwnWorker:
    """The worker that this process has started on this machine.

    Attributes:
        name: Its name.
        started_at: When it was started last, with time zone; None before that.
    """

    name: str
    started_at: datetime | None


@dataclass
class Caretaker:
    """Looks after the runs of one server.

    Attributes:
        connect: Opens a client of the server.
        own: Tells of the worker of this machine; None where there is none.
    """

    connect: Connect
    own: Callable[[], OwnWorker] | None = None
    _offline_since: dict[UUID, float] = field(default_factory=dict)

    def run(self, stop: Event) -> None:
        """Look again and again, until the end is asked for, whatever goes wrong with one look.

        Nobody else would free the slots until the next start.
        """
        while not stop.is_set():
            try:
                self.look()
            except httpx.HTTPError as error:
                logger.info("the server does not answer: %r", error)
            except Exception as error:  # noqa: BLE001 - the next look may well succeed
                logger.warning("cannot look after the runs: %r", error)
            stop.wait(LOOK_EVERY_S)

    def look(self) -> None:
        """Start again or end what is abandoned now, and name who holds a slot."""
        with self.connect() as client:
            for run in _under_way(client):
                with suppress(ObjectNotFound):  # somebody has deleted it
                    if self._is_abandoned(client, run) and _is_as_read(client, run):
                        _tell(client, run, _what_becomes_of(client, run))
            _name_holders(client)

    def let_go(self) -> None:
        """Let go of what the own worker had taken up, now that it has been stopped."""
        if self.own is None:
            return
        name = self.own().name
        with self.connect() as client:
            for run in _under_way(client):
                if _is_of(client, run, name) and _has_ended_here(run):
                    with suppress(ObjectNotFound):
                        state = client.read_flow_run(run.id).state  # as its end left it
                        if state is not None and state.type in UNDER_WAY:
                            _tell(client, run, _when_stopped(state))

    def _is_abandoned(self, client: SyncPrefectClient, run: FlowRun) -> bool:
        own = self.own() if self.own else None
        if own is not None and _is_of(client, run, own.name):
            return is_left_by(own, run) and not _works_here(run)
        name = _worker_of(run)
        if name is None:
            return run.state_type == StateType.PENDING and _age_s(run) > START_S
        return self._is_left_elsewhere(client, run, name)

    def _is_left_elsewhere(self, client: SyncPrefectClient, run: FlowRun, name: str) -> bool:
        """Tell whether another machine's worker is gone for good, and its run with it.

        What runs is left to its heartbeats, and what a cluster was asked to start may start
        without the worker.
        """
        if run.state_type == StateType.RUNNING or name in _online(client, run):
            self._offline_since.pop(run.id, None)
            return False
        first = self._offline_since.setdefault(run.id, time.monotonic())
        return time.monotonic() - first > GONE_S and not _may_start_alone(client, run)


def is_left_by(own: OwnWorker, run: FlowRun) -> bool:
    """Tell whether a worker cannot be at a run that no process works on.

    It was taken up before the worker was started, or so long ago that it was lost on the way.
    """
    if own.started_at is None or _since(run) < own.started_at:
        return True
    return run.state_type == StateType.PENDING and _age_s(run) > START_S


def _under_way(client: SyncPrefectClient) -> list[FlowRun]:
    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(all_=[TAG]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(UNDER_WAY))),
        )
    )


def _what_becomes_of(client: SyncPrefectClient, run: FlowRun) -> State:
    if run.state_type == StateType.CANCELLING:
        return Cancelled(message=CANCELLED)
    if run.state_type == StateType.RUNNING:
        return Crashed(message=CRASHED)
    states = client.read_flow_run_states(run.id)
    if sum(state.message == STARTED_AGAIN for state in states) >= STARTS:
        return Crashed(message=GIVEN_UP)
    return Scheduled(message=STARTED_AGAIN)


def _when_stopped(state: State) -> State:
    if state.type == StateType.PENDING:
        return Scheduled(message=STOPPED_BEFORE)
    return Cancelled(message=STOPPED_AT_WORK)


def _tell(client: SyncPrefectClient, run: FlowRun, state: State) -> None:
    """Give a run its state, and say why in its log, which outlives the state."""
    client.set_flow_run_state(run.id, state, force=True)
    line = LogCreate(
        name=__name__,
        level=logging.WARNING,
        message=str(state.message),
        timestamp=datetime.now(UTC),
        flow_run_id=run.id,
    )
    client.create_logs([line])


def _name_holders(client: SyncPrefectClient) -> None:
    """Say of runs that were cancelled for want of a slot which run holds it."""
    for run in _cancelled_lately(client):
        if run.state is not None and run.state.message == _NO_SLOT:
            holder = next(_holders(client, run), None)
            who = f"{holder.name!r} ({holder.id})" if holder else "Another run"
            told = f"{who} was still at work; the next run does what is missing."
            with suppress(ObjectNotFound):
                _tell(client, run, Cancelled(message=told))


def _cancelled_lately(client: SyncPrefectClient) -> list[FlowRun]:
    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(all_=[TAG]),
            end_time=FlowRunFilterEndTime(after_=datetime.now(UTC) - _TOLD_WITHIN),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLED])),
        )
    )


def _holders(client: SyncPrefectClient, run: FlowRun) -> Iterator[FlowRun]:
    return (one for one in _under_way(client) if one.deployment_id == run.deployment_id)


def _is_as_read(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Tell whether a run is still in the state that was read: its process may just have ended."""
    found = client.read_flow_run(run.id)
    return found.state is not None and run.state is not None and found.state.id == run.state.id


def _worker_of(run: FlowRun) -> str | None:
    name = run.labels.get("prefect.worker.name")
    return None if name is None else str(name)


def _is_of(client: SyncPrefectClient, run: FlowRun, worker: str) -> bool:
    """Tell whether a run is a worker's.

    A run is given its worker's name a moment after it was taken up; until then it can only be that
    of a worker which is alone.
    """
    name = _worker_of(run)
    if name is not None:
        return name == worker
    is_taken_up = run.state_type == StateType.PENDING and run.work_pool_name is not None
    return is_taken_up and not _online(client, run) - {worker}


def _works_here(run: FlowRun) -> bool:
    return works_here(str(run.id), run.infrastructure_pid)


def _has_ended_here(run: FlowRun) -> bool:
    """Wait for the end of a run's process, which may come after its worker's; tell if it came."""
    until = time.monotonic() + ENDING_S
    while _works_here(run):
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_S)
    return True


def _online(client: SyncPrefectClient, run: FlowRun) -> set[str]:
    """Return the names of the workers online in a run's pool."""
    try:
        workers = client.read_workers_for_work_pool(str(run.work_pool_name))
    except ObjectNotFound:
        return set()
    return {one.name for one in workers if one.status == WorkerStatus.ONLINE}


def _may_start_alone(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Tell whether a cluster starts a run without its worker, once it was asked to."""
    if run.infrastructure_pid is None:
        return False
    try:
        return client.read_work_pool(str(run.work_pool_name)).type != "process"
    except ObjectNotFound:
        return False


def _since(run: FlowRun) -> datetime:
    return run.state.timestamp if run.state else datetime.now(UTC)


def _age_s(run: FlowRun) -> float:
    return (datetime.now(UTC) - _since(run)).total_seconds()


if __name__ == "__main__":
    Caretaker(lambda: get_client(sync_client=True)).run(Event())
