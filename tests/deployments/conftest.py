"""A served kizu, and a browser to look at it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import Served

CHROMIUM = Path(os.environ.get("KIZU_CHROMIUM", "/usr/bin/chromium"))
CHROMIUM_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    one = Served(tmp_path_factory.mktemp("served"))
    one.start()
    yield one
    assert one.stop() == 0


@pytest.fixture
def page():
    """A page in a headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}; set KIZU_CHROMIUM")
    with playwright.sync_playwright() as opened:
        browser = opened.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_FLAGS))
        one = browser.new_page(viewport={"width": 1400, "height": 1400})
        one.set_default_timeout(60_000)
        yield one
        browser.close()


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("KIZU_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
