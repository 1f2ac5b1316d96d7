"""Runs of one dataset, as a real server knows them, take turns."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.states import Completed, Crashed, Failed, Running, Suspended

from tasks import turns
from tasks.labels import dataset_tag


@flow
def some_build():
    pass


@pytest.fixture
def client() -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def begin(client) -> Iterator[Callable[[str], UUID]]:
    """Let the server know of a run of a dataset, at work since now."""
    begun = []

    def run(dataset: str) -> UUID:
        made = client.create_flow_run(some_build, tags=[dataset_tag(dataset)], state=Running())
        begun.append(made.id)
        return made.id

    yield run
    for run_id in begun:
        client.set_flow_run_state(run_id, Completed(), force=True)


@pytest.fixture
def take_turn(monkeypatch, spec):
    """Let a run of a dataset wait for its turn; return what it told and how often it waited."""
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "a deployment")

    def take(run: UUID, dataset=spec, meanwhile=()):
        told, left = [], iter(meanwhile)
        monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__ID", str(run))
        monkeypatch.setattr(turns, "get_run_logger", lambda: Telling(told))
        monkeypatch.setattr(turns.time, "sleep", lambda _: next(left)())
        turns.wait_for_turn(dataset)
        return told, len([*meanwhile]) - len([*left])

    return take


class Telling:
    """A logger that keeps what it is told."""

    def __init__(self, told: list[str]) -> None:
        self.warning = told.append


def nothing() -> None:
    """What happens while a run waits in vain."""


@pytest.mark.parametrize("end", [Completed, Failed, Crashed, Suspended])
def test_a_run_waits_until_the_one_at_work_on_its_dataset_ends(client, spec, begin, take_turn, end):
    first, second = begin(spec.name), begin(spec.name)
    name = client.read_flow_run(first).name

    def end_first() -> None:
        client.set_flow_run_state(first, end(), force=True)

    told, waited = take_turn(second, meanwhile=[nothing, end_first])
    assert waited == 2
    [sentence] = told
    assert sentence.startswith(f"{name} is at work on {spec.name} already")


def test_a_run_waits_for_nobody_who_came_later_or_builds_another_dataset(begin, spec, take_turn):
    begin("another")
    first = begin(spec.name)
    begin(spec.name)
    assert take_turn(first) == ([], 0)


def test_a_retried_run_waits_for_what_began_since_it_failed(client, spec, begin, take_turn):
    failed = begin(spec.name)
    client.set_flow_run_state(failed, Failed(), force=True)
    meanwhile = begin(spec.name)
    client.set_flow_run_state(failed, Running(), force=True)
    told, _ = take_turn(
        failed,
        meanwhile=[lambda: client.set_flow_run_state(meanwhile, Completed(), force=True)],
    )
    assert client.read_flow_run(meanwhile).name in told[0]


def test_a_build_of_the_command_line_waits_for_nobody(spec, begin, take_turn, monkeypatch):
    begin(spec.name)
    monkeypatch.delenv("PREFECT__RUNTIME__DEPLOYMENT__ID")
    take = take_turn(begin(spec.name))
    assert take == ([], 0)
