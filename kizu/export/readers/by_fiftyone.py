"""COCO, by FiftyOne's parser: what its importer reads before it writes to a database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, mask and class of every image."""
    from fiftyone.utils.coco import load_coco_detection_annotations

    for file in sorted(Path(folder, "annotations").glob("*.json")):
        _, classes, _, images, annotations = load_coco_detection_annotations(str(file))
        for number, image in images.items():
            size = image["width"], image["height"]
            whole, label = np.zeros(size[::-1], bool), None
            for each in (annotations or {}).get(number, []):
                found = each.to_detection(size, classes_map=classes, load_segmentation=True)
                x, y = (round(side * of) for side, of in zip(found.bounding_box, size))  # noqa: B905 - two of four
                height, width = found.mask.shape
                whole[y : y + height, x : x + width] |= found.mask
                label = found.label
            yield Path(image["file_name"]).stem, whole, label
