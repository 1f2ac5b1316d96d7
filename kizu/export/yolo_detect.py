"""YOLO detection: as YOLO segmentation, with a box for every connected region.

Format: https://docs.ultralytics.com/datasets/detect/.
"""

from pathlib import Path
from typing import Final

from kizu.export.yolo import write_yolo
from kizu.imaging.crops import MaskCrop
from kizu.publish.dataset import Dataset
from kizu.publish.selection import Selection

KEEPS: Final = "none, only the box of every connected region"
LOADS: Final = """
from ultralytics.data.dataset import YOLODataset
from ultralytics.data.utils import check_det_dataset

data = check_det_dataset("data.yaml", autodownload=False)
train = YOLODataset(img_path=data["train"], data=data, task="detect", imgsz=640, augment=False)
print(len(train), "images to train on, classes", data["names"])
"""


def export(_dataset: Dataset, samples: Selection, folder: Path) -> None:
    """Write images, a label file per image, and the file that names them; see ``ExportModule``."""
    write_yolo(samples, folder, _box)


def _box(region: MaskCrop, shape: tuple[int, ...]) -> list[float]:
    """Return centre and size of the region's box, as shares of the image."""
    x0, y0, x1, y1 = region.xyxy
    height, width = shape
    return [(x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height]
