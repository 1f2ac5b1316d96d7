"""The same work for many things, done on all cores of the machine."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def on_all_cores(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield what work makes of each item, in their order, by as many threads as there are cores.

    Threads share cores where most of the work is done outside of Python, as OpenCV's and numpy's
    is. Where one item fails, or nobody wants the rest, what has not begun is left.

    >>> list(on_all_cores(abs, [3, -4]))
    [3, 4]
    """
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(cancel_futures=True)
