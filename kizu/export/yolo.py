"""YOLO segmentation: ``images/SPLIT``, ``labels/SPLIT`` and ``data.yaml``.

A line of a label file is one polygon. Each connected region becomes one through the centres of its
border pixels, in which a hole is reached by a bridge that is walked there and back; readers that
fill polygons, as Ultralytics does, get every pixel back. Images without defects have an empty label
file, which makes them background. Format: https://docs.ultralytics.com/datasets/segment/.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import yaml

from kizu.export.mvtec import write
from kizu.export.names import stem_of
from kizu.export.polygons import centre_polygon
from kizu.imaging.crops import MaskCrop, connected_regions
from kizu.publish.dataset import Dataset
from kizu.publish.selection import Selection, split_of

KEEPS: Final = "every pixel"
LOADS: Final = """
from ultralytics.data.dataset import YOLODataset
from ultralytics.data.utils import check_det_dataset

data = check_det_dataset("data.yaml", autodownload=False)
train = YOLODataset(img_path=data["train"], data=data, task="segment", imgsz=640, augment=False)
print(len(train), "images to train on, classes", data["names"])
"""

Line = Callable[[MaskCrop, tuple[int, ...]], list[float]]
"""Says what a label line tells of a region of an image of (H, W) pixels, behind its class."""


def export(_dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write images, a label file per image, and the file that names them; see ``ExportModule``."""
    write_yolo(samples, folder, _polygon)
    return 0


def write_yolo(samples: Selection, folder: Path, line: Line) -> None:
    """Write images and their labels.

    Args:
        samples: The samples.
        folder: The export's folder.
        line: What a label line tells.
    """
    classes = {name: number for number, name in enumerate(samples.classes)}
    for sample in samples:
        split, label, stem = split_of(sample), sample.label(), stem_of(sample)
        number = classes.get(sample.row["defect_type"], 0)
        lines = [
            f"{number} {' '.join(f'{share:.6f}' for share in line(region, label.shape))}\n"
            for region in connected_regions(label)
        ]
        write(folder / "images" / split / f"{stem}.png", sample.read("image"))
        write(folder / "labels" / split / f"{stem}.txt", "".join(lines).encode())
    content = {
        **{"val" if split == "test" else split: f"images/{split}" for split in samples.splits},
        "names": {number: name for name, number in classes.items()},
    }
    named = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    (folder / "data.yaml").write_text(named, encoding="utf-8")


def _polygon(region: MaskCrop, shape: tuple[int, ...]) -> list[float]:
    """Return x and y of each point in turn, as shares of the image."""
    points = centre_polygon(region.inside) + (region.x0, region.y0) + 0.5
    shares: list[float] = (points / (shape[1], shape[0])).ravel().tolist()
    return shares
