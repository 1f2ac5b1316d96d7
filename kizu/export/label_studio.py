"""Label Studio: ``tasks.json`` with the masks as annotations, ``interface.xml`` and ``images/``.

Start the server with ``LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true`` and
``LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=`` this folder. New project: paste ``interface.xml`` under
Labeling Interface, Code; add ``images`` as local storage, without syncing it; then import
``tasks.json``. Masks are brush masks; an image without defects is a task with an empty annotation.
Export as JSON: Label Studio's COCO and YOLO lose holes and thin lines.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from kizu.export.names import stem_of
from kizu.imaging.arrays import Mask
from kizu.imaging.brush_rle import encode_brush
from kizu.publish.dataset import Dataset, Sample
from kizu.publish.selection import Selection, split_of

KEEPS: Final = "every pixel"
LOADS: Final = """
import json

import numpy as np
from label_studio_sdk.converter import brush

for task in json.load(open("tasks.json", encoding="utf-8")):
    for region in task["annotations"][0]["result"]:
        shape = region["original_height"], region["original_width"], 4
        mask = np.reshape(brush.decode_rle(region["value"]["rle"]), shape)[..., 3] > 0
        print(task["data"]["sample_id"], region["value"]["brushlabels"], mask.sum(), "px")
"""

TASKS: Final = "tasks.json"
INTERFACE: Final = "interface.xml"
PICTURES: Final = "images"
IMAGE: Final = "image"
MASK: Final = "mask"
"""What the interface calls the picture and the masks on it."""


def export(_dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write images, tasks and the labelling interface; see ``ExportModule``."""
    (folder / PICTURES).mkdir()
    with (folder / TASKS).open("w", encoding="utf-8") as opened:
        start = "["
        for sample in samples:
            (folder / PICTURES / f"{stem_of(sample)}.png").write_bytes(sample.read("image"))
            opened.write(start + json.dumps(_task(sample), ensure_ascii=False))
            start = ",\n"
        opened.write("]\n" if len(samples) else "[]\n")
    (folder / INTERFACE).write_text(interface(samples.classes), encoding="utf-8")
    return 0


def interface(classes: Sequence[str], above: str = "", below: str = "") -> str:
    """Return a labelling interface with a brush for every class.

    Args:
        classes: The classes.
        above: More of it, above the picture, one line per element.
        below: Likewise, below the brushes.
    """
    labels = "".join(f"    <Label value={quoteattr(name)}/>\n" for name in classes)
    return (
        f"<View>\n{above}"
        f'  <Image name="{IMAGE}" value="${IMAGE}" zoom="true" zoomControl="true"/>\n'
        f'  <BrushLabels name="{MASK}" toName="{IMAGE}">\n{labels}  </BrushLabels>\n'
        f"{below}</View>\n"
    )


def picture_url(path: str) -> str:
    """Return where Label Studio finds a picture of its local files, below their root."""
    return f"/data/local-files/?d={quote(path)}"


def brush_result(mask: Mask, label: str) -> list[dict[str, Any]]:
    """Return the result of an annotation or prediction: a brush mask, or nothing if it is empty.

    Args:
        mask: (H, W) bool.
        label: Its class.
    """
    if not mask.any():
        return []
    height, width = mask.shape
    brush = {"format": "rle", "rle": encode_brush(mask), "brushlabels": [label]}
    region = {
        "id": MASK,
        "type": "brushlabels",
        "from_name": MASK,
        "to_name": IMAGE,
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": brush,
    }
    return [region]


def _task(sample: Sample) -> dict[str, Any]:
    told = {"defect_type": sample.row["defect_type"], "split": split_of(sample)}
    return {
        "data": {
            IMAGE: picture_url(f"{PICTURES}/{stem_of(sample)}.png"),
            "sample_id": sample.sample_id,
            **told,
        },
        "annotations": [{"result": brush_result(sample.label(), sample.row["defect_type"])}],
    }
