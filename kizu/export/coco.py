"""COCO instance segmentation: ``images/`` and ``annotations/instances_SPLIT.json``.

Masks are compressed run lengths (RLE), one annotation per connected region, so not a pixel is lost.
Format: https://cocodataset.org/#format-data.
"""

import itertools
import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, TextIO

from kizu.export.mvtec import write
from kizu.export.names import class_folders, stem_of
from kizu.imaging.crops import MaskCrop, connected_regions
from kizu.imaging.rle import encode_crop
from kizu.publish.dataset import Dataset
from kizu.publish.selection import Selection, split_of

KEEPS: Final = "every pixel"
LOADS: Final = """
from pycocotools.coco import COCO

coco = COCO("annotations/instances_train.json")
for image in coco.loadImgs(coco.getImgIds()):
    regions = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
    print(image["file_name"], sum(int(coco.annToMask(region).sum()) for region in regions), "px")
"""

Encode = Callable[[MaskCrop, tuple[int, int]], Any]
"""Returns the ``segmentation`` of a region of an image of (H, W) pixels."""


def export(dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write images and one annotation file per split; see ``ExportModule``."""
    write_coco(dataset, samples, folder, encode_crop)
    return 0


def write_coco(dataset: Dataset, samples: Selection, folder: Path, encode: Encode) -> None:
    """Write images and one annotation file per split, in which they are listed as they come.

    Args:
        dataset: The version, for its name.
        samples: The samples.
        folder: The export's folder.
        encode: Encodes a region.
    """
    classes = {name: number for number, name in enumerate(samples.classes, start=1)}
    categories = [{"id": number, "name": name} for name, number in classes.items()]
    ids, folders = itertools.count(1), class_folders(samples.classes)
    (folder / "annotations").mkdir()
    with ExitStack() as stack:
        files = {split: _SplitFile(folder, split, stack) for split in samples.splits}
        for number, sample in enumerate(samples, start=1):
            kind, file = sample.row["defect_type"], files[split_of(sample)]
            name = f"{folders[kind]}/{stem_of(sample)}.png"
            write(folder / "images" / name, sample.read("image"))
            label = sample.label()
            height, width = label.shape
            image = {"id": number, "file_name": name, "height": height, "width": width}
            file.images.add(image)
            for region in connected_regions(label):
                about = {"id": next(ids), "image_id": number, "category_id": classes[kind]}
                file.annotations.add(about | _annotation(region, (height, width), encode))
        for file in files.values():
            file.finish(f"{dataset.name} {dataset.version}", categories)


def _annotation(region: MaskCrop, shape: tuple[int, int], encode: Encode) -> dict[str, Any]:
    x0, y0, x1, y1 = region.xyxy
    return {
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": region.area_px,
        "segmentation": encode(region, shape),
        "iscrowd": 0,
    }


class _SplitFile:
    """The annotation file of a split; its two lists grow on the disk, and are put together last."""

    def __init__(self, folder: Path, split: str, stack: ExitStack) -> None:
        self._file = folder / "annotations" / f"instances_{split}.json"
        self.images = _JsonList(self._file.with_suffix(".images"), stack)
        self.annotations = _JsonList(self._file.with_suffix(".annotations"), stack)

    def finish(self, description: str, categories: Sequence[dict[str, Any]]) -> None:
        """Put the file together."""
        with self._file.open("w", encoding="utf-8") as opened:
            head = {"info": {"description": description}, "categories": categories}
            opened.write(json.dumps(head, ensure_ascii=False)[:-1])
            for name in ("images", "annotations"):
                opened.write(f', "{name}": [')
                getattr(self, name).move_into(opened)
                opened.write("]")
            opened.write("}\n")


class _JsonList:
    """Items of a JSON list, in a file of their own."""

    def __init__(self, file: Path, stack: ExitStack) -> None:
        self._file = file
        self._opened = stack.enter_context(file.open("w+", encoding="utf-8"))

    def add(self, item: dict[str, Any]) -> None:
        """Add an item."""
        comma = ",\n" if self._opened.tell() else ""
        self._opened.write(comma + json.dumps(item, ensure_ascii=False))

    def move_into(self, other: TextIO) -> None:
        """Copy the items into another file, and remove their own."""
        self._opened.seek(0)
        shutil.copyfileobj(self._opened, other)
        self._opened.close()
        self._file.unlink()
