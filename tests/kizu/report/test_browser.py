import shutil
import subprocess

import numpy as np
import pytest

from kizu.report import Card, Page, draw_card, render_page

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
GREY = np.full((48, 64, 3), 128, np.uint8)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the path")
def test_address_restores_filter_and_large_view_in_a_real_browser(tmp_path):
    cards = [
        draw_card(Card(name, "scratch", "", verdict, "agree", "", {}, GREY, GREY))
        for name, verdict in (("a", "accept"), ("b", "review"))
    ]
    file = tmp_path / "report.html"
    file.write_text(render_page(Page("tiles", "v1", cards=cards)), encoding="utf-8")
    answer = subprocess.run(  # noqa: S603 - our own page
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=2000",
            "--dump-dom",
            f"{file.as_uri()}#verdict=review&open=b",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "1 of 2 samples" in answer.stdout
    assert answer.stdout.count("<article") == 2
    assert 'id="viewer-place">1 / 1<' in answer.stdout
