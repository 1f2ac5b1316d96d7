"""The verdict: what diff and annotators together say of an edit."""

from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from kizu.agree.figures import Figures
from kizu.agree.verdict import Agreement, agree
from kizu.stages.base import Stage
from kizu.stages.fuse import FUSE
from kizu.stages.inputs import SampleInputs
from kizu.store.keys import canonical_json
from kizu.versions import VERDICT_VERSION


def _arrow_type(figure: str) -> pa.DataType:
    """Return a figure's type in tables: counts are whole numbers, all else are fractions."""
    return pa.int64() if "int" in str(Figures.model_fields[figure].annotation) else pa.float64()


class VerdictStage(Stage):
    """Compares the mask of record of every edit with its grounding."""

    name = "verdict"
    after = (FUSE,)
    columns = MappingProxyType(
        {
            "agreement_settings": pa.string(),
            "expected_area": pa.list_(pa.float64()),
            "verdict": pa.string(),
            "reason": pa.string(),
            "score": pa.float64(),
            **{name: _arrow_type(name) for name in Figures.model_fields},
            "regions": pa.string(),
            "witnesses": pa.string(),
        }
    )

    def key_inputs(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the mask with its annotations, the expected area, and the thresholds."""
        return {
            "version": VERDICT_VERSION,
            "fuse": FUSE.key(sample),
            "area": sample.sample.expected_area.shaping(),
            "settings": sample.shard.spec.agree.shaping(),
        }

    def row(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the thresholds, the verdict and all figures that it follows from."""
        agreement = self.result(sample).model_dump(mode="json")
        area = sample.sample.expected_area
        return {
            **{name: agreement[name] for name in ("verdict", "reason", "score")},
            **agreement["figures"],
            "agreement_settings": canonical_json(sample.shard.spec.agree.shaping()),
            "expected_area": [area.min_fraction, area.max_fraction],
            "regions": canonical_json(agreement["regions"]),
            "witnesses": canonical_json(agreement["witnesses"]),
        }

    def result(self, sample: SampleInputs) -> Agreement:
        """Return what the stage says of a sample.

        Raises:
            FileNotFoundError: It has said nothing.
        """
        return self.folder(sample).record_as(Agreement.model_validate)

    def make(self, sample: SampleInputs) -> None:
        """Compare the annotations."""
        area, region, fused = sample.sample.expected_area, FUSE.region(sample), FUSE.fused(sample)
        weighed = FUSE.weighed(sample)
        limits = (area.min_fraction, area.max_fraction)
        rivals = {
            annotator: each.rival_confidence(fused.mask, area_fraction=limits, region=region)
            for annotator, each in weighed.items()
        }
        agreement = agree(
            FUSE.change(sample),
            fused,
            {annotator: each.kept for annotator, each in weighed.items()},
            area,
            sample.shard.spec.agree,
            region=region,
            rivals={annotator: sure for annotator, sure in rivals.items() if sure is not None},
        )
        self.folder(sample).finish(agreement.model_dump(mode="json"))


VERDICT: Final = VerdictStage()
