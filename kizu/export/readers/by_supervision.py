"""COCO, by supervision."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, mask and class of every image."""
    import supervision as sv

    for file in sorted(Path(folder, "annotations").glob("*.json")):
        dataset = sv.DetectionDataset.from_coco(
            images_directory_path=str(Path(folder, "images")),
            annotations_path=str(file),
            force_masks=True,
        )
        for path, image, found in dataset:
            mask, label = np.zeros(image.shape[:2], bool), None
            if len(found):
                mask = found.mask.any(axis=0)
                label = dataset.classes[found.class_id[0]]
            yield Path(path).stem, mask, label
