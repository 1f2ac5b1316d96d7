"""Writes a version in every format, reads it back, and counts the pixels that differ.

Each format is read by the tools it is for, as they are installed: in this environment, or in others
of their own, for some pin versions that clash. A tool runs as a process without kizu. Where there
is none, kizu reads the export itself, and says so.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from kizu.export import readers
from kizu.export.names import stem_of
from kizu.export.readers.own import OWN, Read
from kizu.export.registry import FORMATS, export_dataset, format_module
from kizu.imaging.arrays import Mask
from kizu.imaging.codecs import decode_mask
from kizu.imaging.crops import MaskCrop, connected_regions, union_of
from kizu.publish.dataset import Dataset
from kizu.publish.selection import Selection
from kizu.sentences import words_of

_BOXES: Final = "yolo-detect"
"""The format that keeps boxes alone: filled boxes are compared with filled boxes."""


@dataclass(frozen=True)
class Tool:
    """A tool that reads a format.

    Attributes:
        name: What it is called.
        distribution: What is installed.
        package: What is imported.
        reader: File in ``readers``, without ending.
    """

    name: str
    distribution: str
    package: str
    reader: str


_PYCOCOTOOLS: Final = Tool("pycocotools", "pycocotools", "pycocotools", "by_pycocotools")
_SUPERVISION: Final = Tool("supervision", "supervision", "supervision", "by_supervision")
TOOLS: Final[Mapping[str, tuple[Tool, ...]]] = {
    "anomalib": (
        Tool("anomalib Tabular", "anomalib", "anomalib", "by_anomalib_tabular"),
        Tool("anomalib Folder", "anomalib", "anomalib", "by_anomalib_folder"),
    ),
    "coco": (
        _PYCOCOTOOLS,
        _SUPERVISION,
        Tool("datumaro", "datumaro", "datumaro", "by_datumaro_coco"),
    ),
    "coco-polygons": (_PYCOCOTOOLS, _SUPERVISION),
    "cvat": (
        Tool("datumaro", "datumaro", "datumaro", "by_datumaro_cvat"),
        Tool("cvat_sdk.masks", "cvat-sdk", "cvat_sdk", "by_cvat_sdk"),
    ),
    "fiftyone": (Tool("FiftyOne's parser", "fiftyone", "fiftyone", "by_fiftyone"), _PYCOCOTOOLS),
    "huggingface": (Tool("datasets", "datasets", "datasets", "by_datasets"),),
    "label-studio": (
        Tool("label-studio-sdk", "label-studio-sdk", "label_studio_sdk", "by_label_studio_sdk"),
    ),
    "labelme": (Tool("LabelMe", "labelme", "labelme", "by_labelme"),),
    "mvtec": (Tool("anomalib MVTecAD", "anomalib", "anomalib", "by_anomalib_mvtec"),),
    "webdataset": (Tool("WebDataset", "webdataset", "webdataset", "by_webdataset"),),
    "yolo": (Tool("Ultralytics", "ultralytics", "ultralytics", "by_ultralytics"),),
    "yolo-detect": (Tool("Ultralytics", "ultralytics", "ultralytics", "by_ultralytics_boxes"),),
}
"""Who reads each format, the tool that it is named after first."""


LOSSY: Final = {("coco-polygons", "supervision")}
"""Formats with readers that give back other pixels, as the formats' docstrings state."""


@dataclass(frozen=True)
class Trip:
    """What a reader gave back of an export.

    Attributes:
        format: The format.
        reader: Who read it, with the version.
        keeps: What the format keeps of masks.
        exported: How many images were written.
        images: How many of them the reader found.
        differing_px: Pixels that differ from the published masks, over all images.
        mask_px: Pixels of the published masks of the images it found.
        wrong_classes: Images whose class differs.
        unknown: Names that it found and nobody wrote.
        problem: Why it could not read the export; empty if it could.
    """

    format: str
    reader: str
    keeps: str
    exported: int
    images: int = 0
    differing_px: int = 0
    mask_px: int = 0
    wrong_classes: int = 0
    unknown: int = 0
    problem: str = ""

    @property
    def is_broken(self) -> bool:
        """True where more is lost than the format and its reader are said to lose."""
        is_lossless = (self.format, self.reader.split()[0]) not in LOSSY
        lost = self.problem or self.wrong_classes or self.unknown
        return bool(lost or (is_lossless and self.differing_px))


class _ReaderError(Exception):
    """A tool did not read an export; the message is its last line."""


def roundtrip(
    dataset: Dataset,
    *,
    formats: Collection[str] = FORMATS,
    environments: Path | None = None,
    also: Collection[str] = (),
    uncertified: bool = False,
) -> Iterator[Trip]:
    """Yield what every reader gives back of every format; one export lies on the disk at a time.

    Args:
        dataset: The version.
        formats: Which of ``FORMATS``.
        environments: A folder of virtual environments with tools.
        also: See ``export_dataset``.
        uncertified: See ``export_dataset``.

    Raises:
        ExportError: There is no such format, or nothing can be written.
        DatasetError: A file of the version is missing, or is not the one that was published.
    """
    for name in formats:
        with tempfile.TemporaryDirectory(prefix="kizu-roundtrip-") as room:
            folder = Path(room, "export")
            export_dataset(dataset, name, folder, also=also, uncertified=uncertified)
            samples = _by_stem(Selection(dataset, name, also, uncertified))
            for reader in _readers(name, environments):
                yield _trip(dataset, samples, reader, folder)


