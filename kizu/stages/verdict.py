"""The verdict: what diff and annotators together say of an edit."""

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from kizu.agree.figures import Figures
from kizu.agree.verdict import Agreement, Reason, Verdict, agree
from kizu.stages.base import Stage
from kizu.stages.columns import FRACTION, column
from kizu.stages.fuse import FUSE
from kizu.stages.inputs import SampleInputs
from kizu.store.keys import canonical_json
from kizu.versions import VERDICT_VERSION

_NO_VERDICT: Final = "of normal images"

_BEYOND_ONE: Final[Mapping[str, tuple[str, str]]] = {
    "strength": ("thresholds", "0 and more"),
    "box_area_ratio": ("", "0 and more"),
    "detections": ("", "0 and more"),
    "detections_elsewhere": ("", "0 and more"),
}
"""Unit and range of the figures that are no fractions."""


def _figure_column(name: str) -> pa.Field:
    """Return the column of a figure: counts are whole numbers, all else are fractions."""
    field = Figures.model_fields[name]
    kind = pa.int64() if "int" in str(field.annotation) else pa.float64()
    unit, values = _BEYOND_ONE.get(name, ("", FRACTION))
    null = f"{_NO_VERDICT}, and where there is nothing to measure"
    return column(name, kind, field.description or "", unit=unit, values=values, null=null)


class VerdictStage(Stage):
    """Compares the mask of record of every edit with its grounding."""

    name = "verdict"
    noun = "verdicts"
    after = (FUSE,)
    columns = (
        column(
            "agreement_settings",
            pa.string(),
            "The thresholds that the verdict was made with, as JSON.",
            null=_NO_VERDICT,
        ),
        column(
            "expected_area",
            pa.list_(pa.float64()),
            "Least and greatest fraction of the image that the defect was to cover.",
            values=FRACTION,
            null=_NO_VERDICT,
        ),
        column(
            "verdict",
            pa.string(),
            "What became of the sample; a person's verdict where there is one.",
            values=", ".join(Verdict),
            null=_NO_VERDICT,
        ),
        column(
            "reason",
            pa.string(),
            "Why kizu gave the verdict that it gave; a person's decision leaves it as it was.",
            values=", ".join(Reason),
            null=_NO_VERDICT,
        ),
        column(
            "score",
            pa.float64(),
            "How sure the sample is among those that would be accepted.",
            values=FRACTION,
            null=f"{_NO_VERDICT}, and where the comparison cannot speak",
        ),
        *(_figure_column(name) for name in Figures.model_fields),
        column(
            "regions",
            pa.string(),
            "The regions of the change with the figures of each, the largest first, as JSON.",
            null=_NO_VERDICT,
        ),
        column(
            "witnesses",
            pa.string(),
            "What each annotator says of the change, with its figures, as JSON.",
            null=_NO_VERDICT,
        ),
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
