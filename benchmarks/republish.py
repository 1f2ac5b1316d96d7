"""What it costs to publish a dataset first, with nothing new, and with one photo more.

A dataset of painted defects goes through all stages without Prefect; then it is published three
times, and each time it is counted what publishing alone takes: CPU time, bytes that are written,
and how often the store is asked. On an object store (``--s3``: moto, a process
of its own) these are the HTTP requests that its log shows. "Name" is the look-up of how far every
sample came, which names the version; "publish" is everything after it.

    PYTHONPATH=. python benchmarks/republish.py --photos 12 --side 1024
    PYTHONPATH=. python benchmarks/republish.py --photos 50 --side 128 --s3
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
from tqdm import tqdm

from kizu.cancellation import CancelToken
from kizu.imaging.codecs import encode_png
from kizu.loopback import free_port
from kizu.planning import plan_samples
from kizu.publish.samples import publish_shard
from kizu.publish.version import choose_version, point_to_latest, publish_version
from kizu.shards import ShardRef, save_shards
from kizu.sources import NormalImage, list_source, take_in
from kizu.spec import DatasetSpec
from kizu.stages import STAGES, StageRun, run_stage
from kizu.store import Store

DEFECTS = ("hole", "stain", "scratch", "crack")
_SHARD = 16  # as the flow's
_ASKS = ("exists", "read", "write", "link", "create", "list", "entries", "list_folders", "remove")


@dataclass
class Meter:
    """Counts what a block of work takes.

    Attributes:
        log: The log of the object store's server; None for a local disk.
        asked: How often the store was asked.
        written: Bytes that were written.
        rows: Of each part: CPU seconds, bytes, requests.
    """

    log: Path | None
    asked: int = 0
    written: int = 0
    rows: list[tuple[str, float, int, int]] = field(default_factory=list)

    @contextmanager
    def lap(self, part: str) -> Iterator[None]:
        """Note what the block takes."""
        self.asked, self.written, before = 0, 0, self._requests()
        start = time.process_time()
        yield
        cpu_s = time.process_time() - start
        asked = self._requests() - before if self.log else self.asked
        self.rows.append((part, cpu_s, self.written, asked))

    def _requests(self) -> int:
        return self.log.read_text().count('HTTP/1.1" ') if self.log else 0

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count every call of a store while the block runs."""
        with ExitStack() as stack:
            for name in _ASKS:
                stack.enter_context(patch.object(Store, name, self._counted(name)))
            yield

    def _counted(self, name: str) -> Callable[..., Any]:
        call = getattr(Store, name)

        def counted(store: Store, path: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as it is
            self.asked += 1
            if name == "write":
                self.written += len(args[0])
            return call(store, path, *args, **options)

        return counted


@contextmanager
def moto(folder: Path, page: int = 1000) -> Iterator[tuple[str, Path]]:
    """Run an S3 service while the block runs; yield the store's URL and the service's log.

    Args:
        folder: Where the log goes.
        page: How many files one request lists; a thousand on S3.
    """
    port, log = free_port(), folder / "moto.log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "anyone",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "MOTO_S3_DEFAULT_MAX_KEYS": str(page),
    }
    with log.open("w") as opened:
        server = subprocess.Popen(command, stdout=opened, stderr=opened)  # noqa: S603 - ours
    try:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/kizu", method="PUT")
        for _ in range(240):
            try:
                urllib.request.urlopen(request).close()  # noqa: S310 - ours
                break
            except OSError:
                time.sleep(0.5)
        yield "s3://kizu/store", log
    finally:
        server.terminate()
        server.wait(60)


def write_photo(folder: Path, number: int, side_px: int) -> None:
    """Write a textured photo, different for every number."""
    noise = np.random.default_rng(number).normal(size=(side_px, side_px, 3)).astype(np.float32)
    photo = cv2.GaussianBlur(noise, (0, 0), 1.2)
    photo = np.clip(130 + 25 * photo / photo.std(), 0, 255).astype(np.uint8)
    (folder / f"{number:05}.png").write_bytes(encode_png(photo))


def through_stages(spec: DatasetSpec, store: Store) -> tuple[list[NormalImage], list[ShardRef]]:
    """Take a dataset as far as its verdicts."""
    taken = [take_in(file, store) for file in list_source(spec.images.path)]
    images = [image for image in taken if isinstance(image, NormalImage)]
    shards = save_shards(plan_samples(spec, images), spec, (), store, _SHARD)
    run = StageRun(store, CancelToken(store, "benchmark"))
    for shard in tqdm(shards, "stages", disable=None):
        for stage in STAGES:
            run_stage(stage, shard, run)
    return images, shards


def publish(spec: DatasetSpec, store: Store, meter: Meter, part: str) -> int:
    """Publish a dataset; return how many samples were published."""
    images, shards = through_stages(spec, store)
    with meter.lap(f"{part}: name"):
        chosen = choose_version(spec, images, shards, store)
    samples = 0
    with meter.lap(f"{part}: publish"):
        if chosen.is_new:
            work, folder = chosen.open_work(store), chosen.folder()
            parts = [publish_shard(store, folder, each.open(store)) for each in work.shards]
            publish_version(store, chosen, spec, images, parts)
            point_to_latest(store, folder)
            samples = work.samples
    return samples


def measure(folder: Path, store: Store, meter: Meter, photos: int, side_px: int) -> None:
    """Publish three times and print what each took."""
    (folder / "photos").mkdir()
    for number in range(photos):
        write_photo(folder / "photos", number, side_px)
    spec = DatasetSpec.parse(
        {
            "name": "republished",
            "images": {"path": str(folder / "photos")},
            "defects": [{"defect_type": name, "prompt": f"a {name}"} for name in DEFECTS],
            "grounding": {"annotator": "none"},
            "agree": {"without_grounding": "accept"},
        }
    )
    with meter.counting():
        made = [publish(spec, store, meter, "first"), publish(spec, store, meter, "nothing new")]
        write_photo(folder / "photos", photos, side_px)
        made.append(publish(spec, store, meter, "one photo more"))
    print(f"{made[0]} samples of {side_px} px, then {made[1]}, then {made[2]} were published")
    print(f"{'':24}{'CPU s':>9}{'MiB written':>13}{'requests':>10}")
    for part, cpu_s, written, asked in meter.rows:
        print(f"{part:24}{cpu_s:9.2f}{written / 2**20:13.2f}{asked:10}")
    whole, one = meter.rows[1], meter.rows[5]
    print(
        f"one photo more against all again: {one[1] / whole[1]:.3f} of the CPU time, "
        f"{one[2] / whole[2]:.3f} of the bytes, {one[3] / whole[3]:.3f} of the requests; "
        f"{made[2] / (made[0] + made[2]):.3f} of the samples"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--s3", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if options.s3:
            with moto(folder) as (url, log):
                measure(folder, Store(url), Meter(log), options.photos, options.side)
        else:
            store = Store(str(folder / "store"))
            measure(folder, store, Meter(None), options.photos, options.side)


if __name__ == "__main__":
    main()
