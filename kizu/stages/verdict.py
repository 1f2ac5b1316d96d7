"""The verdict: what diff and annotators together say of an edit."""

from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from kizu.agree.verdict import Agreement, agree
from kizu.diff.storage import open_diff_mask
from kizu.edit.regions import region_identity
from kizu.stages.base import Stage
from kizu.stages.diff import DIFF
from kizu.stages.grounding import GROUNDING
from kizu.stages.inputs import SampleInputs
from kizu.store.keys import canonical_json
from kizu.versions import VERDICT_VERSION


class VerdictStage(Stage):
    """Compares the diff of every edit with its grounding."""

    name = "verdict"
    after = (DIFF, GROUNDING)
    columns = MappingProxyType(
        {
            "agreement_settings": pa.string(),
            "verdict": pa.string(),
            "reason": pa.string(),
            "area_fraction": pa.float64(),
            "outside_fraction": pa.float64(),
            "mask_iou": pa.float64(),
            "mask_containment": pa.float64(),
            "box_area_ratio": pa.float64(),
            "confidence": pa.float64(),
            "detections": pa.int64(),
            "detections_elsewhere": pa.int64(),
            "witnesses": pa.string(),
        }
    )

    def key_inputs(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the two annotations, what was asked for, and the thresholds."""
        return {
            "version": VERDICT_VERSION,
            "diff": DIFF.key(sample),
            "grounding": GROUNDING.key(sample),
            "region": region_identity(sample.sample.region),
            "area": sample.sample.expected_area.shaping(),
            "settings": sample.shard.spec.agree.shaping(),
        }

    def row(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the thresholds, the verdict and the metrics behind it."""
        agreement = self.result(sample).model_dump(mode="json")
        return {
            **agreement,
            "agreement_settings": canonical_json(sample.shard.spec.agree.shaping()),
            "witnesses": canonical_json(agreement["witnesses"]),
        }

    def result(self, sample: SampleInputs) -> Agreement:
        """Return what the stage says of a sample.

        Raises:
            FileNotFoundError: It has said nothing.
        """
        return Agreement.model_validate(self.record(sample))

    def make(self, sample: SampleInputs) -> None:
        """Compare the annotations."""
        agreement = agree(
            open_diff_mask(DIFF.folder(sample)),
            DIFF.result(sample).status,
            {found.annotator: found.detections() for found in GROUNDING.results(sample)},
            sample.sample.expected_area,
            sample.shard.spec.agree,
            region=sample.region(),
        )
        self.folder(sample).finish(agreement.model_dump(mode="json"))


VERDICT: Final = VerdictStage()
