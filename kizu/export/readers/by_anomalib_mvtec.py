"""MVTec AD's layout, by anomalib."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name and mask of every image that it trains or tests on."""
    from anomalib.data import MVTecAD

    [category] = [train.parent.name for train in Path(folder).glob("*/train")]
    data = MVTecAD(root=folder, category=category, num_workers=0, val_split_mode="same_as_test")
    data.setup()
    for part in (data.train_data, data.test_data):
        for item in part:
            mask = np.zeros(item.image.shape[-2:], bool) if item.gt_mask is None else item.gt_mask
            yield Path(item.image_path).stem, np.asarray(mask), None
