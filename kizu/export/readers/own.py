"""Exports read back by kizu itself, where no tool is installed that could.

Nothing that wrote an export is used to read it, but for the run lengths of Label Studio and CVAT,
whose decoders are those that people's judgements come back through.
"""

import base64
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pyarrow.parquet as pq
import yaml
from PIL import Image

from kizu.imaging.arrays import Mask
from kizu.imaging.brush_rle import decode_brush
from kizu.imaging.cvat_rle import paint_cvat

Read = tuple[str, Any, str | None]
"""Name without ending, (H, W) mask, and class where the format tells one."""


def _mvtec(folder: Path) -> Iterator[Read]:
    for image in sorted(folder.glob("*/t*/*/*.png")):
        category, kind = image.parents[2], image.parent.name
        mask = category / "ground_truth" / kind / f"{image.stem}_mask.png"
        if image.parents[1].name in {"train", "test"}:
            yield image.stem, _picture(mask) if mask.exists() else _nothing(image), None


def _yolo(folder: Path) -> Iterator[Read]:
    for name, mask, values, label in _yolo_lines(folder):
        for line in values:
            points = line.reshape(-1, 2) * mask.shape[::-1]
            cv2.fillPoly(mask.view(np.uint8), [points.astype(np.int32)], color=1)
        yield name, mask, label


def _yolo_boxes(folder: Path) -> Iterator[Read]:
    for name, mask, values, label in _yolo_lines(folder):
        height, width = mask.shape
        for x, y, w, h in values:
            rows = slice(round((y - h / 2) * height), round((y + h / 2) * height))
            mask[rows, round((x - w / 2) * width) : round((x + w / 2) * width)] = True
        yield name, mask, label


def _yolo_lines(folder: Path) -> Iterator[tuple[str, Mask, list[Any], str | None]]:
    names = yaml.safe_load((folder / "data.yaml").read_text(encoding="utf-8"))["names"]
    for image in sorted(folder.glob("images/*/*.png")):
        text = folder / "labels" / image.parent.name / f"{image.stem}.txt"
        lines = [line.split() for line in text.read_text(encoding="utf-8").splitlines()]
        values = [np.array(line[1:], np.float64) for line in lines]
        yield image.stem, _nothing(image), values, names[int(lines[0][0])] if lines else None


def _huggingface(folder: Path) -> Iterator[Read]:
    for file in sorted(folder.glob("data/*.parquet")):
        opened = pq.ParquetFile(file)
        about = json.loads(opened.schema_arrow.metadata[b"huggingface"])
        names = about["info"]["features"]["label"]["names"]
        for batch in opened.iter_batches(1):
            [row] = batch.to_pylist()
            picture = row["mask"] or row["image"]
            mask = (
                _picture(io.BytesIO(picture["bytes"]))
                if row["mask"]
                else _nothing(io.BytesIO(picture["bytes"]))
            )
            yield Path(picture["path"]).stem, mask, names[row["label"]]


def _webdataset(folder: Path) -> Iterator[Read]:
    classes = json.loads((folder / "classes.json").read_text(encoding="utf-8"))
    for file in sorted(folder.glob("*.tar")):
        with tarfile.open(file) as archive:
            mask: Any = None
            for member in archive:
                name, ending = member.name.split(".", 1)
                data = archive.extractfile(member)
                if ending == "mask.png" and data:
                    mask = _picture(data)
                elif ending == "cls" and data:
                    yield name, mask, classes[int(data.read())]


def _label_studio(folder: Path) -> Iterator[Read]:
    for task in json.loads((folder / "tasks.json").read_text(encoding="utf-8")):
        picture = folder / task["data"]["image"].split("?d=", 1)[1]
        mask, label = _nothing(picture), None
        for region in task["annotations"][0]["result"]:
            mask |= decode_brush(region["value"]["rle"], (mask.shape[0], mask.shape[1]))
            [label] = region["value"]["brushlabels"]
        yield picture.stem, mask, label


def _cvat(folder: Path) -> Iterator[Read]:
    root = ET.parse(folder / "annotations.xml").getroot()  # noqa: S314 - of an export just written
    for image in root.iter("image"):
        mask = np.zeros((int(image.attrib["height"]), int(image.attrib["width"])), np.bool_)
        label = None
        for each in image.iter("mask"):
            paint_cvat(each.attrib, mask)
            label = each.attrib["label"]
        yield Path(image.attrib["name"]).stem, mask, label


def _labelme(folder: Path) -> Iterator[Read]:
    for file in sorted(folder.glob("*/*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        mask = np.zeros((found["imageHeight"], found["imageWidth"]), np.bool_)
        label = None
        for shape in found["shapes"]:
            (x0, y0), (x1, y1) = shape["points"]
            crop = _picture(io.BytesIO(base64.b64decode(shape["mask"])))
            mask[y0 : y1 + 1, x0 : x1 + 1] |= crop
            label = shape["label"]
        yield file.stem, mask, label


def _picture(file: Any) -> Mask:
    with Image.open(file) as image:
        return np.asarray(image) > 0


def _nothing(file: Any) -> Mask:
    with Image.open(file) as image:
        return np.zeros(image.size[::-1], np.bool_)


OWN: Final[Mapping[str, Callable[[Path], Iterator[Read]]]] = {
    "anomalib": _mvtec,
    "cvat": _cvat,
    "huggingface": _huggingface,
    "label-studio": _label_studio,
    "labelme": _labelme,
    "mvtec": _mvtec,
    "webdataset": _webdataset,
    "yolo": _yolo,
    "yolo-detect": _yolo_boxes,
}
"""By format; the others are read by pycocotools, which is always there."""
