"""The verdict: what the two annotations of an edit together say of it."""

from typing import Any, Final

from kizu.agree.verdict import agree
from kizu.diff.storage import open_diff, open_diff_mask
from kizu.edit.regions import region_identity
from kizu.grounding.encoded import EncodedDetections
from kizu.grounding.storage import open_detections
from kizu.stages.base import Stage
from kizu.stages.diff import DIFF
from kizu.stages.grounding import GROUNDING
from kizu.stages.inputs import SampleInputs
from kizu.versions import VERDICT_VERSION


class VerdictStage(Stage):
    """Compares the diff of every edit with its grounding."""

    name = "verdict"
    after = (DIFF, GROUNDING)

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

    def make(self, sample: SampleInputs) -> None:
        """Compare the annotations."""
        diff = DIFF.folder(sample)
        agreement = agree(
            open_diff_mask(diff),
            open_diff(diff).status,
            _detections(sample),
            sample.sample.expected_area,
            sample.shard.spec.agree,
            region=sample.region(),
        )
        self.folder(sample).finish(agreement.model_dump(mode="json"))


VERDICT: Final = VerdictStage()


def _detections(sample: SampleInputs) -> EncodedDetections | None:
    if sample.shard.annotator is None:
        return None
    return open_detections(GROUNDING.folder(sample)).detections()
