"""COCO instance segmentation: ``images/`` and ``annotations/instances_SPLIT.json``.

Masks are compressed run lengths (RLE), one annotation per connected region, so not a pixel is lost;
polygons would lose holes and one-pixel parts (https://cocodataset.org/#format-data).
"""

import itertools
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from kizu.export.names import class_folders, stem_of
from kizu.export.selection import Selection, split_of
from kizu.imaging.crops import connected_regions
from kizu.imaging.rle import encode_crop
from kizu.publish.dataset import Dataset

KEEPS: Final = "every pixel"
LOADS: Final = """
from pycocotools.coco import COCO

coco = COCO("annotations/instances_train.json")
for image in coco.loadImgs(coco.getImgIds()):
    regions = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
    print(image["file_name"], sum(int(coco.annToMask(region).sum()) for region in regions), "px")
"""


def export(dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write images and one annotation file per split; see ``ExportModule``."""
    classes = {name: number for number, name in enumerate(samples.classes, start=1)}
    images: dict[str, list[dict[str, Any]]] = defaultdict(list)
    annotations: dict[str, list[dict[str, Any]]] = defaultdict(list)
    ids, folders = itertools.count(1), class_folders(samples.classes)
    for number, sample in enumerate(samples, start=1):
        split, name = (
            split_of(sample),
            f"{folders[sample.row['defect_type']]}/{stem_of(sample)}.png",
        )
        file = folder / "images" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(sample.read("image"))
        label = sample.label()
        height, width = label.shape
        images[split].append({"id": number, "file_name": name, "height": height, "width": width})
        for region in connected_regions(label):
            x0, y0, x1, y1 = region.xyxy
            annotations[split].append(
                {
                    "id": next(ids),
                    "image_id": number,
                    "category_id": classes[sample.row["defect_type"]],
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "area": region.area_px,
                    "segmentation": encode_crop(region, (height, width)),
                    "iscrowd": 0,
                }
            )
    categories = [{"id": number, "name": name} for name, number in classes.items()]
    (folder / "annotations").mkdir()
    for split, listed in images.items():
        content = {
            "info": {"description": f"{dataset.name} {dataset.version}"},
            "images": listed,
            "annotations": annotations[split],
            "categories": categories,
        }
        file = folder / "annotations" / f"instances_{split}.json"
        file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return 0
