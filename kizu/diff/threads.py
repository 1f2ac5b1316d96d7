"""How many threads OpenCV may use."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def opencv_threads(threads: int) -> Iterator[None]:
    """Hold OpenCV to a number of threads, and give the caller back what was set."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
