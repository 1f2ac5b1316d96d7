"""MVTec AD's layout: ``train/good``, ``test/CLASS`` and ``ground_truth/CLASS`` of a category.

One-class methods train on ``train/good`` alone, and their readers take whatever lies below
``train`` and ``test``. So accepted defects of training photos (``train_defects``), and what else is
exported on request, lie apart, below ``other_splits``, where no reader of this layout looks.
Layout: https://www.mvtec.com/company/research/datasets/mvtec-ad.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from kizu.export.names import class_folders, safe_name, stem_of
from kizu.publish.dataset import Dataset, Sample
from kizu.publish.rows import TEST, TRAIN
from kizu.publish.selection import Selection

KEEPS: Final = "every pixel"
LOADS: Final = """
from pathlib import Path

from anomalib.data import MVTecAD

folder = Path(".")
[category] = [train.parent.name for train in folder.glob("*/train")]
data = MVTecAD(root=folder, category=category, num_workers=0, val_split_mode="same_as_test")
data.setup()
print(category, len(data.train_data), "to train on,", len(data.test_data), "to test")
"""

OTHER_SPLITS: Final = "other_splits"
"""Beside the category's folder: within it, readers would take them for test images."""


def export(_dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write images and masks; see ``ExportModule``."""
    folders = class_folders(samples.classes)
    for sample in samples:
        image, mask = paths_of(sample, folders)
        write(folder / image, sample.read("image"))
        if mask:
            write(folder / mask, sample.read("mask"))
    return 0


def paths_of(
    sample: Sample, folders: Mapping[str, str]
) -> tuple[PurePosixPath, PurePosixPath | None]:
    """Return where a sample's image and mask go below the export; normal images have no mask.

    Args:
        sample: The sample.
        folders: The folder of every class.
    """
    split, stem = str(sample.row["split"]), stem_of(sample)
    kind = folders[sample.row["defect_type"]]
    category = PurePosixPath(safe_name(sample.row["category"]))
    if split in {TRAIN, TEST}:
        images, masks = category / split, category / "ground_truth"
    else:
        images, masks = (PurePosixPath(OTHER_SPLITS, split, which) for which in ("images", "masks"))
    mask = masks / kind / f"{stem}_mask.png"
    return images / kind / f"{stem}.png", mask if sample.row["mask_path"] else None


def write(file: Path, data: bytes) -> None:
    """Write a file into a folder that may have to be made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
