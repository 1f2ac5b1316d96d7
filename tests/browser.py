"""A headless Chromium for the tests that look at pages."""

import os
from pathlib import Path

import pytest
from served import PATIENCE_S

CHROMIUM = Path(os.environ.get("KIZU_CHROMIUM", "/usr/bin/chromium"))
CHROMIUM_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture
def page():
    """A page in a headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}; set KIZU_CHROMIUM")
    with playwright.sync_playwright() as opened:
        browser = opened.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_FLAGS))
        one = browser.new_page(viewport={"width": 1400, "height": 1400})
        one.set_default_timeout(1000 * PATIENCE_S)
        yield one
        browser.close()


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("KIZU_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
