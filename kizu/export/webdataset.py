"""WebDataset: ``SPLIT-000000.tar`` and so on, for training that streams.

Of every sample ``NAME.image.png``, ``NAME.mask.png`` (0 and 255; all 0 of a normal image, so that
every sample has the same parts), ``NAME.cls`` (0 is ``good``; ``classes.json`` has the others) and
``NAME.json``. Format: https://github.com/webdataset/webdataset.
"""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kizu.export.names import stem_of
from kizu.imaging.codecs import encode_mask
from kizu.publish.dataset import Dataset, Sample
from kizu.publish.selection import Selection, split_of
from kizu.spec import GOOD

KEEPS: Final = "every pixel"
LOADS: Final = """
from pathlib import Path

import webdataset as wds

folder = Path(".")
shards = sorted(str(file) for file in folder.glob("train-*.tar"))
data = wds.WebDataset(shards, shardshuffle=False).decode("rgb8")
for image, mask, label in data.to_tuple("image.png", "mask.png", "cls"):
    print(image.shape, (mask[..., 0] > 0).sum(), "pixels of class", label)
"""

_TOLD: Final = (
    "sample_id",
    "defect_type",
    "category",
    "split",
    "verdict",
    "certified",
    "group",
    "real_defect",
    "real_defect_sha256",
)
"""Columns of the version that are taken over."""

_MOST_BYTES: Final = 256 << 20
"""Of a shard; WebDataset's own advice is a few hundred megabytes."""


def export(_dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write the shards of every split; see ``ExportModule``."""
    classes = {name: number for number, name in enumerate([GOOD, *samples.classes])}
    (folder / "classes.json").write_text(json.dumps(list(classes), ensure_ascii=False), "utf-8")
    shards: dict[str, _Shards] = {}
    try:
        for sample in samples:
            split = split_of(sample)
            if split not in shards:
                shards[split] = _Shards(folder, split)
            shards[split].add(stem_of(sample), dict(_parts(sample, classes)))
    finally:
        for each in shards.values():
            each.close()
    return 0


def _parts(sample: Sample, classes: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    mask = sample.read("mask") if sample.row["mask_path"] else encode_mask(sample.label())
    row = {name: sample.row[name] for name in _TOLD}
    yield "image.png", sample.read("image")
    yield "mask.png", mask
    yield "cls", str(classes[sample.row["defect_type"]]).encode()
    yield "json", json.dumps(row, ensure_ascii=False).encode()


class _Shards:
    """Archives of one split, one after the other."""

    def __init__(self, folder: Path, split: str) -> None:
        self._folder, self._split, self._number = folder, split, 0
        self._tar = self._open()

    def add(self, name: str, parts: Mapping[str, bytes]) -> None:
        """Add the parts of a sample, which stay together."""
        if self._tar.offset > _MOST_BYTES:
            self.close()
            self._number += 1
            self._tar = self._open()
        for ending, data in parts.items():
            member = tarfile.TarInfo(f"{name}.{ending}")
            member.size, member.mode = len(data), 0o644
            self._tar.addfile(member, io.BytesIO(data))

    def close(self) -> None:
        """End the archive that is written."""
        self._tar.close()

    def _open(self) -> tarfile.TarFile:
        file = self._folder / f"{self._split}-{self._number:06d}.tar"
        return tarfile.open(file, "w", format=tarfile.GNU_FORMAT)
