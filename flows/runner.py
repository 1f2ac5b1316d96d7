"""Where a flow's tasks run: threads, processes or a Dask cluster, by the worker's environment.

``KIZU_RUNNER`` chooses (threads, processes, dask), ``KIZU_WORKERS`` says how many at a time, and
``KIZU_DASK_ADDRESS`` names a Dask scheduler that runs already. Without it a local cluster starts
with the flow and ends with it. ``KIZU_DASK_GPU=1`` sends the GPU stages to Dask workers that were
started with ``--resources GPU=1``; every worker process loads its model once.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from kizu.pace import task_slots


def task_runner() -> TaskRunner[Any]:
    """Return the task runner that the environment asks for.

    Raises:
        ValueError: ``KIZU_RUNNER`` or ``KIZU_WORKERS`` is no choice, or a package is missing.
    """
    name = os.environ.get("KIZU_RUNNER", "threads")
    if name not in RUNNERS:
        raise ValueError(f"KIZU_RUNNER is {name!r}; choose one of {', '.join(RUNNERS)}")
    return RUNNERS[name](task_slots())


def gpu_stage() -> AbstractContextManager[Any]:
    """Return a block whose tasks go to GPU workers, where the environment says there are some."""
    if os.environ.get("KIZU_RUNNER") != "dask" or os.environ.get("KIZU_DASK_GPU") != "1":
        return nullcontext()
    from dask.base import annotate  # noqa: PLC0415 - an extra

    block: AbstractContextManager[Any] = annotate(resources={"GPU": 1})
    return block


def _threads(workers: int) -> TaskRunner[Any]:
    return ThreadPoolTaskRunner(max_workers=workers)


def _processes(workers: int) -> TaskRunner[Any]:
    return ProcessPoolTaskRunner(max_workers=workers)


def _dask(workers: int) -> TaskRunner[Any]:
    try:
        from prefect_dask.task_runners import DaskTaskRunner  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ValueError(
            "KIZU_RUNNER=dask needs a package; run: pip install 'kizu[dask]'"
        ) from error
    if address := os.environ.get("KIZU_DASK_ADDRESS"):
        return DaskTaskRunner(address=address)
    return DaskTaskRunner(cluster_kwargs={"n_workers": workers, "threads_per_worker": 1})


RUNNERS: Final[Mapping[str, Callable[[int], TaskRunner[Any]]]] = {
    "threads": _threads,
    "processes": _processes,
    "dask": _dask,
}
