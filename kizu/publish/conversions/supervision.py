"""A version as a detection dataset of supervision."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kizu.imaging.crops import connected_regions
from kizu.publish.conversions import local_file
from kizu.publish.dataset import Dataset, Sample

if TYPE_CHECKING:
    from supervision import DetectionDataset, Detections


def to_supervision(
    dataset: Dataset, samples: Sequence[Sample], classes: Sequence[str]
) -> "DetectionDataset":
    """Return images by their paths, with a detection per region; see ``Dataset.to_supervision``."""
    import supervision as sv  # noqa: PLC0415 - no package of ours

    found = {
        str(local_file(dataset, sample.row["image_path"], "supervision")): _detections(
            sample, classes
        )
        for sample in samples
    }
    return sv.DetectionDataset(classes=list(classes), images=list(found), annotations=found)


def _detections(sample: Sample, classes: Sequence[str]) -> "Detections":
    import supervision as sv  # noqa: PLC0415 - no package of ours

    if sample.is_normal:
        return sv.Detections.empty()
    label = sample.label()
    regions = list(connected_regions(label))
    if not regions:
        return sv.Detections.empty()
    masks = np.zeros((len(regions), *label.shape), np.bool_)
    for mask, region in zip(masks, regions, strict=True):
        mask[region.window] = region.inside
    kind = classes.index(sample.row["defect_type"])
    return sv.Detections(
        xyxy=np.array([region.xyxy for region in regions], np.float32),
        mask=masks,
        class_id=np.full(len(regions), kind),
    )
