"""Shows how far a proof is."""

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from kizu.progress import listening


@contextmanager
def bars() -> Iterator[None]:
    """Show a bar per stage while the block runs."""
    shown: dict[str, tqdm] = {}

    def show(stage: str, count: int, total: int | None) -> None:
        if stage not in shown:
            shown[stage] = tqdm(total=total, desc=stage)
        shown[stage].update(count)

    with listening(show):
        yield
    for bar in shown.values():
        bar.close()
