"""YOLO detection, by Ultralytics: its boxes, filled."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, filled boxes and class of every image."""
    from ultralytics.data.utils import check_det_dataset, verify_image_label

    data = check_det_dataset(str(Path(folder, "data.yaml")), autodownload=False)
    for image in sorted(Path(folder, "images").glob("*/*.png")):
        text = Path(folder, "labels", image.parent.name, f"{image.stem}.txt")
        of_file = (str(image), str(text), "", False, len(data["names"]), 0, 0, False)
        _, labels, shape, _, _, _, _, _, bad, told = verify_image_label(of_file)
        if bad:
            raise ValueError(f"Ultralytics refuses {image.name}: {told}")
        mask = np.zeros(shape, bool)
        for _, x, y, width, height in labels:
            x0, y0, x1, y1 = x - width / 2, y - height / 2, x + width / 2, y + height / 2
            left, right = (round(side * shape[1]) for side in (x0, x1))
            top, bottom = (round(side * shape[0]) for side in (y0, y1))
            mask[top:bottom, left:right] = True
        yield image.stem, mask, data["names"][int(labels[0, 0])] if len(labels) else None
