"""What other web pages get from ``kizu serve`` as it starts by default, in a real browser."""

import pytest
from browser import CHROMIUM

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def other_pages():
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}; set KIZU_CHROMIUM")
    from benchmarks.attack import other_pages

    return other_pages


def test_no_other_page_gets_anything(served, other_pages):
    files = f"http://127.0.0.1:{served.files_port}"
    target = other_pages.Target(served.url, files)
    other_pages.prepare(target)
    assert other_pages.attack(target) == {
        "another_site": [],
        "another_port": [],
        "no_origin": [],
        "rebound_name": [],
    }


def test_the_same_pages_get_into_prefects_own_server(tmp_path, other_pages):
    with other_pages.started(tmp_path, plain=True) as target:
        other_pages.prepare(target)
        found = other_pages.attack(target)
    everything = {"secret", "settings", "events in", "events out", "logs out", "frame"}
    for place in ("another_site", "another_port", "no_origin"):
        assert everything | {"variable json", "variable untyped"} <= set(found[place]), place
    assert found["rebound_name"] == ["server: page", "server: data"]
