"""CVAT: annotations in the format "CVAT for images 1.1", for a task made of the same pictures.

The published mask has the label of its defect type; only that one comes back as what a person left.
What annotators found stands beside it under a label of its own, and counts once its label is
changed. The verdict and the note are attributes of a tag, for CVAT knows no predictions and no
choices. A picture's name carries the sample: of what else a file says, CVAT brings nothing back.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, Final
from xml.etree import ElementTree as ET

import numpy as np

from kizu.export.cvat import (
    ANNOTATIONS,
    add_mask,
    image_element,
    mask_labels,
    task_element,
    write_labels,
)
from kizu.imaging.arrays import Mask
from kizu.imaging.cvat_rle import encode_cvat, paint_cvat, whole_number
from kizu.review_exchange.registry import (
    VERDICTS,
    ExchangeError,
    Judged,
    LeftOut,
    Shown,
    verdict_of,
)

_REVIEW: Final = "kizu review"
"""The tag's label."""
_UNDECIDED: Final = "undecided"
_FOUND_BY: Final = "found by "
"""What the labels of annotators' masks start with."""
_NAME: Final = re.compile(r"(?P<sample_id>.+)\.(?P<key>[0-9a-f]{16})")
"""A picture's name without its suffix; see ``Shown.file_name``."""
_NOT_UNPACKED: Final = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError)
"""What ``zipfile`` raises of an archive that is damaged, encrypted, or without annotations."""
_MOST_BYTES: Final = 1 << 30
"""What is unpacked of an archive at most; ten thousand masks of 1024x1024 px are a tenth of it."""


def write(shown: Iterator[Shown], classes: Sequence[str], folder: Path) -> None:
    """Write the annotations, and the labels to paste into the task's constructor."""
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    meta = ET.SubElement(root, "meta")
    annotators: set[str] = set()
    count = 0
    for each in shown:
        annotators.update(each.found)
        root.append(_image(each, count))
        count += 1
    labels = _labels(classes, sorted(annotators))
    meta.append(task_element(folder.resolve().name, count, labels))
    ET.ElementTree(root).write(folder / ANNOTATIONS, encoding="utf-8", xml_declaration=True)
    write_labels(labels, folder)


def read(data: bytes) -> Iterator[Judged | LeftOut]:
    """Read a task's export, the archive or the ``annotations.xml`` in it."""
    root = _root(data)
    reviewer = _assignee(root)
    for number, image in enumerate(root.iter("image")):
        name = image.get("name") or f"image {number}"
        try:
            judged = _judged(name, image, reviewer)
        except ValueError as error:
            yield LeftOut(name, str(error))
            continue
        if judged is not None:
            yield judged


def _labels(classes: Sequence[str], annotators: Sequence[str]) -> list[dict[str, Any]]:
    """Return the labels as CVAT's constructor takes them."""
    names = [*classes, *(f"{_FOUND_BY}{name}" for name in annotators)]
    verdicts = [_UNDECIDED, *(verdict.value for verdict in VERDICTS)]
    choice = {"name": "verdict", "input_type": "select", "mutable": False, "values": verdicts}
    note = {"name": "note", "input_type": "text", "mutable": False, "values": [""]}
    return [*mask_labels(names), {"name": _REVIEW, "type": "tag", "attributes": [choice, note]}]


def _image(shown: Shown, number: int) -> ET.Element:
    image = image_element(number, shown.file_name, shown.label.shape)
    tag = ET.SubElement(image, "tag", {"label": _REVIEW, "source": "manual"})
    for field, text in (("verdict", _UNDECIDED), ("note", "")):
        ET.SubElement(tag, "attribute", {"name": field}).text = text
    found = [(f"{_FOUND_BY}{annotator}", mask) for annotator, mask in shown.found.items()]
    for order, (label, mask) in enumerate([*found, (shown.defect_type, shown.label)]):
        if mask.any():
            add_mask(image, label, encode_cvat(mask), order)
    return image


