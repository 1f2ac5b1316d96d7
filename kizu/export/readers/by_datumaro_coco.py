"""COCO, by datumaro."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def read(folder: str, form: str = "coco_instances") -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, mask and class of every image.

    Args:
        folder: The export.
        form: Its format, as datumaro calls it.
    """
    import datumaro as dm

    dataset = dm.Dataset.import_from(folder, form)
    names = dataset.categories()[dm.AnnotationType.label]
    for item in dataset:
        mask, label = np.zeros(item.media.size, bool), None
        for each in item.annotations:
            label = names[each.label].name
            if each.type == dm.AnnotationType.mask:  # beside it a box
                mask |= np.asarray(each.image) > 0
        yield Path(item.id).name, mask, label
