"""COCO, by pycocotools."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, mask and class of every image."""
    from pycocotools.coco import COCO

    for file in sorted(Path(folder, "annotations").glob("*.json")):
        coco = COCO(str(file))
        names = {each["id"]: each["name"] for each in coco.dataset["categories"]}
        for image in coco.loadImgs(coco.getImgIds()):
            mask, label = np.zeros((image["height"], image["width"]), bool), None
            for each in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
                mask |= coco.annToMask(each) > 0
                label = names[each["category_id"]]
            yield Path(image["file_name"]).stem, mask, label