def _root(data: bytes) -> ET.Element:
    """Parse the annotations; a document type, by which XML could unfold, is refused.

    Raises:
        ExchangeError: They are none of CVAT for images.
    """
    way_out = "export the task as 'CVAT for images 1.1'"
    try:
        text = _unpacked(data) if zipfile.is_zipfile(BytesIO(data)) else data
        parser = ET.XMLParser(target=_Builder())  # noqa: S314 - a document type is refused
        root = ET.fromstring(text, parser)  # noqa: S314 - a document type is refused
    except (ET.ParseError, *_NOT_UNPACKED, ValueError) as error:
        raise ExchangeError(f"the file is no CVAT XML ({error}); {way_out}") from error
    if root.tag != "annotations" or root.find("track") is not None:
        raise ExchangeError(f"the file holds no annotations of images; {way_out}")
    return root


def _unpacked(data: bytes) -> bytes:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        size = archive.getinfo(ANNOTATIONS).file_size
        if size > _MOST_BYTES:
            raise ValueError(f"{ANNOTATIONS} claims {size:,} bytes")
        return archive.read(ANNOTATIONS)


class _Builder(ET.TreeBuilder):
    """Builds the tree of a file without a document type."""

    def doctype(self, *_: object) -> None:
        """Refuse it."""
        raise ValueError("it has a document type")


def _assignee(root: ET.Element) -> str:
    """Return to whom the task or job was assigned; empty if the file does not say so."""
    for place in ("meta/job/assignee", "meta/task/assignee"):
        for field in ("email", "username"):
            if found := (root.findtext(f"{place}/{field}") or "").strip():
                return found
    return ""


def _judged(name: str, image: ET.Element, reviewer: str) -> Judged | None:
    """Read what was judged of one image; None if nothing was.

    Raises:
        ValueError: It says nothing that kizu can take over; the message says why.
    """
    told = [
        (each.get("name"), (each.text or "").strip())
        for tag in image.findall("tag")
        if tag.get("label") == _REVIEW
        for each in tag.findall("attribute")
    ]
    chosen = {text for name, text in told if name == "verdict"} - {_UNDECIDED}
    if not chosen:
        return None
    match = _NAME.fullmatch(PurePosixPath(name).stem)
    if match is None:
        raise ValueError("its name is none that kizu gave; import the pictures that kizu exported")
    drawn = _drawn(image)
    size = whole_number(image.attrib, "height"), whole_number(image.attrib, "width")
    return Judged(
        task=name,
        sample_id=match["sample_id"],
        key=match["key"],
        verdict=verdict_of(sorted(chosen)),
        mask=partial(_union, drawn, size),
        labels=frozenset(each.get("label", "") for each in drawn),
        note="\n".join(text for name, text in told if name == "note" and text),
        reviewer=reviewer,
    )


def _drawn(image: ET.Element) -> list[Mapping[str, str]]:
    """Return the masks a person left, without those that say what annotators found.

    Raises:
        ValueError: There is another shape among them.
    """
    drawn: list[Mapping[str, str]] = []
    for shape in image:
        if shape.tag == "tag" or str(shape.get("label")).startswith(_FOUND_BY):
            continue
        if shape.tag != "mask":
            raise ValueError(f"it has a {shape.tag}; draw with the brush, which makes masks")
        drawn.append(shape.attrib)
    return drawn


def _union(
    drawn: Sequence[Mapping[str, str]], size: tuple[int, int], shape: tuple[int, int]
) -> Mask:
    """Return the union of the masks, (H, W) bool.

    Raises:
        ValueError: The file speaks of an image of another size, or one of them is damaged.
    """
    if size != shape:
        raise ValueError(f"its image is {size} in the file and {shape} here; use the exported one")
    union = np.zeros(shape, np.bool_)
    for each in drawn:
        paint_cvat(each, union)
    return union
