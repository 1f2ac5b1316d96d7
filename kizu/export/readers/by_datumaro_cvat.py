"""CVAT for images 1.1, by datumaro."""

from collections.abc import Iterator
from typing import Any


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, mask and class of every image."""
    import by_datumaro_coco

    yield from by_datumaro_coco.read(folder, "cvat")
