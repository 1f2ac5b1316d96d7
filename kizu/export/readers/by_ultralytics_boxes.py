"""YOLO detection, by Ultralytics: its boxes, filled."""

from collections.abc import Iterator
from typing import Any

import numpy as np


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, filled boxes and class of every image."""
    import by_ultralytics

    for name, shape, labels, _, label in by_ultralytics.read_labels(folder):
        mask = np.zeros(shape, bool)
        for _, x, y, width, height in labels:
            x0, y0, x1, y1 = x - width / 2, y - height / 2, x + width / 2, y + height / 2
            left, right = (round(side * shape[1]) for side in (x0, x1))
            top, bottom = (round(side * shape[0]) for side in (y0, y1))
            mask[top:bottom, left:right] = True
        yield name, mask, label
