"""The same work for many things, done by several threads."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def on_cores(work: Callable[[T], R], items: Iterable[T], threads: int | None = None) -> Iterator[R]:
    """Yield what work makes of each item, in their order.

    Threads share cores where most of the work is done outside of Python, as OpenCV's and numpy's
    is. Where one item fails, or nobody wants the rest, what has not begun is left.

    Args:
        work: What to do.
        items: What to do it with.
        threads: How many work at a time; as many as there are cores if None.

    Example:
        >>> list(on_cores(abs, [3, -4]))
        [3, 4]
    """
    pool = ThreadPoolExecutor(threads or os.cpu_count())
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(cancel_futures=True)
