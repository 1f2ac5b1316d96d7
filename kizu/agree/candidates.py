"""What the annotators together say of a picture where the diff cannot speak."""

from collections.abc import Mapping, Sequence

import numpy as np

from kizu.grounding.encoded import EncodedDetections
from kizu.grounding.postprocess.priors import with_priors
from kizu.imaging.arrays import Mask
from kizu.imaging.crops import MaskCrop, union_of

Shape = tuple[int, int]


def candidates(
    detections: Mapping[str, EncodedDetections], shape: Shape, region: Mask | None
) -> tuple[EncodedDetections, ...]:
    """Choose the detections that together are the candidate for a label.

    All annotators count alike, for the confidences of different systems have no common scale by
    which one could be preferred. Boxes count only where no annotator drew a mask: most of a box is
    good surface.

    Args:
        detections: What each annotator found, by its version.
        shape: The image's (H, W) in pixels.
        region: (H, W) bool, where the defect was asked for; what lies wholly outside is left out.
    """
    plausible = [with_priors(found, shape, region=region) for found in detections.values()]
    found = [each for each in plausible if len(each)]
    return tuple([each for each in found if each.rle is not None] or found)


def candidate_label(chosen: Sequence[EncodedDetections], shape: Shape) -> Mask:
    """Return the union of detections, (H, W) bool."""
    return union_of((crop for each in chosen for crop in each.crops(shape)), shape)


def confidence_of(region: MaskCrop, chosen: Sequence[EncodedDetections], shape: Shape) -> float:
    """Return the best confidence of the detections that touch a region; 0 if none does."""
    inside = np.zeros(shape, np.bool_)
    inside[region.window] = region.inside
    sure = (
        float(confidence)
        for each in chosen
        for crop, confidence in zip(each.crops(shape), each.confidence, strict=True)
        if np.any(crop.inside & inside[crop.window])
    )
    return max(sure, default=0.0)
