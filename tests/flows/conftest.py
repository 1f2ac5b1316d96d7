"""A Prefect server of its own for the flow tests."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prefect import State
from tiny_models.dino import grounding_dino_folder  # noqa: F401 - a fixture
from tiny_models.grounding import tiny_grounding  # noqa: F401 - a fixture
from tiny_models.sam import sam_folder  # noqa: F401 - a fixture

from deployments import own_server
from flows.build import build_dataset
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.summary import BuildSummary, SamplesFailedError


@pytest.fixture(scope="session", autouse=True)
def prefect_server() -> Iterator[None]:
    with own_server.prefect_server():
        yield


@pytest.fixture
def old_photos(photos: Path) -> Path:
    """The photos, of long ago: fresh ones are read, and noted, at the second build as well."""
    for photo in photos.iterdir():
        os.utime(photo, (0, 0))
    return photos


@pytest.fixture
def build(store: Store) -> Callable[..., tuple[State, BuildSummary]]:
    """Run the flow and return its final state with the summary it carries."""

    def run(spec: DatasetSpec, url: str = store.url, **options) -> tuple[State, BuildSummary]:
        state = build_dataset(spec, store_url=url, **options, return_state=True)
        result = state.result(raise_on_failure=False)
        if isinstance(result, SamplesFailedError):
            return state, result.summary
        return state, BuildSummary.model_validate(result)

    return run
