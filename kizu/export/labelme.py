"""LabelMe: ``SPLIT/NAME.png`` and ``SPLIT/NAME.json`` beside it; ``labels.txt`` has the classes.

Every connected region is a shape of the type ``mask`` (LabelMe 5.3 and later), which keeps holes
and lines of one pixel. Format: https://github.com/wkentaro/labelme.
"""

import base64
import json
from pathlib import Path
from typing import Any, Final

from kizu.export.mvtec import write
from kizu.export.names import stem_of
from kizu.imaging.codecs import encode_mask
from kizu.imaging.crops import MaskCrop, connected_regions
from kizu.publish.dataset import Dataset, Sample
from kizu.publish.selection import Selection, split_of

KEEPS: Final = "every pixel"
LOADS: Final = """
import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

for file in sorted(Path(".").glob("*/*.json")):
    for shape in json.loads(file.read_text(encoding="utf-8"))["shapes"]:
        mask = np.asarray(Image.open(io.BytesIO(base64.b64decode(shape["mask"])))) > 0
        print(file.stem, shape["label"], mask.sum(), "px, first corner", shape["points"][0])
"""

_VERSION: Final = "5.3.0"
"""Of LabelMe, the first that has masks."""


def export(_dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write images and their annotations; see ``ExportModule``."""
    for sample in samples:
        place = folder / split_of(sample)
        name = f"{stem_of(sample)}.png"
        write(place / name, sample.read("image"))
        text = json.dumps(_annotation(sample, name), ensure_ascii=False)
        (place / name).with_suffix(".json").write_text(text, encoding="utf-8")
    listed = "".join(f"{name}\n" for name in samples.classes)
    (folder / "labels.txt").write_text(listed, encoding="utf-8")
    return 0


def _annotation(sample: Sample, name: str) -> dict[str, Any]:
    label, kind = sample.label(), sample.row["defect_type"]
    height, width = label.shape
    return {
        "version": _VERSION,
        "flags": {},
        "shapes": [_shape(region, kind) for region in connected_regions(label)],
        "imagePath": name,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }


def _shape(region: MaskCrop, label: str) -> dict[str, Any]:
    x0, y0, x1, y1 = region.xyxy
    return {
        "label": label,
        "points": [[x0, y0], [x1 - 1, y1 - 1]],  # the last pixel's: inclusive, unlike ours
        "group_id": None,
        "description": "",
        "shape_type": "mask",
        "flags": {},
        "mask": base64.b64encode(encode_mask(region.inside)).decode("ascii"),
    }
