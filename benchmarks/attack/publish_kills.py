"""Kills publishing and deleting at random moments; never is half a version listed.

A dataset of painted defects has gone through all stages. Round for round another photo joins it and
an older one leaves; a process begins to publish the next version, or to delete the one before, and
is sent SIGKILL after a random time. After each kill every version that is listed must be whole,
file by file. Then the same is done without a kill: it must complete, and what the killed process
had left must be used or gone: after each round no file lies there that no version names.

    PYTHONPATH=. python -m benchmarks.attack.publish_kills --kills 50
"""

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from kizu.cancellation import CancelToken
from kizu.imaging.codecs import encode_png
from kizu.planning import plan_samples
from kizu.publish.dataset import open_dataset
from kizu.publish.deletion import delete_version, published_paths
from kizu.publish.layout import VersionFolder, complete_versions, latest_version, pool_path
from kizu.publish.samples import publish_shard
from kizu.publish.version import choose_version, point_to_latest, publish_version
from kizu.shards import save_shards
from kizu.sources import NormalImage, list_source, take_in
from kizu.spec import DatasetSpec
from kizu.stages import STAGES, StageRun, run_stage
from kizu.store import Store

_NAME = "killed"
_PHOTOS = 4
_IN_TURN = 7  # photos there are; four of them at a time
_SIDE_PX = 160
_SHARD = 4
_SPAWN = multiprocessing.get_context("fork")  # a process starts in the middle of its work


def spec_of(folder: Path) -> DatasetSpec:
    """Return the dataset of the photos in a folder."""
    return DatasetSpec.parse(
        {
            "name": _NAME,
            "images": {"path": str(folder)},
            "defects": [
                {"defect_type": kind, "prompt": f"a {kind}"} for kind in ("hole", "stain", "crack")
            ],
            "grounding": {"annotator": "none"},
            "agree": {"without_grounding": "accept"},
        }
    )


def write_photos(folder: Path, numbers: Sequence[int]) -> None:
    """Have a folder hold these photos and no others."""
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    for number in numbers:
        noise = np.random.default_rng(number).normal(size=(_SIDE_PX, _SIDE_PX, 3))
        photo = cv2.GaussianBlur(noise, (0, 0), 1.2)
        photo = np.clip(130 + 25 * photo / photo.std(), 0, 255).astype(np.uint8)
        (folder / f"{number}.png").write_bytes(encode_png(photo))


def publish(url: str, photos: str) -> None:
    """Publish the next version of what the photos make."""
    store, spec = Store(url), spec_of(Path(photos))
    taken = [take_in(file, store) for file in list_source(photos)]
    images = [image for image in taken if isinstance(image, NormalImage)]
    shards = save_shards(plan_samples(spec, images), spec, (), store, _SHARD)
    run = StageRun(store, CancelToken(store, "attack"))
    for shard in shards:
        for stage in STAGES:
            run_stage(stage, shard, run)
    chosen = choose_version(spec, images, shards, store)
    if chosen.is_new:
        folder, work = chosen.folder(), chosen.open_work(store)
        parts = [publish_shard(store, folder, shard.open(store)) for shard in work.shards]
        publish_version(store, chosen, spec, images, parts)
    point_to_latest(store, chosen.folder())


def delete(url: str, version: str) -> None:
    """Delete a version."""
    delete_version(Store(url), VersionFolder(_NAME, version), even_building=True)


def is_killed(process: BaseProcess, after_s: float) -> bool:
    """Start a process, kill it after a time, and tell whether it was still at work."""
    process.start()
    process.join(after_s)
    was_alive = process.is_alive()
    if was_alive and process.pid:
        os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    return was_alive


def trouble(store: Store) -> list[str]:
    """Return what is wrong with the versions that are listed."""
    found = []
    for version in complete_versions(store, _NAME):
        found += open_dataset(store, _NAME, version).verify()
    if (latest := latest_version(store, _NAME)) and not latest.is_complete(store):
        found.append(f"the latest version {latest.version} is not complete")
    return found


def left_over(store: Store) -> list[str]:
    """Return the files that lie in the dataset's folder and are of no version."""
    versions = complete_versions(store, _NAME)
    named = {p for v in versions for p in published_paths(open_dataset(store, _NAME, v))}
    pool = set(store.list(pool_path(_NAME)))
    own = (path for path in store.list(f"datasets/{_NAME}") if path not in pool)
    apart = [path for path in own if path.count("/") > 2 and path.split("/")[2] not in versions]
    return sorted(pool - named) + apart


def _failed(store: Store, name: str, given: str, process: BaseProcess) -> list[str]:
    """Say that a process failed, but for one that was to delete what a killed one had deleted."""
    gone = name == "delete" and not any(store.list(f"datasets/{_NAME}/{given}"))
    return [f"{name} failed"] if process.exitcode and not gone else []


def main() -> None:
    """Kill so often, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw = random.Random(options.seed)  # noqa: S311 - a draw
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as temporary:
        photos, store = Path(temporary) / "photos", Store(f"{temporary}/store")
        write_photos(photos, range(_IN_TURN))
        publish(store.url, str(photos))  # all that stages make is there from here on
        sys.exit(min(attack(store, photos, options.kills, draw), 1))


def attack(store: Store, photos: Path, kills: int, draw: random.Random) -> int:
    """Kill publishing and deleting in turn; return how much was wrong."""
    killed = {"publish": 0, "delete": 0}
    wrong: list[str] = []
    longest_s = {"publish": 1.0, "delete": 0.3}
    for number in (bar := tqdm(range(10 * kills), disable=None)):
        if sum(killed.values()) >= kills:
            break
        write_photos(photos, [(number + turn) % _IN_TURN for turn in range(_PHOTOS)])
        before = latest_version(store, _NAME)
        jobs = [("publish", publish, str(photos))]
        if before is not None:
            jobs.append(("delete", delete, before.version))
        for name, work, given in jobs:
            while True:
                process = _SPAWN.Process(target=work, args=(store.url, given))
                was_killed = is_killed(process, draw.uniform(0, longest_s[name]))
                killed[name] += was_killed
                wrong += trouble(store)
                if not was_killed:
                    wrong += _failed(store, name, given, process)
                    break
                if draw.random() < 0.5:  # else the next one is killed as well
                    start = time.monotonic()
                    last = _SPAWN.Process(target=work, args=(store.url, given))
                    last.start()
                    last.join(600)
                    longest_s[name] = max(longest_s[name], time.monotonic() - start)
                    wrong += _failed(store, name, given, last)
                    break
            wrong += trouble(store)
        wrong += [f"left over: {path}" for path in left_over(store)]
        bar.set_postfix(killed, wrong=len(wrong))
    print(f"killed while publishing {killed['publish']}, while deleting {killed['delete']}")
    print(f"wrong: {len(wrong)}")
    for sentence in dict.fromkeys(wrong):
        print(f"  {sentence}")
    return len(wrong)


if __name__ == "__main__":
    main()
