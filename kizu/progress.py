"""Tells whoever listens how far the stages are; without a listener it costs nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str, int, int | None], None]
"""Called with a stage, samples done since the last call, and the stage's total if it is new."""

_listeners: list[Listener] = []


def expect(stage: str, total: int) -> None:
    """Announce a stage and how many samples it has."""
    for listener in _listeners:
        listener(stage, 0, total)


def advance(stage: str, count: int = 1) -> None:
    """Report that a stage is through with some samples."""
    for listener in _listeners:
        listener(stage, count, None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call a listener for all progress in this process while the block runs, from any thread."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
