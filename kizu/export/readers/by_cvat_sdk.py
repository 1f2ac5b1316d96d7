"""CVAT for images 1.1: the masks in the file, by ``cvat_sdk.masks``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, mask and class of every image."""
    from cvat_sdk.masks import decode_mask

    root = ET.parse(Path(folder, "annotations.xml")).getroot()  # noqa: S314 - of this export
    for image in root.iter("image"):
        width, height = int(image.attrib["width"]), int(image.attrib["height"])
        mask, label = np.zeros((height, width), bool), None
        for each in image.iter("mask"):
            left, top, w, h = (int(each.attrib[s]) for s in ("left", "top", "width", "height"))
            points = [int(run) for run in each.attrib["rle"].split(",")]
            points += [left, top, left + w - 1, top + h - 1]
            mask |= decode_mask(points, image_width=width, image_height=height)
            label = each.attrib["label"]
        yield Path(image.attrib["name"]).stem, mask, label
