"""YOLO segmentation, by Ultralytics: its label reader, and its rasteriser of polygons."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, mask and class of every image."""
    from ultralytics.data.utils import polygon2mask

    for name, shape, _, polygons, label in read_labels(folder):
        mask = np.zeros(shape, bool)
        for polygon in polygons:
            points = (polygon * (shape[1], shape[0])).reshape(1, -1)
            mask |= polygon2mask(shape, list(points), downsample_ratio=1) > 0
        yield name, mask, label


def read_labels(folder: str) -> Iterator[tuple[str, tuple[int, int], Any, Any, str | None]]:
    """Yield of every image its name, (H, W), labels, polygons and class, as Ultralytics has them.

    Labels are (N, 5): class, centre x, centre y, width and height; as the points of polygons they
    are fractions of the image.
    """
    from ultralytics.data.utils import check_det_dataset, verify_image_label

    data = check_det_dataset(str(Path(folder, "data.yaml")), autodownload=False)
    for image in sorted(Path(folder, "images").glob("*/*.png")):
        text = Path(folder, "labels", image.parent.name, f"{image.stem}.txt")
        of_file = (str(image), str(text), "", False, len(data["names"]), 0, 0, False)
        _, labels, shape, polygons, _, _, _, _, bad, told = verify_image_label(of_file)
        if bad:
            raise ValueError(f"Ultralytics refuses {image.name}: {told}")
        label = data["names"][int(labels[0, 0])] if len(labels) else None
        yield image.stem, shape, labels, polygons, label
