"""What Prefect costs a build: the same samples through the flow and through a bare loop.

Both run the same stage functions on the same number of threads; only the flow has Prefect around
them. A stub stands in for a paid editor: it waits as long as ``--latency`` says, a hundredth of
what a real one takes, and paints a square. Run::

    python benchmarks/orchestration.py --samples 5000

It prints wall and CPU times, the overhead, how many task runs the server has recorded, and the
memory of flow process and server by quarter of the run. Everything is made in a temporary folder.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import cv2
import httpx
import numpy as np

from deployments.settings import ServeSettings, environment
from kizu.arrays import Mask, RgbImage
from kizu.edit.editor import Edit
from kizu.edit.painter.editor import PainterEditor
from kizu.edit.request import EditRequest
from kizu.edit.settings import PainterSettings
from kizu.images import encode_png
from kizu.spec import DatasetSpec

PORT = 4299
VARIANTS = 10


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--samples", type=int, default=5000)
    options.add_argument("--side", type=int, default=64, help="side of the photos in pixels")
    options.add_argument("--latency", type=float, default=0.3, help="seconds an edit takes")
    options.add_argument("--threads", type=int, default=8)
    options.add_argument("--shard-size", type=int, default=16)
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="orchestration-"))
    try:
        print(json.dumps(measure(folder, chosen), indent=2))
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, chosen: argparse.Namespace) -> dict[str, object]:
    """Run the bare loop, then the flow against a server of its own."""
    os.environ |= {"OMP_NUM_THREADS": "1", "KIZU_WORKERS": str(chosen.threads)}
    os.environ["STUB_LATENCY_S"] = str(chosen.latency)
    spec = write_photos(folder / "photos", chosen.samples, chosen.side)
    bare = timed(bare_loop, spec, str(folder / "bare"), chosen.threads, chosen.shard_size)
    env = environment(ServeSettings(str(folder / "flow"), folder / "home", port=PORT))
    os.environ |= {key: value for key, value in env.items() if key.startswith("PREFECT_")}
    os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
    server = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "prefect", "server", "start", "--port", str(PORT)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: httpx.get(f"http://127.0.0.1:{PORT}/api/health").is_success)
        flow = timed(flow_run, spec, str(folder / "flow"), chosen.shard_size, watch=server.pid)
        lag_s, recorded = recorded_runs()
    finally:
        server.terminate()
        server.wait(30)
    shards = -(-chosen.samples // chosen.shard_size)
    extra_s = flow["cpu_s"] + flow["watched_cpu_s"] - bare["cpu_s"]
    return {
        "samples": chosen.samples,
        "threads": chosen.threads,
        "shard_size": chosen.shard_size,
        "latency_s": chosen.latency,
        "cores": os.cpu_count() or 1,
        "bare_s": round(bare["wall_s"], 1),
        "flow_s": round(flow["wall_s"], 1),
        "overhead_percent": round(100 * (flow["wall_s"] / bare["wall_s"] - 1), 2),
        "bare_cpu_s": round(bare["cpu_s"], 1),
        "flow_cpu_s": round(flow["cpu_s"], 1),
        "server_cpu_s": round(flow["watched_cpu_s"], 1),
        "overhead_cpu_ms_per_task_run": round(1000 * extra_s / recorded, 1),
        "mapped_task_runs": 5 * shards,
        "recorded_task_runs": recorded,
        "recorded_after_s": round(lag_s, 1),
        "flow_memory_mb": flow["memory_mb"],
        "server_memory_mb": flow["watched_mb"],
    }


def write_photos(folder: Path, samples: int, side_px: int) -> DatasetSpec:
    """Write as many different photos as the samples need, and describe the dataset."""
    folder.mkdir()
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
            "ground": {"annotator": "none"},
            "agree": {"without_grounding": "accept"},
        }
    )


def bare_loop(spec: DatasetSpec, store_url: str, threads: int, shard_size: int) -> None:
    """Make the dataset with a thread pool alone, shard by shard through all stages."""
    from tasks import agree, diff, edit, ground, intake, plan, publish, report  # noqa: PLC0415

    annotator = ground.choose_annotator.fn(spec.ground)
    with ThreadPoolExecutor(threads) as pool:
        parts = intake.list_photos.fn(spec.images.path, store_url, 64)
        inventory = list(pool.map(lambda part: intake.take_in_part.fn(part, store_url), parts))
        found = plan.plan_shards.fn(spec, inventory, annotator, store_url, shard_size)

        def judge(shard: object) -> None:
            edit.edit_shard.fn(shard, store_url)
            diff.diff_shard.fn(shard, store_url, None)
            ground.ground_shard.fn(shard, store_url, None)
            agree.agree_shard.fn(shard, store_url, None, None)

        list(pool.map(judge, found.shards))
        version = publish.choose_version.fn(spec, inventory, found.shards, store_url)
        rows = pool.map(lambda s: publish.publish_shard.fn(s, version, store_url), found.shards)
        publish.publish_version.fn(spec, inventory, version, list(rows), store_url)
    publish.make_latest.fn(version, store_url)
    report.write_report.fn(spec, inventory, found.shards, version, annotator, store_url, "")


def flow_run(spec: DatasetSpec, store_url: str, shard_size: int) -> None:
    """Make the dataset with the flow."""
    from flows.build import build_dataset  # noqa: PLC0415 - reads the environment

    build_dataset(spec, store_url=store_url, shard_size=shard_size)


def timed(work: Callable[..., None], *args: object, watch: int | None = None) -> dict:
    """Run in a fresh process; return wall time and memory by quarter of the run."""
    context = multiprocessing.get_context("spawn")
    go, ready = context.Event(), context.Event()
    process = context.Process(target=_when_told, args=(ready, go, work, args))
    process.start()
    ready.wait()
    memory: list[tuple[float, float]] = []
    cpu = [cpu_s(process.pid), 0.0]
    watched_before = cpu_s(watch)
    done = Event()

    def sample() -> None:
        while not done.wait(1):
            memory.append((rss_mb(process.pid), rss_mb(watch)))
            cpu[1] = max(cpu[1], cpu_s(process.pid))

    Thread(target=sample, daemon=True).start()
    start = time.monotonic()
    go.set()
    process.join()
    wall_s = time.monotonic() - start
    done.set()
    if process.exitcode:
        raise SystemExit(f"{work.__name__} failed")
    memory = [pair for pair in memory if pair[0]]
    return {
        "wall_s": wall_s,
        "cpu_s": cpu[1] - cpu[0],
        "watched_cpu_s": cpu_s(watch) - watched_before,
        "memory_mb": _quarters([own for own, _ in memory]),
        "watched_mb": _quarters([watched for _, watched in memory]),
    }


class StubEditor(PainterEditor):
    """Waits, then answers with a dark square in the middle of the photo."""

    def __init__(self, latency_s: float) -> None:
        """Wait so long for each edit."""
        super().__init__(PainterSettings())
        self._latency_s = latency_s

    def edit(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> Edit:  # noqa: ARG002 - the Protocol's
        """Make one edit."""
        time.sleep(self._latency_s)
        edited = picture.copy()
        middle = picture.shape[0] // 2
        edited[middle - 8 : middle + 8, middle - 8 : middle + 8] //= 3
        return Edit(encode_png(edited), model="stub", cost_usd=0.0)


def _when_told(ready: object, go: object, work: Callable[..., None], args: tuple) -> None:
    """Import what the work needs, then wait: imports are no part of what is measured."""
    import flows.build  # noqa: F401, PLC0415 - imported before the clock starts
    from kizu.edit import editor  # noqa: PLC0415 - the same

    cv2.setNumThreads(1)
    stub = StubEditor(float(os.environ["STUB_LATENCY_S"]))
    editor.EDITORS["painter"] = lambda *_: stub  # type: ignore[index] # a dict that nobody else writes
    ready.set()
    go.wait()
    work(*args)


def _quarters(values: list[float]) -> list[int]:
    """Return the median of each quarter of a series."""
    size = max(len(values) // 4, 1)
    cuts = [values[start : start + size] for start in range(0, 4 * size, size)]
    return [round(statistics.median(cut)) for cut in cuts if cut]


def cpu_s(pid: int | None) -> float:
    """Return the CPU seconds a process has used; 0 when it has ended or is None."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int | None) -> float:
    """Return a process's resident memory; 0 when it has ended or is None."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def recorded_runs() -> tuple[float, int]:
    """Wait until the server records no more task runs; return how long that took, and the count."""
    start, last, last_change = time.monotonic(), -1, time.monotonic()
    while time.monotonic() - last_change < 15:  # noqa: PLR2004 - quiet for long enough
        url = f"http://127.0.0.1:{PORT}/api/task_runs/count"
        completed = {"task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
        count = httpx.post(url, json=completed, timeout=60).json()
        if count != last:
            last, last_change = count, time.monotonic()
        time.sleep(0.5)
    return last_change - start, last


def wait_for(ready: Callable[[], bool]) -> None:
    """Wait until something answers."""
    for _ in range(240):
        try:
            if ready():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    raise SystemExit("the server does not come up")


if __name__ == "__main__":
    main()
