"""Which runs nobody works on any more, and what becomes of them, against a real server."""

import os
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from threading import Event
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, StateType, Worker, WorkerStatus
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Pending, Running, Submitting

from deployments.abandoned import START_S, STOPPED_BEFORE, Caretaker, OwnWorker, is_left_by
from deployments.run_processes import works_here

NOW = timedelta(0)
LATELY = timedelta(seconds=1)
LONG_AGO = timedelta(seconds=START_S + 60)


def before(age: timedelta) -> datetime:
    """The time that was so long before now, whenever the test has its turn."""
    return datetime.now(UTC) - age


def run_in(state) -> FlowRun:
    return FlowRun(flow_id=uuid4(), state=state, state_type=state.type)


@pytest.mark.parametrize("state", [Pending, Running])
@pytest.mark.parametrize(("taken_up", "left"), [(LONG_AGO, True), (NOW, False)])
def test_what_was_taken_up_before_the_worker_started_is_left(state, taken_up, left):
    own = OwnWorker("here", before(timedelta(seconds=30)))
    assert is_left_by(own, run_in(state(timestamp=before(taken_up)))) is left


def test_a_worker_that_never_started_is_at_no_run():
    assert is_left_by(OwnWorker("here", None), run_in(Pending(timestamp=before(NOW))))


@pytest.mark.parametrize(("state", "left"), [(Pending, True), (Running, False)])
def test_what_has_not_begun_for_long_is_left_even_if_its_worker_lives(state, left):
    own = OwnWorker("here", before(2 * LONG_AGO))
    assert is_left_by(own, run_in(state(timestamp=before(LONG_AGO)))) is left
    assert not is_left_by(own, run_in(state(timestamp=before(LATELY))))


@pytest.fixture
def busy():
    """The id of a run that a process works on, and the process's."""
    run_id = str(uuid4())
    env = {**os.environ, "PREFECT__FLOW_RUN_ID": run_id}
    code = "print(flush=True); input()"
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", code], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as one:
        one.stdout.readline()
        yield run_id, one
        one.kill()


def test_a_run_is_worked_on_while_a_process_of_it_lives(busy):
    run_id, process = busy
    assert works_here(run_id, None)
    assert not works_here(str(uuid4()), None)
    process.kill()
    process.wait()
    assert not works_here(run_id, str(process.pid))


def test_where_environments_are_not_shown_the_recorded_process_counts(busy, monkeypatch, tmp_path):
    monkeypatch.setattr("deployments.run_processes._PROC", tmp_path / "none")
    run_id, process = busy
    assert works_here(run_id, str(process.pid))
    assert not works_here(run_id, None)
    assert not works_here(run_id, "no process")
    process.kill()
    process.wait()
    assert not works_here(run_id, str(process.pid))


@pytest.mark.parametrize("trouble", [ObjectNotFound(OSError()), ValueError("no JSON"), OSError()])
def test_whatever_goes_wrong_with_one_look_there_is_a_next_one(trouble, monkeypatch):
    monkeypatch.setattr("deployments.abandoned.LOOK_EVERY_S", 0.0)
    stop, looks = Event(), []

    def connect():
        looks.append(1)
        if len(looks) > 1:
            stop.set()
        raise trouble

    Caretaker(connect).run(stop)
    assert len(looks) > 1


class OneRun:
    """A server's client with one run, which may go on or end after it was read."""

    def __init__(self, run, now, *, workers=()):
        self.run, self.now, self.told, self.said = run, now, [], []
        self.workers = workers

    def read_flow_runs(self, *, flow_run_filter):
        return [self.run] if StateType.RUNNING in flow_run_filter.state.type.any_ else []

    def read_workers_for_work_pool(self, _):
        return [
            Worker(name=name, work_pool_id=uuid4(), status=WorkerStatus.ONLINE)
            for name in self.workers
        ]

    def read_flow_run(self, run_id):
        assert run_id == self.run.id
        return self.now

    def read_flow_run_states(self, _):
        return [self.run.state]

    def set_flow_run_state(self, _, state, *, force):
        assert force
        self.told.append(state.type)
        self.said.append(state.message)

    def create_logs(self, lines):
        pass


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("act", [Caretaker.look, Caretaker.let_go])
def test_a_run_that_has_ended_since_it_was_read_keeps_its_state(act, ends):
    run = run_in(Running(timestamp=before(LONG_AGO)))
    run.labels["prefect.worker.name"] = "here"
    client = OneRun(run, run.model_copy(update={"state": Completed()}) if ends else run)
    act(Caretaker(lambda: nullcontext(client), lambda: OwnWorker("here", before(NOW))))
    ended = StateType.CRASHED if act is Caretaker.look else StateType.CANCELLED
    assert client.told == ([] if ends else [ended])


def taken_up(state=Pending, age=LATELY):
    """A run that a worker has taken up and not yet named itself to."""
    return run_in(state(timestamp=before(age))).model_copy(update={"work_pool_name": "kizu"})


def test_a_run_that_went_on_until_its_process_ended_is_let_go_as_it_was_left():
    run, now = taken_up(), taken_up(Submitting, NOW)
    run.labels["prefect.worker.name"] = "here"
    client = OneRun(run, now.model_copy(update={"id": run.id}))
    Caretaker(lambda: nullcontext(client), lambda: OwnWorker("here", before(LONG_AGO))).let_go()
    assert client.said == [STOPPED_BEFORE]


@pytest.mark.parametrize(("workers", "is_own"), [([], True), (["here"], True), (["there"], False)])
@pytest.mark.parametrize(("act", "started"), [(Caretaker.look, NOW), (Caretaker.let_go, LONG_AGO)])
def test_a_run_without_its_workers_name_is_that_of_the_only_worker(act, started, workers, is_own):
    run = taken_up()
    client = OneRun(run, run, workers=workers)
    act(Caretaker(lambda: nullcontext(client), lambda: OwnWorker("here", before(started))))
    assert client.told == ([StateType.SCHEDULED] if is_own else [])
