"""One build, three ways to look at it: its photos, its stub of a paid editor, its bare loop.

The stub stands in for a paid editor: it waits as long as a call is to take, a hundredth of what a
real one takes, and paints a square.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from unittest.mock import patch

import cv2
import numpy as np

from kizu.cancellation import CancelToken
from kizu.edit.editor import Edit
from kizu.edit.painter.editor import PainterEditor
from kizu.edit.painter.settings import PainterSettings
from kizu.edit.request import EditRequest
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import encode_png
from kizu.intake import list_photos, note_known, open_inventory, take_in_files
from kizu.planning import estimate_build, plan_build
from kizu.publish.dataset import Dataset
from kizu.publish.names import check_name
from kizu.publish.samples import publish_shard
from kizu.publish.seen import plan_work
from kizu.publish.version import choose_version, make_latest, publish_version
from kizu.report.drawn import is_drawn, note_drawn
from kizu.report.write import write_report
from kizu.shards import SAMPLES_PER_PART
from kizu.spec import DatasetSpec
from kizu.splits import Groups
from kizu.stages import STAGES, StageRun, run_stage
from kizu.stages.grounding import choose_annotators
from kizu.store import Store, remembering
from kizu.summary import last_summary, summarize_version

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
    """Make the dataset with a thread pool alone, as the flow does, shard by shard.

    Returns:
        Seconds by part: "before" the first edit, "shards", "publish", and "after" it.
    """
    with remembering():
        return _bare_loop(spec, store_url, threads, shard_size)


def _bare_loop(
    spec: DatasetSpec, store_url: str, threads: int, shard_size: int
) -> Mapping[str, float]:
    parts, store, clock = {}, Store(store_url), time.monotonic()

    def lap(part: str) -> None:
        nonlocal clock
        parts[part], clock = time.monotonic() - clock, time.monotonic()

    path, most = spec.images.path, spec.images.max_megapixels
    run = StageRun(store, CancelToken(store, "bare loop"))
    annotators = choose_annotators(spec.grounding)
    with ThreadPoolExecutor(threads) as pool:
        listing = list_photos(path, store, _FILES_PER_PART, most)
        taken = list(pool.map(lambda part: take_in_files(part, store, most), listing.parts))
        note_known(path, listing, taken, store)
        photos = open_inventory([*listing.known, *taken], store)
        versions = annotators.versions
        plan = plan_build(spec, photos, versions, store, SAMPLES_PER_PART)
        plan = plan_work(plan, store, spec.name, shard_size)
        check_name(store, spec, (image.sha256 for image in photos.images))
        estimate_build(spec, list(plan.open(store)), plan.photos, store)
        lap("before")
        list(pool.map(lambda shard: [run_stage(stage, shard, run) for stage in STAGES], plan.work))
        lap("shards")
        groups = Groups.open(plan.groups, store)
        version = choose_version(spec, photos.images, plan.shards, store, groups=groups)
        folder, proven = version.folder(), version.open_certification(store)
        if version.is_new:
            shards = version.open_work(store).shards
            rows = pool.map(
                lambda shard: publish_shard(
                    store, folder, shard.open(store), proven.proof, undecided=version.undecided
                ),
                shards,
            )
            publish_version(store, version, spec, photos.images, list(rows), groups=groups)
        lap("publish")
    last_summary(store, spec.name)
    latest = make_latest(spec, version, store, left_out=plan.left_out, annotators=annotators)
    summary = summarize_version(
        store, version, photos, groups, annotators, stopped="", latest=latest
    )
    if not is_drawn(store, spec, summary, version):
        dataset, outcomes = Dataset(store, folder), version.open_outcomes(store)
        write_report(store, dataset, spec, summary, outcomes, plan.shards, proven)
        note_drawn(store, spec, summary, version)
    lap("after")
    return parts


_FILES_PER_PART = 64  # as the flow's
