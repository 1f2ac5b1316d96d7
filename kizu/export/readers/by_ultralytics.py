"""YOLO segmentation, by Ultralytics: its label reader, and its rasteriser of polygons."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, mask and class of every image."""
    from ultralytics.data.utils import check_det_dataset, polygon2mask, verify_image_label

    data = check_det_dataset(str(Path(folder, "data.yaml")), autodownload=False)
    for image in sorted(Path(folder, "images").glob("*/*.png")):
        text = Path(folder, "labels", image.parent.name, f"{image.stem}.txt")
        of_file = (str(image), str(text), "", False, len(data["names"]), 0, 0, False)
        _, labels, shape, polygons, _, _, _, _, bad, told = verify_image_label(of_file)
        if bad:
            raise ValueError(f"Ultralytics refuses {image.name}: {told}")
        mask = np.zeros(shape, bool)
        for polygon in polygons:
            points = (polygon * (shape[1], shape[0])).reshape(1, -1)
            mask |= polygon2mask(shape, list(points), downsample_ratio=1) > 0
        yield image.stem, mask, data["names"][int(labels[0, 0])] if len(labels) else None
