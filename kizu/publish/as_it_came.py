"""A picture that existed before, as it came, and the label on it."""

import cv2
import numpy as np

from kizu.diff.storage import open_diff_mask
from kizu.imaging.arrays import Mask
from kizu.outputs import SampleOutputs
from kizu.publish.frames import PublishedFrame


def label_as_it_came(outputs: SampleOutputs, frame: PublishedFrame, label: Mask) -> Mask:
    """Return a sample's label on its picture as it came.

    Args:
        outputs: The sample, judged.
        frame: The grid it is published on.
        label: (H, W) bool, the published label.

    Returns:
        (h, w) bool on the decoded, upright picture.
    """
    geometry = outputs.picture.geometry
    if not frame.is_photo:
        return geometry.apply_mask(label)
    if outputs.decision is None or outputs.decision.mask is None:
        return geometry.apply_mask(open_diff_mask(outputs.diff))
    return geometry.apply_mask(_drawn_on_edited(label, frame))


def _drawn_on_edited(label: Mask, frame: PublishedFrame) -> Mask:
    """Carry a mask that a person drew on the composite into the edited picture's frame."""
    size = (label.shape[1], label.shape[0])
    affine = np.array(frame.diff.normal_from_edited)  # where a pixel of the edited one comes from
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(label.view(np.uint8), affine, size, flags=flags) > 0)
