"""LabelMe's files, by LabelMe."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, mask and class of every image."""
    from labelme import utils

    for file in sorted(Path(folder).glob("*/*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        size, label = (found["imageHeight"], found["imageWidth"]), None
        for shape in found["shapes"]:
            shape["mask"] = utils.img_b64_to_arr(shape["mask"]).astype(bool)
            label = shape["label"]
        numbers = {label: 1}
        classes, _ = utils.shapes_to_label((*size, 3), found["shapes"], numbers)
        yield file.stem, np.asarray(classes), label
