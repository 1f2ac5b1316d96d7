"""Label Studio's tasks: the masks in them, by ``label-studio-sdk``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, mask and class of every image."""
    from label_studio_sdk.converter import brush
    from PIL import Image

    for task in json.loads(Path(folder, "tasks.json").read_text(encoding="utf-8")):
        picture = Path(folder, task["data"]["image"].split("?d=", 1)[1])
        with Image.open(picture) as image:
            mask, label = np.zeros(image.size[::-1], bool), None
        for region in task["annotations"][0]["result"]:
            shape = region["original_height"], region["original_width"], 4
            mask |= np.reshape(brush.decode_rle(region["value"]["rle"]), shape)[..., 3] > 0
            [label] = region["value"]["brushlabels"]
        yield picture.stem, mask, label
