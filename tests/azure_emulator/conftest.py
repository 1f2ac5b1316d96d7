"""A running emulator, the environment that points at it, and everything a purchase needs."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from kizu.billing.admission import CallGate
from kizu.billing.budget import BudgetSpec
from kizu.billing.ledger import Ledger
from kizu.cancellation import CancelToken
from kizu.edit.flux import FluxSettings
from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.openai_images.settings import ImageServiceSettings
from kizu.edit.request import EditRequest
from kizu.emulator import Emulator, EmulatorSettings
from kizu.emulator.settings import KEY
from kizu.stages.obtain import obtain_edit
from kizu.store import Store

FAST = {
    GptImageSettings: {"name": "gpt-image", "images_per_minute": 60_000, "quality": "low"},
    FluxSettings: {"name": "flux", "images_per_minute": 60_000},
}


def quick_paint(job):
    """A dark disc: as good as a scratch where only the money matters."""
    picture = job.picture.copy()
    centre = (picture.shape[1] // 2, picture.shape[0] // 2)
    cv2.circle(picture, centre, 40, (60, 50, 40), -1)
    return picture


@pytest.fixture
def start_emulator(monkeypatch):
    """Return a function that starts an emulator and points the environment at it."""
    running = []

    def start(**settings):
        emulator = Emulator(replace(EmulatorSettings(paint=quick_paint), **settings))
        context = emulator.running()
        context.__enter__()
        running.append(context)
        for service in ("AZURE_OPENAI", "AZURE_AI"):
            monkeypatch.setenv(f"{service}_ENDPOINT", emulator.endpoint)
            monkeypatch.setenv(f"{service}_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_API_VERSION", "2025-04-01-preview")
        return emulator

    yield start
    for context in running:
        context.__exit__(None, None, None)


@dataclass
class Shop:
    """One worker's way to buy edits."""

    store: Store
    settings: ImageServiceSettings
    budget: BudgetSpec
    run: str

    def __post_init__(self):
        self.editor = self.settings.make()
        self.ledger = Ledger(self.store)
        self.cancel = CancelToken(self.store, self.run)
        self.gate = CallGate(self.ledger, "plates", self.budget, self.editor.limits, self.cancel)
        noise = np.random.default_rng(0).integers(90, 160, (8, 8, 3), dtype=np.uint8)
        self.photo = cv2.resize(noise, (640, 640), interpolation=cv2.INTER_CUBIC)

    def request(self, number=0, prompt="a deep hole"):
        emulated = {"emulated": True} if self.editor.limits.emulated else {}
        return EditRequest(
            normal_sha256="ab" * 32,
            ask={"prompt": prompt, "region": None, "area": None, "draw": 0.5},
            editor={"name": self.settings.shaping()["name"], **emulated},
            variant=number,
            seed=0,
        )

    def buy(self, number=0, region=None, prompt="a deep hole"):
        request = self.request(number, prompt)
        return obtain_edit(self.store, self.editor, request, self.photo, region, self.gate)

    def ends(self):
        return [end for _, _, end in self.ledger.entries()]


@pytest.fixture
def open_shop(tmp_path: Path):
    """Return a function that opens one more worker's shop on the same store."""
    opened = []

    def open_one(budget=None, run=None, url=None, editor=GptImageSettings, **settings):
        parsed = editor.model_validate({**FAST[editor], **settings})
        name = run or f"run {len(opened)}"
        store = Store(url or str(tmp_path / "store"))
        shop = Shop(store, parsed, BudgetSpec.model_validate(budget or {}), name)
        opened.append(shop)
        return shop

    yield open_one
    for shop in opened:
        shop.editor.close()
