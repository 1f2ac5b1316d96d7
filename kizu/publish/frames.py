"""Carries what the stages found from an edited picture's frame into its photo's."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kizu.agree.candidates import candidates
from kizu.diff.composite import carry_map
from kizu.diff.storage import DiffRecord, open_anomaly_map
from kizu.grounding.encoded import EncodedDetections
from kizu.grounding.moved import move_detections
from kizu.imaging.arrays import FloatMap
from kizu.outputs import SampleOutputs
from kizu.stages import DIFF, FUSE


class PublishedFrame:
    """The pixel grid a sample is published on, and what the stages found, carried onto it."""

    def __init__(self, outputs: SampleOutputs) -> None:
        """Point at a sample; nothing is read."""
        self._outputs = outputs

    @cached_property
    def diff(self) -> DiffRecord:
        """The metrics of the sample's comparison."""
        return DIFF.result(self._outputs)

    @property
    def is_photo(self) -> bool:
        """True where the photo with the change pasted in is published, not the edited picture."""
        return self.diff.composited and self._outputs.shard.spec.publish.composite

    def anomaly_map(self) -> FloatMap:
        """Return the (H, W) float32 anomaly map."""
        found = open_anomaly_map(self._outputs.diff)
        return carry_map(found, self._affine) if self.is_photo else found

    @cached_property
    def detections(self) -> Mapping[str, EncodedDetections]:
        """What each annotator found, by its version."""
        return self._carried(
            {each.annotator: each.detections() for each in self._outputs.detections}
        )

    @cached_property
    def candidates(self) -> tuple[EncodedDetections, ...]:
        """The detections that are the candidate for the label where the diff cannot speak."""
        counting = self._carried(FUSE.testimony(self._outputs))
        return candidates(counting, self.shape, self._outputs.region())

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        normal = self._outputs.sample.normal
        return normal.height, normal.width

    def _carried(self, found: Mapping[str, EncodedDetections]) -> Mapping[str, EncodedDetections]:
        """Return detections on the edited picture as they lie on the published one."""
        if not self.is_photo:
            return found
        return {name: move_detections(each, self._affine) for name, each in found.items()}

    @property
    def _affine(self) -> NDArray[np.float64]:
        return np.array(self.diff.normal_from_edited)
