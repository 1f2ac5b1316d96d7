"""Hugging Face datasets: Parquet shards with the pictures in them, and a card naming the splits.

``image`` and ``mask`` are pictures (the mask 0 and 255, null of a normal image), ``label`` a class
(0 is ``good``), ``boxes`` a box per connected region, in pixels, x1 and y1 exclusive. The folder
can be pushed to the hub as it is.
Format: https://huggingface.co/docs/datasets/repository_structure.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from kizu.export.names import stem_of
from kizu.imaging.crops import connected_regions
from kizu.publish.dataset import Dataset, Sample
from kizu.publish.selection import Selection, split_of
from kizu.spec import GOOD

KEEPS: Final = "every pixel"
LOADS: Final = """
from pathlib import Path

from datasets import load_dataset

folder = str(Path(".").resolve())
for split, rows in load_dataset(folder).items():
    print(split, len(rows), rows.features["label"].names)
streamed = load_dataset(folder, split="train", streaming=True)
print(next(iter(streamed)))
"""

_MOST_BYTES: Final = 256 << 20
"""Of a shard's pictures; the hub's own tools make shards of 500 MB at most."""
_GROUP_BYTES: Final = 16 << 20
"""Of the pictures in a row group: what a streaming reader holds at a time."""
_GROUP_ROWS: Final = 100
"""In a row group at most, as the hub's own writer of pictures has it."""

_PICTURE: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_SCHEMA: Final = pa.schema(
    [
        ("sample_id", pa.string()),
        ("image", _PICTURE),
        ("mask", _PICTURE),
        ("label", pa.int64()),
        ("boxes", pa.list_(pa.list_(pa.int32(), 4))),
        ("split", pa.string()),
        ("category", pa.string()),
        ("verdict", pa.string()),
        ("certified", pa.bool_()),
        ("group", pa.string()),
        ("real_defect", pa.string()),
        ("real_defect_sha256", pa.string()),
    ]
)
_TOLD: Final = [name for name in _SCHEMA.names if name not in ("image", "mask", "label", "boxes")]
"""Columns of the version that are taken over."""

_TYPES: Final = {pa.string(): "string", pa.int64(): "int64", pa.bool_(): "bool"}
"""Names of plain types, as the ``datasets`` library has them."""


def export(dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write the shards of every split and the head of the card; see ``ExportModule``."""
    (folder / "data").mkdir()
    classes = [GOOD, *samples.classes]
    schema = _SCHEMA.with_metadata(
        {"huggingface": json.dumps({"info": {"features": features(classes)}})}
    )
    shards: dict[str, _Shards] = {}
    try:
        for sample in samples:
            split = split_of(sample)
            if split not in shards:
                shards[split] = _Shards(folder / "data", split, schema)
            shards[split].add(_row(sample, classes))
    finally:
        for each in shards.values():
            each.close()
    for each in shards.values():
        each.name_by_count()
    (folder / "README.md").write_text(_card(dataset, sorted(shards)), encoding="utf-8")
    return 0


def features(classes: Sequence[str]) -> dict[str, Any]:
    """Return the columns' types as the ``datasets`` library writes them into a schema.

    Args:
        classes: The classes by their numbers.
    """
    whole = {"dtype": "int32", "_type": "Value"}
    box = {"feature": whole, "length": 4, "_type": "List"}
    kinds = {
        field.name: {"dtype": _TYPES[field.type], "_type": "Value"}
        for field in _SCHEMA
        if field.type in _TYPES
    }
    return kinds | {
        "image": {"_type": "Image"},
        "mask": {"_type": "Image"},
        "label": {"names": list(classes), "_type": "ClassLabel"},
        "boxes": {"feature": box, "_type": "List"},
    }


def _row(sample: Sample, classes: Sequence[str]) -> dict[str, Any]:
    name, has_mask = f"{stem_of(sample)}.png", bool(sample.row["mask_path"])
    regions = connected_regions(sample.label()) if has_mask else ()
    return {name: sample.row[name] for name in _TOLD} | {
        "image": {"bytes": sample.read("image"), "path": name},
        "mask": {"bytes": sample.read("mask"), "path": name} if has_mask else None,
        "label": classes.index(sample.row["defect_type"]),
        "boxes": [list(region.xyxy) for region in regions],
    }


class _Shards:
    """Parquet files of one split, one after the other."""

    def __init__(self, folder: Path, split: str, schema: pa.Schema) -> None:
        self._folder, self._split, self._schema = folder, split, schema
        self._files: list[Path] = []
        self._rows: list[dict[str, Any]] = []
        self._waiting_bytes = self._written_bytes = 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, row: dict[str, Any]) -> None:
        """Add a row; rows are written in groups."""
        pictures = (row["image"], row["mask"])
        self._waiting_bytes += sum(len(each["bytes"]) for each in pictures if each)
        self._rows.append(row)
        if self._waiting_bytes > _GROUP_BYTES or len(self._rows) == _GROUP_ROWS:
            self._write_group()

    def close(self) -> None:
        """Write what waits, and end the file."""
        if self._rows:
            self._write_group()
        self._end_file()

    def name_by_count(self) -> None:
        """Give the files the names that say how many there are."""
        count = len(self._files)
        for number, file in enumerate(self._files):
            file.rename(file.with_name(f"{self._split}-{number:05d}-of-{count:05d}.parquet"))

    def _write_group(self) -> None:
        if self._writer is None:
            self._files.append(self._folder / f"{self._split}.{len(self._files)}.part")
            self._writer = pq.ParquetWriter(self._files[-1], self._schema)
        group = pa.Table.from_pylist(self._rows, schema=self._schema)
        self._writer.write_table(group, row_group_size=len(self._rows))
        self._written_bytes += self._waiting_bytes
        self._rows, self._waiting_bytes = [], 0
        if self._written_bytes > _MOST_BYTES:
            self._end_file()

    def _end_file(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._written_bytes = None, 0


def _card(dataset: Dataset, splits: Sequence[str]) -> str:
    files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in splits]
    head = {
        "pretty_name": dataset.name,
        "task_categories": ["image-segmentation"],
        "tags": ["anomaly-detection", "visual-inspection"],
        "configs": [{"config_name": "default", "data_files": files}],
    }
    return f"---\n{yaml.safe_dump(head, allow_unicode=True, sort_keys=False)}---\n\n"
