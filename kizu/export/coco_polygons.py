"""COCO with polygons instead of run lengths, for tools that take nothing else.

A region is one or more polygons along the corners of its pixels; a hole is reached by a bridge that
is walked there and back. COCO's own reader fills them to exactly the mask. Readers that draw the
outline too, as those with OpenCV's ``fillPoly`` do, add a row and a column at the lower and right
borders: take ``coco`` where the tool reads run lengths.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
from pycocotools import mask as coco_mask

from kizu.export import coco
from kizu.export.polygons import corner_polygons
from kizu.imaging.crops import MaskCrop
from kizu.publish.dataset import Dataset
from kizu.publish.selection import Selection

LOADS: Final = coco.LOADS
KEEPS: Final = "every pixel where COCO's own reader fills the polygons; others add borders"


def export(dataset: Dataset, samples: Selection, folder: Path) -> int:
    """Write images and one annotation file per split; see ``ExportModule``."""
    lost_px = 0

    def encode(region: MaskCrop, _shape: tuple[int, int]) -> list[list[int]]:
        nonlocal lost_px
        polygons = [ring.ravel().tolist() for ring in corner_polygons(region)]
        lost_px += _differing_px(region)
        return polygons

    coco.write_coco(dataset, samples, folder, encode)
    return lost_px


def _differing_px(region: MaskCrop) -> int:
    """Count the pixels that COCO's own reader fills otherwise."""
    polygons = [ring.ravel().tolist() for ring in corner_polygons(MaskCrop(0, 0, region.inside))]
    filled: Any = coco_mask.merge(coco_mask.frPyObjects(polygons, *region.inside.shape))
    return int(np.count_nonzero((coco_mask.decode(filled) > 0) != region.inside))
