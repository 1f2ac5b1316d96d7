"""CVAT: ``annotations.xml`` in the format "CVAT for images 1.1", ``labels.json`` and ``images/``.

New task: paste ``labels.json`` under Constructor, Raw; add the pictures of ``images/``; then
Upload annotations, ``annotations.xml``. Every connected region is a mask with its class as label.
Splits are in ``samples.csv``, for readers leave out images of subsets that a task does not have.
Format: https://docs.cvat.ai/docs/dataset_management/formats/.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from kizu.export.names import stem_of
from kizu.imaging.crops import connected_regions
from kizu.imaging.cvat_rle import encode_cvat_crop
from kizu.publish.dataset import Dataset, Sample
from kizu.publish.selection import Selection

KEEPS: Final = "every pixel"
LOADS: Final = """
import datumaro as dm

for item in dm.Dataset.import_from(".", "cvat"):
    print(item.id, sum(int(each.image.sum()) for each in item.annotations), "px")
"""

ANNOTATIONS: Final = "annotations.xml"
LABELS: Final = "labels.json"
PICTURES: Final = "images"


def export(dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write images, annotations and the labels of the task; see ``ExportModule``."""
    (folder / PICTURES).mkdir()
    labels = mask_labels(samples.classes)
    with (folder / ANNOTATIONS).open("w", encoding="utf-8") as opened:
        opened.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>')
        meta = ET.Element("meta")
        meta.append(task_element(dataset.name, len(samples), labels))
        opened.write(ET.tostring(meta, encoding="unicode"))
        for number, sample in enumerate(samples):
            (folder / PICTURES / f"{stem_of(sample)}.png").write_bytes(sample.read("image"))
            opened.write("\n" + ET.tostring(_image(sample, number), encoding="unicode"))
        opened.write("\n</annotations>\n")
    write_labels(labels, folder)
    return 0


def mask_labels(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return labels of masks as CVAT's constructor takes them."""
    return [{"name": name, "type": "mask", "attributes": []} for name in names]


def write_labels(labels: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write the labels to paste into a task's constructor."""
    (folder / LABELS).write_text(json.dumps(labels, indent=1, ensure_ascii=False), encoding="utf-8")


def task_element(name: str, size: int, labels: Sequence[dict[str, Any]]) -> ET.Element:
    """Return what annotations say of their task.

    Args:
        name: The task's name.
        size: How many images it has.
        labels: Its labels as the constructor takes them.
    """
    task = ET.Element("task")
    for field, text in (("name", name), ("size", str(size)), ("mode", "annotation")):
        ET.SubElement(task, field).text = text
    listed = ET.SubElement(task, "labels")
    for label in labels:
        row = ET.SubElement(listed, "label")
        ET.SubElement(row, "name").text = label["name"]
        ET.SubElement(row, "type").text = label["type"]
        attributes = ET.SubElement(row, "attributes")
        for each in label["attributes"]:
            attribute = ET.SubElement(attributes, "attribute")
            ET.SubElement(attribute, "name").text = each["name"]
            ET.SubElement(attribute, "mutable").text = str(each["mutable"])
            ET.SubElement(attribute, "input_type").text = each["input_type"]
            ET.SubElement(attribute, "default_value").text = each["values"][0]
            ET.SubElement(attribute, "values").text = "\n".join(each["values"])
    return task


def image_element(number: int, name: str, shape: tuple[int, ...]) -> ET.Element:
    """Return an image of (H, W) pixels without annotations."""
    size = {"width": str(shape[1]), "height": str(shape[0])}
    return ET.Element("image", {"id": str(number), "name": name, **size})


def add_mask(image: ET.Element, label: str, drawn: dict[str, str], order: int = 0) -> None:
    """Add a mask to an image.

    Args:
        image: The image.
        label: The mask's label.
        drawn: See ``encode_cvat``.
        order: Masks of a higher order lie above the others.
    """
    about = {"label": label, "source": "kizu", "occluded": "0", "z_order": str(order)}
    ET.SubElement(image, "mask", about | drawn)


def _image(sample: Sample, number: int) -> ET.Element:
    label = sample.label()
    image = image_element(number, f"{stem_of(sample)}.png", label.shape)
    for region in connected_regions(label):
        add_mask(image, sample.row["defect_type"], encode_cvat_crop(region))
    return image
