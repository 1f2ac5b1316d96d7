"""anomalib's ``Folder``, made by the export's own ``load.py``."""

from collections.abc import Iterator
from typing import Any


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name and mask of every image that it trains or tests on."""
    import by_anomalib_tabular

    yield from by_anomalib_tabular.read(folder, "of_folder")
