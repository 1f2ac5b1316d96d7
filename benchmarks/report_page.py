"""How fast the report of many samples opens, and whether its memory stays flat.

Samples are made up: a few cards are drawn, the others share their files. A headless Chromium opens
the page from disk, turns its pages, searches, and looks at samples at full size.

python -m benchmarks.report_page FOLDER --samples 50000
"""

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright

from kizu.agree.verdict import EXPLANATION, Reason, Verdict
from kizu.imaging.codecs import encode_png
from kizu.report import Card, Found, Page, ShownCard, draw_card, render_page
from kizu.report.cards import CardFolder
from kizu.store import Store

CHROMIUM: Final = os.environ.get("KIZU_CHROMIUM", "/usr/bin/chromium")
DRAWN: Final = 24
"""Cards that are drawn; all others show the pictures of one of them."""
DEFECTS: Final = ("scratch", "crack", "stain", "hole", "dent")
REASONS: Final = {
    Verdict.ACCEPT: (Reason.AGREE, Reason.DIFF_ONLY_TRUSTED),
    Verdict.REVIEW: (Reason.NOT_GROUNDED, Reason.DISAGREE, Reason.UNSHARP),
    Verdict.REJECT: (Reason.NO_VISIBLE_CHANGE, Reason.SIDE_EFFECT),
}
PHOTOS_PER_SAMPLES: Final = 5
_NAME: Final = "many"
_PAGES: Final = 60
"""Turned, each with other pictures, before memory is looked at again."""


def write_many(
    store: Store, count: int, size: tuple[int, int] = (384, 512), most_drawn: int = DRAWN
) -> Path:
    """Write the report of a dataset of made-up samples; return its page.

    Args:
        store: Where it goes; a folder of this disk.
        count: Samples.
        size: (height, width) px of their images.
        most_drawn: Cards to draw.
    """
    drawn = [_draw(store, number, size) for number in range(most_drawn)]
    cards = [_copy(drawn[number % most_drawn], number) for number in range(count)]
    page = f"reports/{_NAME}/v1/index.html"
    html = render_page(Page(_NAME, "v1", facts=(("Samples", str(count)),), cards=cards))
    store.write(page, html.encode())
    return Path(store.address(page))


