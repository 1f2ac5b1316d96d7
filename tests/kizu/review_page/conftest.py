"""A dataset that is built once, and a copy of its store for every test."""

import shutil

import pytest
from browser import page  # noqa: F401 - a fixture
from reviewed import built, client_of, spec_of

from kizu.review_page.session import ReviewSession
from kizu.store import Store


def build_once(folder, **fields):
    folder.mkdir(exist_ok=True)
    spec = spec_of(folder / "photos", photos=3, side_px=96, **fields)
    built(Store(str(folder / "store")), spec)
    return folder / "store"


@pytest.fixture(scope="session")
def accepting_store(tmp_path_factory):
    """Twelve samples: holes, stains and some others accepted, the rest too faint to be."""
    return build_once(tmp_path_factory.mktemp("accepting"))


@pytest.fixture(scope="session")
def holding_store(tmp_path_factory):
    """The same samples, the clear ones held back because no annotator looked."""
    agree = {"without_grounding": "review"}
    return build_once(tmp_path_factory.mktemp("holding"), agree=agree)


def copy_of(built_store, tmp_path):
    return Store(shutil.copytree(built_store, tmp_path / "store"))


@pytest.fixture(scope="session")
def modest_store(tmp_path_factory):
    """The same samples as in the first; two random photographs prove all that is asked for."""
    agree = {"without_grounding": "accept", "max_wrong": 0.4, "confidence": 0.55}
    return build_once(tmp_path_factory.mktemp("modest"), agree=agree)


@pytest.fixture
def modest(modest_store, tmp_path):
    return copy_of(modest_store, tmp_path / "modest")


@pytest.fixture
def store(accepting_store, tmp_path):
    return copy_of(accepting_store, tmp_path)


@pytest.fixture
def held_back(holding_store, tmp_path):
    return copy_of(holding_store, tmp_path / "held_back")


@pytest.fixture
def session(store):
    return ReviewSession(store, "plates")


@pytest.fixture
def client(session):
    return client_of(session)
