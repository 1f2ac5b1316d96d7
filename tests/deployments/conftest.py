"""A served kizu, and a browser to look at it."""

from collections.abc import Iterator
from threading import Event, Semaphore

import cv2
import pytest
from browser import page, screenshots  # noqa: F401 - fixtures
from served import Served

from kizu.emulator import Emulator, EmulatorSettings
from kizu.emulator.settings import KEY
from kizu.spec import DatasetSpec


class Azure(Emulator):
    """The image service; for one defect it can be down, and it can be told to keep all waiting."""

    def __init__(self) -> None:
        super().__init__(EmulatorSettings(paint=self._paint))
        self.down_for: str | None = None
        self.painted = {"hole": 0, "stain": 0}
        self._open = Event()
        self._open.set()
        self._passes = Semaphore(0)

    def hold_after(self, edits: int) -> None:
        """Answer so many calls more; keep all others waiting."""
        self._passes = Semaphore(edits)
        self._open.clear()

    def release(self) -> None:
        """Answer all calls, those that wait included."""
        self._open.set()

    def _paint(self, job):
        if not (self._open.is_set() or self._passes.acquire(blocking=False)):
            self._open.wait()
        kind = "hole" if "deep hole" in job.call.prompt else "stain"
        if kind == self.down_for:
            raise ConnectionError("down")
        self.painted[kind] += 1
        picture = job.picture.copy()
        centre = (picture.shape[1] // 2, picture.shape[0] // 2)
        cv2.circle(picture, centre, 60, (60, 50, 40), -1)
        return picture


@pytest.fixture(scope="module")
def azure() -> Iterator[Azure]:
    one = Azure()
    with one.running():
        yield one


@pytest.fixture
def paid_spec(spec: DatasetSpec) -> dict:
    """The spec of all tests, with the paid editor."""
    editor = {"name": "gpt-image", "quality": "low", "images_per_minute": 6000, "max_attempts": 2}
    return spec.model_dump(mode="json") | {"name": "paid", "editor": editor}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, azure: Azure) -> Iterator[Served]:
    env = {"AZURE_OPENAI_ENDPOINT": azure.endpoint, "AZURE_OPENAI_API_KEY": KEY}
    one = Served(tmp_path_factory.mktemp("served"), env=env)
    one.start()
    yield one
    assert one.stop() == 0
