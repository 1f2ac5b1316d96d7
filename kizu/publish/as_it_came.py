"""A picture that existed before, as it came, and the label on it."""

from kizu.diff.composite import mask_on_edited
from kizu.imaging.arrays import Mask
from kizu.outputs import SampleOutputs
from kizu.publish.frames import PublishedFrame
from kizu.stages import FUSE


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
        return geometry.apply_mask(FUSE.mask(outputs))
    return geometry.apply_mask(mask_on_edited(label, frame.diff.normal_from_edited))
