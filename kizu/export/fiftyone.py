"""FiftyOne: COCO with run lengths, which its importer reads without losing a pixel.

``pip install fiftyone pycocotools``; the second is what its COCO importer needs and does not
install. ``images/`` and ``annotations/`` are as in ``coco``; the split becomes a tag.
Importer: https://docs.voxel51.com/user_guide/import_datasets.html#cocodetectiondataset.
"""

from pathlib import Path
from typing import Final

from kizu.export.coco import export as export_coco
from kizu.publish.dataset import Dataset
from kizu.publish.selection import Selection

KEEPS: Final = "every pixel"
LOADS: Final = """
from pathlib import Path

import fiftyone as fo

folder = Path(".").resolve()
dataset = fo.Dataset()
for labels in sorted(folder.glob("annotations/instances_*.json")):
    dataset.add_dir(
        dataset_type=fo.types.COCODetectionDataset,
        data_path=str(folder / "images"),
        labels_path=str(labels),
        label_types=["segmentations"],
        label_field="defects",
        tags=labels.stem.removeprefix("instances_"),
    )
print(dataset)
"""


def export(dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write images and one annotation file per split; see ``ExportModule``."""
    return export_coco(dataset, samples, folder)
