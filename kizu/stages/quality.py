"""The quality: what a person who signs for a label would want to know, in numbers.

No verdict is made from them yet; they are published, so that thresholds can be tried on them.
"""

from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pyarrow as pa

from kizu.diff.storage import open_anomaly_map, open_diff_mask
from kizu.grounding.encoded import EncodedDetections
from kizu.imaging.arrays import Mask
from kizu.imaging.crops import connected_regions, union_of
from kizu.stages.base import Stage
from kizu.stages.diff import DIFF
from kizu.stages.grounding import GROUNDING
from kizu.stages.inputs import SampleInputs
from kizu.store.keys import canonical_json

_VERSION: Final = "1"
"""The same diff and detections get other numbers."""

_SHARP_THRESHOLDS: Final = 2.0
"""A pixel is sharp at twice the pair's threshold: of all single numbers that were tried on pairs
with a known truth, the sharp fraction told good masks from bad ones best."""


_EACH: Final = "quality_by_annotator"
"""Where several annotators looked: what is measured of each alone, by its version."""


class QualityStage(Stage):
    """Measures how sharp a change is, and what diff and annotators say that the other does not.

    ``sharp_fraction`` is how much of the mask stands at twice the threshold.
    ``unexplained_fraction`` is how much of the mask lies in regions that no detection touches,
    ``unchanged_fraction`` how much of the detections' area lies in detections that touch no
    change. Each is null where there is nothing to divide by.
    """

    name = "quality"
    after = (DIFF, GROUNDING)
    columns = MappingProxyType(
        {
            "sharp_fraction": pa.float64(),
            "unexplained_fraction": pa.float64(),
            "unchanged_fraction": pa.float64(),
            _EACH: pa.string(),
        }
    )

    def key_inputs(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the diff and the detections."""
        return {
            "version": _VERSION,
            "diff": DIFF.key(sample),
            "grounding": GROUNDING.key(sample),
        }

    def make(self, sample: SampleInputs) -> None:
        """Measure the sample's annotations."""
        mask = open_diff_mask(DIFF.folder(sample))
        threshold = _SHARP_THRESHOLDS * DIFF.result(sample).threshold
        sharp = open_anomaly_map(DIFF.folder(sample))[mask] >= threshold
        compared = sample.sample.has_normal
        found = {each.annotator: each.detections() for each in GROUNDING.results(sample)}
        measured: dict[str, Any] = {
            "sharp_fraction": _rounded(int(sharp.sum()), sharp.size),
            "unexplained_fraction": None,
            "unchanged_fraction": None,
        }
        if found and compared:
            measured |= contradictions(mask, *found.values())
        if len(found) > 1 and compared:
            measured[_EACH] = {name: contradictions(mask, each) for name, each in found.items()}
        self.folder(sample).finish(measured)

    def row(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the numbers; those of each annotator as JSON, null where there are not several."""
        record = self.record(sample)
        return {**record, _EACH: canonical_json(record[_EACH]) if _EACH in record else None}


QUALITY: Final = QualityStage()


def contradictions(mask: Mask, *detections: EncodedDetections) -> dict[str, float | None]:
    """Measure what diff and annotators of one picture say alone, as ``QualityStage`` tells.

    Args:
        mask: (H, W) bool, what changed.
        detections: What each annotator found.
    """
    shape = (mask.shape[0], mask.shape[1])
    found = union_of((crop for each in detections for crop in each.crops(shape)), shape)
    unexplained = sum(
        region.area_px
        for region in connected_regions(mask)
        if not np.any(found[region.window] & region.inside)
    )
    detected = unchanged = 0
    for crop in (crop for each in detections for crop in each.crops(shape)):
        detected += crop.area_px
        unchanged += 0 if np.any(mask[crop.window] & crop.inside) else crop.area_px
    return {
        "unexplained_fraction": _rounded(unexplained, int(mask.sum())),
        "unchanged_fraction": _rounded(unchanged, detected),
    }


def _rounded(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
