"""What all tests share: the slow mark, a store, and photos that painters can work on."""

import one_thread  # noqa: F401 - before numpy

# isort: split
import gc
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import cv2
import fsspec
import hypothesis
import numpy as np
import pytest
from bare_build import bare_build
from fsspec.implementations.memory import MemoryFileSystem
from kept import copy_store
from object_stores import azure_store, azurite, s3_endpoint, s3_store  # noqa: F401 - fixtures

from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import encode_png
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.store.keys import sha256_hex
from kizu.summary import BuildSummary

os.fsync = lambda _: None  # no test lets the power fail, and the disk takes longer than the tests

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # so a shell has it for what runs behind it, and processes that tests interrupt would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


class ObjectStore(MemoryFileSystem):
    """An object store in memory with ETags; of two who create a file exactly one succeeds."""

    protocol = "objects"
    _creating = Lock()

    def pipe_file(self, path, value, mode="overwrite", **kwargs):
        with self._creating:
            super().pipe_file(path, value, mode=mode, **kwargs)
        return self._tagged({"name": self._strip_protocol(path), "type": "file"})

    def find(self, path, *args, detail=False, **kwargs):
        found = super().find(path, *args, detail=detail, **kwargs)
        return {name: self._tagged(each) for name, each in found.items()} if detail else found

    def info(self, path, **kwargs):
        return self._tagged(super().info(path, **kwargs))

    def _tagged(self, entry):
        file = self.store.get(entry["name"]) if entry["type"] == "file" else None
        return entry if file is None else entry | {"ETag": sha256_hex(file.getvalue())}

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.replace("objects://", "memory://"))


fsspec.register_implementation("objects", ObjectStore)

hypothesis.settings.register_profile(
    "any machine",
    deadline=None,  # a busy one is slow, not wrong
    database=None,  # a failure prints its example, and to keep all others takes minutes
    max_examples=40,
)
hypothesis.settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run tests marked slow")
    parser.addoption(
        "--begin-within",
        type=float,
        metavar="MINUTES",
        help="skip, by name, what has not begun so many minutes after the start",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Take one worker more than there are cores: some tests wait for servers and processes."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """Let one worker have all tests of the flows, so that one Prefect server is started.

    Those that are slow are few in each file and long: they are shared out as xdist does.
    """
    if config.getoption("dist") != "loadfile" or config.getoption("--slow"):
        return None
    from xdist.scheduler import LoadFileScheduling

    class FlowsTogether(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "tests/flows" if file.startswith("tests/flows/") else file

    return FlowsTogether(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage in thousands of tests and libraries: all of them stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


_BEGAN = time.monotonic()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is left when the time is over, so that a run on a slow machine ends."""
    minutes = item.config.getoption("--begin-within")
    if minutes is not None and time.monotonic() - _BEGAN >= 60 * minutes:
        pytest.skip(f"not begun within {minutes:g} minutes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))


def draw_photo(seed: int, side_px: int = 96) -> RgbImage:
    """A textured surface with broad shading, different for every seed."""
    noise = np.random.default_rng(seed).normal(size=(side_px, side_px, 3)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 1.2)
    broad = cv2.GaussianBlur(noise, (0, 0), side_px / 6)
    texture = 25 * fine / fine.std() + 15 * broad / broad.std()
    return np.clip(130 + texture, 0, 255).astype(np.uint8)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


@pytest.fixture
def make_photo() -> Callable[..., RgbImage]:
    return draw_photo


def put_photos(folder: Path) -> Path:
    """Write two photos into a folder, and return it."""
    folder.mkdir()
    for name, seed in (("a.png", 1), ("b.png", 2)):
        (folder / name).write_bytes(encode_png(draw_photo(seed)))
    return folder


def plates(photos: Path) -> DatasetSpec:
    """Two defects on each photo, painted, decided by the diff alone."""
    return DatasetSpec.parse(
        {
            "name": "plates",
            "images": {"path": str(photos), "category": "plate"},
            "defects": [
                {"defect_type": "hole", "prompt": "a deep hole"},
                {"defect_type": "stain", "prompt": "a brown stain"},
            ],
            "grounding": {"annotator": "none"},
            "agree": {"without_grounding": "accept"},
        }
    )


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with two photos."""
    return put_photos(tmp_path / "photos")


@pytest.fixture
def spec(photos: Path) -> DatasetSpec:
    """Two photos, two defects, painted, decided by the diff alone."""
    return plates(photos)


class Kept(NamedTuple):
    """A dataset that was built once, for tests that only read it."""

    spec: DatasetSpec
    store: Store
    summary: BuildSummary


@pytest.fixture(scope="session")
def kept_plates(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The dataset of ``spec``, built without Prefect."""
    folder = tmp_path_factory.mktemp("plates")
    spec, store = plates(put_photos(folder / "photos")), Store(str(folder / "store"))
    _, summary = bare_build(spec, store)
    return Kept(spec, store, summary)


@pytest.fixture
def built(kept_plates: Kept, store: Store) -> BuildSummary:
    """What came of ``spec``, which was built in the store without Prefect."""
    copy_store(kept_plates.store, store)
    return kept_plates.summary
