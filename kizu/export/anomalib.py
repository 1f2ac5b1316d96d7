"""anomalib: MVTec AD's layout for ``Folder``, and ``tabular.csv`` for ``Tabular``.

``python load.py`` makes both data modules; it needs anomalib and nothing else. ``Tabular`` passes
over the splits that it does not know: ``train_defects``, ``review``, ``reject``.
Readers: https://anomalib.readthedocs.io/en/latest/markdown/guides/how_to/data/custom_data.html.
"""

import csv
from pathlib import Path
from typing import Final

from kizu.export.mvtec import paths_of, write
from kizu.export.names import class_folders
from kizu.publish.dataset import Dataset
from kizu.publish.selection import Selection

KEEPS: Final = "every pixel"
LOADS: Final = """
from pathlib import Path

import pandas as pd
from anomalib.data import Folder, Tabular

folder = Path(".")
frame = pd.read_csv(folder / "tabular.csv", keep_default_na=False)
text = {name: object for name in ("image_path", "mask_path", "split", "label")}
settings = {"num_workers": 0, "val_split_mode": "same_as_test"}
tabular = Tabular(name="tabular", samples=frame.astype(text), root=folder, **settings)

[root] = [train.parent for train in folder.glob("*/train")]
defects = sorted(each.name for each in (root / "test").iterdir() if each.name != "good")
of_folder = Folder(
    name="folder",
    root=root,
    normal_dir="train/good",
    normal_test_dir="test/good" if (root / "test/good").is_dir() else None,
    abnormal_dir=[f"test/{name}" for name in defects],
    mask_dir=[f"ground_truth/{name}" for name in defects],
    **settings,
)
for data in (tabular, of_folder):
    data.setup()
    print(data.name, len(data.train_data), "to train on,", len(data.test_data), "to test")
"""

TABLE: Final = "tabular.csv"
_COLUMNS: Final = ("image_path", "label_index", "mask_path", "split", "label", "defect_type")


def export(_dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write images, masks, the table and the script that loads them; see ``ExportModule``."""
    folders = class_folders(samples.classes)
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as opened:
        table = csv.DictWriter(opened, _COLUMNS, extrasaction="ignore")
        table.writeheader()
        for sample in samples:
            image, mask = paths_of(sample, folders)
            write(folder / image, sample.read("image"))
            if mask:
                write(folder / mask, sample.read("mask"))
            table.writerow({**sample.row, "image_path": image, "mask_path": mask or ""})
    (folder / "load.py").write_text(LOADS.lstrip(), encoding="utf-8")
    return 0
