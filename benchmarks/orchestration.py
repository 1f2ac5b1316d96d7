"""What Prefect costs a build: the same samples through the flow and through a bare loop.

Both run the same stage functions on the same number of threads; only the flow has Prefect around
them. The bare loop runs twice, before the flow and after it: what the two differ by is the
machine's doing. Run::

    python benchmarks/orchestration.py --samples 5000

It prints CPU times, then wall times, which tell little on a machine that is busy with other work,
what the flow takes when there is nothing left to do and what it takes to know that without it, how
many task runs the server has recorded, and the memory of flow process and server by tenth of the
samples. Everything is made in a temporary folder.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from measured import cpu_s, prefect_environment, prefect_server, recorded_runs, rss_mb

from kizu.spec import DatasetSpec
from kizu.store import Store

TENTHS = 10


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--samples", type=int, default=5000)
    options.add_argument("--side", type=int, default=64, help="side of the photos in pixels")
    options.add_argument("--latency", type=float, default=0.3, help="seconds an edit takes")
    options.add_argument("--threads", type=int, default=8)
    options.add_argument("--shard-size", type=int, default=16)
    options.add_argument(
        "--flow-alone", action="store_true", help="without the bare loops, for what the flow holds"
    )
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="orchestration-"))
    try:
        print(json.dumps(measure(folder, chosen), indent=2))
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, chosen: argparse.Namespace) -> dict[str, object]:
    """Run the bare loop, the flow against a server of its own, and the bare loop again."""
    from stub_build import write_photos  # imports what reads the environment

    os.environ |= {"OMP_NUM_THREADS": "1", "KIZU_WORKERS": str(chosen.threads)}
    os.environ |= prefect_environment(folder)
    spec = write_photos(folder / "photos", chosen.samples, chosen.side)
    with prefect_server() as server:
        bare = [] if chosen.flow_alone else [bare_loop_in(folder / "before", spec, chosen, server)]
        idle_s = cpu_s(server)
        flow = in_fresh_process("flow", spec, folder / "flow", chosen, server)
        lag_s, recorded = recorded_runs()
        served_s = cpu_s(server) - idle_s
        again = in_fresh_process("flow", spec, folder / "flow", chosen, server)
        served_again_s = cpu_s(server) - idle_s - served_s
        look = in_fresh_process("look", spec, folder / "flow", chosen, server)
        shutil.rmtree(folder / "flow")
        if bare:
            bare.append(bare_loop_in(folder / "after", spec, chosen, server))
    return (
        vars(chosen)
        | (compared(bare, flow, served_s, recorded) if bare else {})
        | {
            "flow_cpu_s": round(flow["cpu_s"], 1),
            "server_cpu_s": round(served_s, 1),
            "nothing_to_do_flow_cpu_s": round(again["cpu_s"], 2),
            "nothing_to_do_server_cpu_s": round(served_again_s, 2),
            "nothing_to_do_without_prefect_cpu_s": round(look["cpu_s"], 2),
            "nothing_to_do_s": [round(one["wall_s"], 2) for one in (again, look)],
            "recorded_task_runs": recorded,
            "mapped_task_runs": 5 * -(-chosen.samples // chosen.shard_size),
            "recorded_after_s": round(lag_s, 1),
            "flow_mb_by_tenth": [round(own) for own, _ in flow["memory_mb"]],
            "server_mb_by_tenth": [round(served) for _, served in flow["memory_mb"]],
            "flow_mb_at_the_end": round(flow["end_mb"]),
        }
    )


def compared(
    bare: list[dict[str, Any]], flow: dict[str, Any], served_s: float, runs: int
) -> dict[str, object]:
    """Compare the flow with the mean of the bare loops around it."""
    bare_s, bare_cpu_s = (sum(one[of] for one in bare) / len(bare) for of in ("wall_s", "cpu_s"))
    return {
        "cores": os.cpu_count() or 1,
        "bare_cpu_s": [round(one["cpu_s"], 1) for one in bare],
        "flow_cpu_ms_per_task_run": round(1000 * (flow["cpu_s"] - bare_cpu_s) / runs, 1),
        "server_cpu_ms_per_task_run": round(1000 * served_s / runs, 1),
        "overhead_cpu_percent": round(100 * ((flow["cpu_s"] + served_s) / bare_cpu_s - 1), 2),
        "bare_s": [round(one["wall_s"], 1) for one in bare],
        "flow_s": round(flow["wall_s"], 1),
        "overhead_wall_percent": round(100 * (flow["wall_s"] / bare_s - 1), 2),
        "bare_mb_by_tenth": [round(own) for own, _ in bare[-1]["memory_mb"]],
        "bare_mb_at_the_end": round(bare[-1]["end_mb"]),
    }


def in_fresh_process(
    way: str, spec: DatasetSpec, store: Path, chosen: argparse.Namespace, server: int
) -> dict[str, Any]:
    """Make the dataset in a process of its own; return what it has measured of itself."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    work = context.Process(target=_work, args=(there, way, spec, str(store), chosen, server))
    work.start()
    there.close()
    try:
        found: dict[str, Any] = here.recv()
    except EOFError:
        raise SystemExit(f"the {way} build failed") from None
    work.join()
    return found


def bare_loop_in(
    store: Path, spec: DatasetSpec, chosen: argparse.Namespace, server: int
) -> dict[str, Any]:
    """Make the dataset with a bare loop, in a store that is dropped afterwards."""
    found = in_fresh_process("bare", spec, store, chosen, server)
    shutil.rmtree(store)
    return found


def _work(
    pipe: Connection,
    way: str,
    spec: DatasetSpec,
    store_url: str,
    chosen: argparse.Namespace,
    server: int,
) -> None:
    """Import what the work needs before the clock starts, then work."""
    import pyarrow.parquet  # noqa: F401 - before the clock starts
    from stub_build import StubEditor, bare_loop, stub_in_place

    from flows.build import build_dataset
    from kizu.progress import listening
    from kizu.unchanged import find_unchanged

    own = os.getpid()
    memory: list[tuple[float, float]] = []
    judged = 0

    def hear(stage: str, samples: int, _: int | None) -> None:
        nonlocal judged
        judged += samples if stage == "verdict" else 0
        if judged * TENTHS >= chosen.samples * (len(memory) + 1):
            memory.append((rss_mb(own), rss_mb(server)))

    start_s, start = cpu_s(own), time.monotonic()
    with stub_in_place(StubEditor(chosen.latency)), listening(hear):
        if way == "look":
            if find_unchanged(spec, Store(store_url)) is None:
                raise SystemExit("there is something to do")
        elif way == "flow":
            build_dataset(spec, store_url=store_url, shard_size=chosen.shard_size)
        else:
            bare_loop(spec, store_url, chosen.threads, chosen.shard_size)
    pipe.send(
        {
            "wall_s": time.monotonic() - start,
            "cpu_s": cpu_s(own) - start_s,
            "memory_mb": memory,
            "end_mb": rss_mb(own),
        }
    )


if __name__ == "__main__":
    main()