@dataclass(frozen=True)
class _Reader:
    """A tool with the Python that has it; kizu itself where there is none.

    Attributes:
        format: The format.
        tool: The tool.
        python: The Python.
    """

    format: str
    tool: Tool | None = None
    python: str = ""

    def read(self, folder: Path) -> Iterator[Read]:
        """Yield the reader's name with its version, and then what it finds in an export.

        Raises:
            _ReaderError: It does not read it.
        """
        if self.tool is None:
            yield "kizu's own reading", None, None
            yield from OWN[self.format](folder)
            return
        lines = _lines(self.python, self.tool, folder)
        version = next(lines, {}).get("version", "")
        yield f"{self.tool.name} {version}".strip(), None, None
        for line in lines:
            yield line["name"], _unpacked(line), line["label"]


def _readers(name: str, environments: Path | None) -> list[_Reader]:
    """Return who can read a format here."""

    def python_with(package: str) -> str:
        return sys.executable if find_spec(package) else find_environment(package, environments)

    found = [(tool, python_with(tool.package)) for tool in TOOLS[name]]
    return [_Reader(name, tool, python) for tool, python in found if python] or [_Reader(name)]


def find_environment(package: str, environments: Path | None) -> str:
    """Return the Python of the first environment that has a package; empty if none has.

    Args:
        package: What is imported.
        environments: A folder of virtual environments, or None.
    """
    if environments is None:
        return ""
    places = sorted(environments.absolute().glob(f"*/lib/python*/site-packages/{package}"))
    return str(places[0].parents[3] / "bin" / "python") if places else ""


def _lines(python: str, tool: Tool, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what ``readers/answer.py`` prints in the environment of a tool.

    Raises:
        _ReaderError: It ends with an error.
    """
    script = Path(readers.__file__).with_name("answer.py")
    command = [python, str(script), tool.reader, str(folder), tool.distribution]
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as told:
        with subprocess.Popen(  # noqa: S603 - our script, in an environment the user named
            command, stdout=subprocess.PIPE, stderr=told, env=own, encoding="utf-8"
        ) as process:
            try:
                yield from map(json.loads, process.stdout or ())
            except BaseException:
                process.kill()
                raise
        told.seek(0)
        if process.returncode:
            last = [line for line in told.read().splitlines() if line.strip()][-1:]
            raise _ReaderError(last[0] if last else f"it ended with {process.returncode}")


def _unpacked(line: Mapping[str, Any]) -> Mask:
    height, width = line["size"]
    bits = np.frombuffer(zlib.decompress(base64.b64decode(line["bits"])), np.uint8)
    return np.unpackbits(bits, count=height * width).reshape(height, width).astype(np.bool_)


_Published = tuple[str, str, str]
"""Defect type, mask path and digest of a sample; empty paths of normal images."""


def _by_stem(samples: Selection) -> dict[str, _Published]:
    """Return the exported samples by their names in the export."""
    return {
        stem_of(each): (each.row["defect_type"], each.row["mask_path"], each.row["mask_sha256"])
        for each in samples.rows()
    }


def _trip(
    dataset: Dataset, samples: Mapping[str, _Published], reader: _Reader, folder: Path
) -> Trip:
    """Compare what a reader finds in an export with what was published."""
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    who, problem = reader.tool.name if reader.tool else "", ""
    try:
        found = reader.read(folder)
        who, _, _ = next(found)
        for name, mask, label in found:
            if name not in samples or name in seen:
                counts["unknown"] += 1
                continue
            seen.add(name)
            defect_type, path, sha256 = samples[name]
            truth = decode_mask(dataset.read(path, sha256)) if path else np.zeros_like(mask)
            truth = _boxes(truth) if reader.format == _BOXES else truth
            counts["mask_px"] += int(np.count_nonzero(truth))
            counts["differing_px"] += _differing_px(truth, mask)
            counts["wrong_classes"] += bool(path) and label not in {None, defect_type}
    except (_ReaderError, json.JSONDecodeError) as error:
        problem = words_of(error)
    return Trip(
        format=reader.format,
        reader=who,
        keeps=format_module(reader.format).KEEPS,
        exported=len(samples),
        images=len(seen),
        problem=problem,
        **counts,
    )


def _differing_px(truth: Mask, mask: Mask) -> int:
    """Count the pixels that differ; all of them where the sizes do."""
    if truth.shape != mask.shape:
        return max(truth.size, mask.size)
    return int(np.count_nonzero(truth != mask))


def _boxes(mask: Mask) -> Mask:
    """Return (H, W) bool, true in the box of every connected region."""
    regions = connected_regions(mask)
    boxes = (MaskCrop(each.x0, each.y0, np.ones_like(each.inside)) for each in regions)
    return union_of(boxes, (mask.shape[0], mask.shape[1]))
