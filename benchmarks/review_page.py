"""How fast the review page is on a long queue: its start, the first picture, and the next ones.

A few painted samples are copied under keys of their own until there are enough of them; the copies
share their files. A headless Chromium then judges some of them by keyboard.

python benchmarks/review_page.py FOLDER --samples 5000 --side 1024
"""

import argparse
import os
import socket
import statistics
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Final

import cv2
import numpy as np
import uvicorn
from playwright.sync_api import Page, sync_playwright

from kizu.cancellation import CancelToken
from kizu.edit.editor import Edit
from kizu.edit.storage import read_picture, save_edit
from kizu.imaging.codecs import encode_png
from kizu.outputs import SampleOutputs
from kizu.planning import plan_samples
from kizu.publish.version import choose_version
from kizu.review_page.app import review_app
from kizu.review_page.safety import access_for
from kizu.review_page.session import ReviewSession
from kizu.samples import PlannedSample
from kizu.shards import Shard, save_shards
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.stages import ANNOTATION_STAGES, STAGES, StageRun, run_stage
from kizu.store import Store, keyed
from kizu.store.keys import sha256_hex

PHOTOS: Final = 5
"""Painted samples are made of so many photos, with four defects each; the rest are copies."""
THINKING_S: Final = 0.4  # a quick reviewer's pause, in which the next pictures are loaded
CHROMIUM: Final = os.environ.get("KIZU_CHROMIUM", "/usr/bin/chromium")

NEXT_MS: Final = """
key => new Promise((resolve) => {
  setTimeout(() => resolve(NaN), 5000);
  const begun = performance.now();
  new MutationObserver((_, observer) => {
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - begun)));
  }).observe(document.getElementById("single"), { attributeFilter: ["data-number"] });
  window.dispatchEvent(new KeyboardEvent("keydown", { key, code: `Key${key.toUpperCase()}` }));
})
"""
"""From a key that decides until the next sample is painted; the decision is stored in between."""


def make_spec(folder: Path, side_px: int) -> DatasetSpec:
    """Write photos, and return a spec of painted defects on them."""
    photos = folder / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    for number in range(PHOTOS):
        (photos / f"{number}.png").write_bytes(encode_png(_surface(number, side_px)))
    prompts = {"hole": "a deep hole", "stain": "a brown stain", "crack": "a branching crack"}
    return DatasetSpec.parse(
        {
            "name": "queue",
            "images": {"path": str(photos)},
            "defects": [{"defect_type": kind, "prompt": text} for kind, text in prompts.items()],
            "grounding": {"annotator": "none"},
            "agree": {"without_grounding": "accept"},
        }
    )


def _surface(seed: int, side_px: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(side_px, side_px, 3)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 1.2)
    return np.clip(130 + 12 * fine / fine.std(), 0, 255).astype(np.uint8)


def build(store: Store, spec: DatasetSpec, count: int) -> None:
    """Make a build of so many judged samples."""
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    made = plan_samples(spec, images)
    run = StageRun(store, CancelToken(store, "benchmark"))
    for shard in save_shards(made, spec, (), store, 16):
        for stage in STAGES:
            run_stage(stage, shard, run)
    copies = list(_copies(store, spec, made, count))
    choose_version(spec, images, save_shards(copies, spec, (), store, 16), store)


def _copies(
    store: Store, spec: DatasetSpec, made: Sequence[PlannedSample], count: int
) -> Iterator[PlannedSample]:
    shard = Shard(spec=spec, annotators=(), samples=())
    for number in range(count):
        original = made[number % len(made)]
        request = original.request.model_copy(update={"variant": 1000 + number})
        photo = replace(original.normal, sha256=sha256_hex(f"photo {number}".encode()))
        place = Path(store.address(photo.path))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.hardlink_to(store.address(original.normal.path))
        sample = original.model_copy(
            update={"sample_id": f"sample-{number}", "request": request, "normal": photo}
        )
        _copy_outputs(SampleOutputs(store, shard, original), SampleOutputs(store, shard, sample))
        yield sample


def _copy_outputs(original: SampleOutputs, copy: SampleOutputs) -> None:
    """Store a picture of the same pixels in another file, and link what was made of it."""
    store, request = copy.store, copy.sample.request
    picture = _noted(read_picture(store, original.picture), request.variant)
    edit = Edit(picture, model=original.picture.model, cost_usd=0.0)
    save_edit(store, request, edit, original.picture.geometry)
    for stage in ANNOTATION_STAGES:
        if not stage.is_done(copy):
            _link(store, stage.name, stage.key(original), stage.key(copy))


def _link(store: Store, stage: str, key: str, copy: str) -> None:
    source, target = (store.local_folder(keyed(f"stages/{stage}", one)) for one in (key, copy))
    if source is None or target is None:
        raise SystemExit("the store has to be a folder of this disk")
    for file in source.iterdir():
        (target / file.name).hardlink_to(file)


def _noted(png: bytes, number: int) -> bytes:
    """Return a PNG file with a number in it that no pixel shows."""
    body = b"tEXt" + b"Comment\0" + str(number).encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:33] + chunk + png[33:]  # behind the header


def serve(session: ReviewSession) -> str:
    """Serve the page from a thread on a free port; return its address."""
    app = review_app(session, access_for("127.0.0.1"))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/"


def first_picture_ms(page: Page, address: str) -> float:
    """Return the time from opening the page until its first picture is painted."""
    page.goto(address)
    page.wait_for_selector("#single[data-number]")
    painted = "new Promise(done => requestAnimationFrame(() => done(performance.now())))"
    return float(page.evaluate(painted))


def next_ms(page: Page, turns: int, pause_s: float) -> list[float]:
    """Return the times of so many decisions, each until the next sample is painted."""
    found = []
    for _ in range(turns):
        time.sleep(pause_s)
        page.wait_for_selector("body[aria-busy=false]")
        found.append(float(page.evaluate(NEXT_MS, "a")))
    return found


def told(name: str, times_ms: Sequence[float]) -> str:
    """Return median, 95th percentile and slowest of some times, as a line."""
    ordered = sorted(times_ms)
    late = ordered[int(0.95 * (len(ordered) - 1))]
    median = statistics.median(ordered)
    return f"{name}: median {median:.0f} ms, 95 % {late:.0f} ms, most {ordered[-1]:.0f} ms"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--side", type=int, default=1024)
    asked = parser.parse_args()
    store = Store(str(asked.folder / "store"))
    if not store.exists("builds/last/queue.json"):
        build(store, make_spec(asked.folder, asked.side), asked.samples)
    begun = time.perf_counter()
    session = ReviewSession(store, "queue")
    print(f"{asked.samples} samples of {asked.side} px; open: {time.perf_counter() - begun:.1f} s")
    address = serve(session)
    flags = ["--headless", "--no-sandbox", "--disable-gpu"]
    with sync_playwright() as opened:
        browser = opened.chromium.launch(executable_path=CHROMIUM, args=flags)
        firsts = []
        for _ in range(5):
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            page.add_init_script("localStorage.setItem('kizu-reviewer', 'benchmark')")
            firsts.append(first_picture_ms(page, address))
        print(told("first picture", firsts))
        print(told(f"next, {THINKING_S} s apart", next_ms(page, 30, THINKING_S)))
        print(told("next, at once", next_ms(page, 20, 0.0)))
        browser.close()


if __name__ == "__main__":
    main()
