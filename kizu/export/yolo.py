"""YOLO segmentation: ``images/SPLIT``, ``labels/SPLIT`` and ``data.yaml``.

A line of a label file is one polygon, and has no way to say "hole". So each connected region
becomes one polygon through the centres of its border pixels, in which a hole is reached by a
bridge that is walked there and back; readers that fill polygons, as Ultralytics does, get every
pixel back. Format: https://docs.ultralytics.com/datasets/segment/.
"""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from kizu.export.names import stem_of
from kizu.export.selection import Selection, split_of
from kizu.imaging.arrays import Mask
from kizu.imaging.crops import MaskCrop, connected_regions
from kizu.publish.dataset import Dataset

KEEPS: Final = "every pixel"
LOADS: Final = """
from ultralytics.data.dataset import YOLODataset
from ultralytics.data.utils import check_det_dataset

data = check_det_dataset("data.yaml", autodownload=False)
train = YOLODataset(img_path=data["train"], data=data, task="segment", imgsz=640, augment=False)
print(len(train), "images to train on, classes", data["names"])
"""

Ring = NDArray[np.int64]

_LEAST_POINTS: Final = 3
"""Shorter polygons are refused by readers."""


def export(_dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write images, one label file per image, and the file that names them; see ``ExportModule``.

    Images without defects have an empty label file, which makes them background.
    """
    classes = {name: number for number, name in enumerate(samples.classes)}
    splits: dict[str, None] = {}
    for sample in samples:
        split, label = split_of(sample), sample.label()
        splits[split] = None
        image = folder / "images" / split / f"{stem_of(sample)}.png"
        text = folder / "labels" / split / f"{stem_of(sample)}.txt"
        for file in (image, text):
            file.parent.mkdir(parents=True, exist_ok=True)
        image.write_bytes(sample.read("image"))
        number = classes.get(sample.row["defect_type"], 0)
        lines = [_line(number, region, label.shape) for region in connected_regions(label)]
        text.write_text("".join(lines), encoding="utf-8")
    content = {
        **{"val" if split == "test" else split: f"images/{split}" for split in splits},
        "names": {number: name for name, number in classes.items()},
    }
    named = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    (folder / "data.yaml").write_text(named, encoding="utf-8")
    return 0


def _line(number: int, region: MaskCrop, shape: tuple[int, ...]) -> str:
    """Return a label line: the class, then x and y of each point as shares of the image."""
    points = region_polygon(region.inside) + (region.x0, region.y0) + 0.5
    shares = points / (shape[1], shape[0])
    return f"{number} {' '.join(f'{value:.6f}' for value in shares.ravel())}\n"


def region_polygon(inside: Mask) -> Ring:
    """Return one polygon that fills to exactly this region.

    Args:
        inside: (H, W) bool, one region whose pixels touch at sides or corners.

    Returns:
        (N, 2) xy of pixels, N at least 3.

    Example:
        >>> region_polygon(np.array([[True, True], [True, True]])).tolist()
        [[0, 0], [0, 1], [1, 1], [1, 0]]
    """
    rings, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outer, *holes = (ring[:, 0].astype(np.int64) for ring in rings)
    while holes:
        bridges = [_shortest_bridge(outer, hole) for hole in holes]
        nearest = min(range(len(holes)), key=lambda n: bridges[n][0])
        _, start, end = bridges[nearest]
        hole = holes.pop(nearest)
        outer = np.concatenate([outer[: start + 1], hole[end:], hole[: end + 1], outer[start:]])
    return np.resize(outer, (max(len(outer), _LEAST_POINTS), 2))


def _shortest_bridge(outer: Ring, hole: Ring) -> tuple[int, int, int]:
    """Return the squared length of the shortest line between two rings, and where it starts."""
    squared = ((outer[:, None] - hole[None]) ** 2).sum(axis=-1)
    start, end = np.unravel_index(squared.argmin(), squared.shape)
    return int(squared[start, end]), int(start), int(end)