def _draw(store: Store, number: int, size: tuple[int, int]) -> ShownCard:
    """Draw one card; its files are in the store."""
    verdict = list(Verdict)[number % 3]
    reason = REASONS[verdict][number // 3 % len(REASONS[verdict])]
    normal, edited, mask = _pictures(number, size)
    boxes = np.array([[*np.argwhere(mask).min(0)[::-1], *np.argwhere(mask).max(0)[::-1]]])
    heat = cv2.GaussianBlur(mask.astype(np.float32) * 60, (0, 0), 3)
    card = Card(
        sample_id=f"drawn-{number}",
        defect_type=DEFECTS[number % len(DEFECTS)],
        prompt=f"a {DEFECTS[number % len(DEFECTS)]} on the part",
        verdict=verdict,
        reason=reason.value,
        explanation=EXPLANATION[reason],
        metrics={"area_fraction": float(mask.mean()), "score": 0.0, "mask_iou": 0.5},
        normal=normal,
        edited=edited,
        anomaly_map=heat,
        mask=mask,
        found=(
            (Found("clipseg", boxes.astype(np.float32), mask, ("dent 0.61",), ("dent",)),)
            if number % 2
            else ()
        ),
    )
    pictures, key = draw_card(card), f"{number:02x}{'0' * 18}"
    CardFolder(store, _NAME).write(key, pictures)
    addresses = {}
    for name, data in {"image": edited, "normal": normal}.items():
        path = f"datasets/{_NAME}/files/images/{name}-{number}.png"
        store.write(path, encode_png(data))
        addresses[name] = f"../../../{path}"
    return ShownCard(pictures.words, key=key, **addresses)


def _pictures(number: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a grained surface, the same with a dark blot, and where that is."""
    height, width = size
    noise = np.random.default_rng(number).normal(size=(height, width, 1)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 1.2)[..., None]
    normal = np.clip(130 + 12 * fine / fine.std() + (0, 4, 8), 0, 255).astype(np.uint8)
    middle = int(width * (0.2 + 0.6 * (number * 0.37 % 1))), int(height * (0.3 + 0.02 * number))
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, middle, (width // 40 + number, height // 60 + 2), 30 * number, 0, 360, 1, -1)
    return normal, np.where(mask[..., None] > 0, normal // 3, normal), mask > 0


def _copy(drawn: ShownCard, number: int) -> ShownCard:
    """Return a sample of its own that shows the pictures of another."""
    rng = np.random.default_rng(number)
    words = drawn.words
    photo = f"line-{number % 3}/part_{number // PHOTOS_PER_SAMPLES:05}.png"
    metrics = {
        **words.metrics,
        "score": round(float(rng.random()), 4),
        "strength": round(float(rng.gamma(3, 3)), 3),
        **{name: round(float(rng.random()), 4) for name in ("mask_iou", "box_iou", "boundary_f")},
    }
    named = {"sample_id": f"part_{number:05}_{words.defect_type}_000_{number * 7919:08x}"}
    return replace(drawn, words=replace(words, photo=photo, metrics=metrics, **named))


def measure(tab: Tab, page: Path) -> Iterator[tuple[str, float, str]]:
    """Yield figures: name, value, unit."""
    session = tab.context.new_cdp_session(tab)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    started = time.perf_counter()
    tab.goto(page.as_uri())
    tab.wait_for_function("document.querySelector('.strip img')?.complete")
    told = {
        each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]
    }
    yield "opened, CPU of the page's thread", told["TaskDuration"], "s"
    yield "opened, first pictures shown", time.perf_counter() - started, "s"
    yield "page", page.stat().st_size / 2**20, "MiB"
    before = _memory(tab)
    yield "script's memory", before, "MiB"
    yield "elements", tab.evaluate("document.querySelectorAll('*').length"), ""
    for _ in range(_PAGES):
        tab.click("#page-after")
        tab.wait_for_function("[...document.images].slice(0, 4).every((one) => one.complete)")
    yield f"script's memory after {_PAGES} pages", _memory(tab), "MiB"
    yield (
        f"elements after {_PAGES} pages",
        tab.evaluate("document.querySelectorAll('*').length"),
        "",
    )
    for name, action in {
        "filter by verdict": "document.querySelector('input[value=reject]').click()",
        "search a name": "((q) => { q.value = 'part_00042'; q.dispatchEvent(new Event('input',"
        " { bubbles: true })); })(document.querySelector('[name=q]'))",
    }.items():
        yield name, _timed(tab, action), "ms"


def _memory(tab: Tab) -> float:
    """Return MiB of the script's objects, without what is garbage."""
    session = tab.context.new_cdp_session(tab)
    session.send("HeapProfiler.collectGarbage")
    usage: dict[str, Any] = session.send("Runtime.getHeapUsage")
    return float(usage["usedSize"]) / 2**20


def _timed(tab: Tab, action: str) -> float:
    return float(
        tab.evaluate(
            f"() => {{ const t = performance.now(); {action}; return performance.now() - t; }}"
        )
    )


def main() -> None:
    """Write the report and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=50_000)
    options = parser.parse_args()
    started = time.process_time()
    page = write_many(Store(options.folder), options.samples)
    print(f"written in {time.process_time() - started:.1f} s of CPU: {page}")
    with sync_playwright() as opened:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = opened.chromium.launch(executable_path=CHROMIUM, args=flags)
        for name, value, unit in measure(browser.new_page(), page):
            print(f"{name:40} {value:10.1f} {unit}")
        browser.close()


if __name__ == "__main__":
    main()
