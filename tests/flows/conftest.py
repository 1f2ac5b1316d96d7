"""A Prefect server of its own for the flow tests."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from prefect import State
from republished import changed
from tiny_models.dino import grounding_dino_folder  # noqa: F401 - a fixture
from tiny_models.grounding import tiny_grounding  # noqa: F401 - a fixture
from tiny_models.sam import sam_folder  # noqa: F401 - a fixture

from deployments import own_server
from flows.build import build_dataset
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.summary import BuildSummary, SamplesFailedError

SERVERS: list[ExitStack] = []
"""What ends the server, while there is one."""


def serve() -> None:
    """Start the server, unless it is there."""
    if not SERVERS:
        SERVERS.append(ExitStack())
        SERVERS[0].enter_context(own_server.prefect_server())


@pytest.fixture(autouse=True)
def prefect_server() -> None:
    serve()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """End the server where the next test is of another folder: an idle one goes on using a core."""
    yield
    if SERVERS and (nextitem is None or nextitem.path.parent != Path(__file__).parent):
        SERVERS.pop().close()


@pytest.fixture
def old_photos(photos: Path) -> Path:
    """The photos, of long ago: fresh ones are read, and noted, at the second build as well."""
    for photo in photos.iterdir():
        os.utime(photo, (0, 0))
    return photos


@pytest.fixture(scope="session")
def run_flow() -> Callable[..., tuple[State, BuildSummary]]:
    """Run the flow on a store and return its final state with the summary it carries."""

    def run(spec: DatasetSpec, url: str, **options) -> tuple[State, BuildSummary]:
        serve()  # what is kept of a session is made before any test
        state = build_dataset(spec, store_url=url, **options, return_state=True)
        result = state.result(raise_on_failure=False)
        if isinstance(result, SamplesFailedError):
            return state, result.summary
        return state, BuildSummary.model_validate(result)

    return run


@pytest.fixture
def build(run_flow, store: Store) -> Callable[..., tuple[State, BuildSummary]]:
    """Run the flow on the test's own store."""
    return lambda spec, url=store.url, **options: run_flow(spec, url, **options)


class ByFlow(NamedTuple):
    """What the flow made of the kept plates, for tests that only read it."""

    state: State
    summary: BuildSummary
    store: Store


@pytest.fixture(scope="session")
def by_flow(run_flow, kept_plates, tmp_path_factory) -> ByFlow:
    """The kept plates, at another place, built by the flow in shards of three."""
    folder = tmp_path_factory.mktemp("by flow")
    shutil.copytree(kept_plates.spec.images.path, folder / "moved photos")
    store = Store(str(folder / "store"))
    images = {"path": str(folder / "moved photos"), "category": "plate"}
    state, summary = run_flow(changed(kept_plates.spec, images=images), store.url, shard_size=3)
    return ByFlow(state, summary, store)
