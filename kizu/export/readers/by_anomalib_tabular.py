"""anomalib's ``Tabular``, made by the export's own ``load.py``."""

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

DATA_MODULE = "tabular"


def read(folder: str, made: str = DATA_MODULE) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name and mask of every image that it trains or tests on.

    Args:
        folder: The export.
        made: Which of the script's data modules to read.
    """
    data = runpy.run_path(str(Path(folder, "load.py")))[made]
    for part in (data.train_data, data.test_data):
        for item in part:
            mask = np.zeros(item.image.shape[-2:], bool) if item.gt_mask is None else item.gt_mask
            yield Path(item.image_path).stem, np.asarray(mask), None
