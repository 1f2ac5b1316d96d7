"""One build, three ways to look at it: its photos, its stub of a paid editor, its bare loop.

The stub stands in for a paid editor: it waits as long as a call is to take, a hundredth of what a
real one takes, and paints a square.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from unittest.mock import patch

import cv2
import numpy as np

from kizu.edit.editor import Edit
from kizu.edit.painter.editor import PainterEditor
from kizu.edit.painter.settings import PainterSettings
from kizu.edit.request import EditRequest
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import encode_png
from kizu.planning import estimate_build
from kizu.shards import ShardRef
from kizu.spec import DatasetSpec
from kizu.stages import STAGES
from kizu.store import Store
from tasks import intake, plan, publish, report
from tasks.stage import STAGE_TASKS

VARIANTS = 8


class StubEditor(PainterEditor):
    """Waits, then answers with a dark square in the middle of the photo."""

    def __init__(self, latency_s: float, per_minute: float = 0.0) -> None:
        """Take so long for each edit, and start so many a minute at most; 0 for no quota."""
        super().__init__()
        self._latency_s = latency_s
        self._gap_s = 60 / per_minute if per_minute else 0.0
        self._next_start = 0.0
        self._lock = Lock()

    def edit(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> Edit:  # noqa: ARG002 - the Protocol's
        """Make one edit."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next_start)
            self._next_start = start + self._gap_s
        time.sleep(start - now + self._latency_s)
        edited = picture.copy()
        middle = picture.shape[0] // 2
        edited[middle - 8 : middle + 8, middle - 8 : middle + 8] //= 3
        return Edit(encode_png(edited), model="stub", cost_usd=0.0)


@contextmanager
def stub_in_place(stub: StubEditor) -> Iterator[None]:
    """Let the stub answer for the painter while the block runs."""
    cv2.setNumThreads(1)
    with patch.object(PainterSettings, "make", lambda *_: stub):
        yield


def write_photos(folder: Path, samples: int, side_px: int) -> DatasetSpec:
    """Write as many different photos as the samples need, and describe the dataset."""
    folder.mkdir(parents=True)
    for number in range(-(-samples // VARIANTS)):
        noise = np.random.default_rng(number).normal(size=(side_px, side_px, 3))
        photo = cv2.GaussianBlur(noise, (0, 0), 1.2)
        photo = np.clip(130 + 25 * photo / photo.std(), 0, 255).astype(np.uint8)
        (folder / f"{number:05}.png").write_bytes(encode_png(photo))
    return DatasetSpec.parse(
        {
            "name": "orchestration",
            "images": {"path": str(folder)},
            "defects": [{"defect_type": "hole", "prompt": "a deep hole", "variants": VARIANTS}],
            "grounding": {"annotator": "none"},
            "agree": {"without_grounding": "accept"},
        }
    )


def bare_loop(
    spec: DatasetSpec, store_url: str, threads: int, shard_size: int
) -> Mapping[str, float]:
    """Make the dataset with a thread pool alone, shard by shard through all stages.

    Returns:
        Seconds by part: "before" the first edit, "shards", "publish", and "after" it.
    """
    parts, store, clock = {}, Store(store_url), time.monotonic()

    def lap(part: str) -> None:
        nonlocal clock
        parts[part], clock = time.monotonic() - clock, time.monotonic()

    annotators = plan.choose_annotators.fn(spec.grounding)
    with ThreadPoolExecutor(threads) as pool:
        files = intake.list_photos.fn(spec.images.path, store_url, 64)
        inventory = list(pool.map(lambda part: intake.take_in_part.fn(part, store_url), files))
        found = plan.plan_build.fn(spec, inventory, annotators, store_url, shard_size)
        estimate_build(spec, list(found.open(store)), found.photos, store)
        lap("before")
        list(pool.map(_judging(store_url), found.shards))
        lap("shards")
        version = publish.choose_version.fn(spec, inventory, found.shards, store_url)
        rows = pool.map(lambda s: publish.publish_shard.fn(s, version, store_url), found.shards)
        publish.publish_version.fn(spec, inventory, version, list(rows), store_url)
        lap("publish")
    latest = publish.make_latest.fn(spec, version, found.left_out, annotators, store_url)
    report.write_report.fn(
        spec, inventory, found.shards, version, annotators, store_url, stopped="", latest=latest
    )
    lap("after")
    return parts


def _judging(store_url: str) -> Callable[[ShardRef], None]:
    def judge(shard: ShardRef) -> None:
        for stage in STAGES:
            STAGE_TASKS[stage.name].fn(stage.name, shard, store_url, {})

    return judge
