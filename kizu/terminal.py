"""Progress bars in the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kizu.progress import Listener, listening


@contextmanager
def progress_bars(opening: str | None = None) -> Iterator[Listener]:
    """Show one bar per stage while the block runs; yields the listener that moves them.

    Args:
        opening: What to show until the first stage announces itself.
    """
    columns = (
        TextColumn("{task.description:>16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        start = bars.add_task(opening, total=None) if opening else None
        tasks = {} if start is None else {"": start}
        lock = Lock()

        def show(stage: str, count: int, total: int | None) -> None:
            with lock:
                if (waiting := tasks.pop("", None)) is not None:
                    bars.remove_task(waiting)
                if stage not in tasks:
                    tasks[stage] = bars.add_task(stage, total=total)
                bars.update(tasks[stage], advance=count)

        with listening(show):
            yield show
