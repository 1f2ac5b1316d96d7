"""The diff: where the edited picture really differs from the normal image."""

from dataclasses import asdict
from typing import Any, Final

import pyarrow as pa

from kizu.diff import Drift, Status, composite, not_compared
from kizu.diff.storage import DiffRecord, save_diff
from kizu.diff.window import diff_window
from kizu.edit.regions import region_identity
from kizu.stages.base import Stage
from kizu.stages.columns import FRACTION, column
from kizu.stages.edit import EDIT
from kizu.stages.inputs import SampleInputs
from kizu.store.keys import canonical_json
from kizu.versions import DIFF_VERSION

_NOT_COMPARED: Final = "of normal images, and where there was none to compare with"


class DiffStage(Stage):
    """Compares every edit with its normal image, and composites the change onto it."""

    name = "diff"
    noun = "comparisons"
    after = (EDIT,)
    columns = (
        column(
            "diff_settings",
            pa.string(),
            "The settings of the comparison, as JSON.",
            null=_NOT_COMPARED,
        ),
        column(
            "diff_status",
            pa.string(),
            "What happened to the picture as a whole.",
            values=", ".join(Status),
            null="of normal images",
        ),
        column(
            "threshold",
            pa.float64(),
            "Evidence of change at which a pixel counts as changed.",
            unit="noise-floor units",
            values="above 0",
            null=_NOT_COMPARED,
        ),
        column(
            "drift",
            pa.string(),
            "How far the picture moved away from its normal image outside the change.",
            values=", ".join(Drift),
            null=_NOT_COMPARED,
        ),
        column(
            "drift_metrics",
            pa.string(),
            "What was measured of that, as JSON: lengths in pixels, colours in CIE L*a*b*, and the "
            "fraction that has no counterpart in the normal image and is not judged.",
            null=_NOT_COMPARED,
        ),
        column(
            "match_rate",
            pa.float64(),
            "Fraction of textured cells outside the mask that found their counterpart.",
            values=FRACTION,
            null=_NOT_COMPARED,
        ),
        column(
            "registration_residual_px",
            pa.float64(),
            "RMS misfit of the registration where it could be judged.",
            unit="pixels",
            values="0 and more",
            null=_NOT_COMPARED,
        ),
        column(
            "normal_from_edited",
            pa.list_(pa.float64()),
            "Affine map from pixels (x, y) of the edited picture to those of the normal image: the "
            "six numbers of its (2, 3) matrix, row by row.",
            unit="pixels",
            null=_NOT_COMPARED,
        ),
    )

    def key_inputs(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the two pictures, the region, and what the comparison is set to."""
        alone = {} if sample.sample.has_normal else {"has_normal": False}
        return {
            **alone,
            "version": DIFF_VERSION,
            **sample.pair,
            "region": region_identity(sample.sample.region),
            "settings": sample.shard.spec.diff.shaping(),
        }

    def row(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the settings and metrics of the comparison; where nothing was compared, none."""
        found = self.result(sample)
        if found.status is Status.NO_NORMAL:
            return {"diff_status": found.status.value}
        return {
            "diff_settings": canonical_json(sample.shard.spec.diff.shaping()),
            "diff_status": found.status.value,
            "threshold": found.threshold,
            "drift": found.drift.value,
            "drift_metrics": canonical_json(asdict(found.drift_metrics)),
            "match_rate": found.match_rate,
            "registration_residual_px": found.registration_residual_px,
            "normal_from_edited": [value for row in found.normal_from_edited for value in row],
        }

    def result(self, sample: SampleInputs) -> DiffRecord:
        """Return the metrics of a sample's comparison.

        Raises:
            FileNotFoundError: It is not there.
        """
        return self.folder(sample).record_as(DiffRecord.model_validate)

    def make(self, sample: SampleInputs) -> None:
        """Compare the pictures; the change of a picture that is not redrawn is composited.

        A picture that has no normal image is compared with nothing.
        """
        if not sample.sample.has_normal:
            size = sample.sample.normal.height, sample.sample.normal.width
            save_diff(self.folder(sample), not_compared(size), None)
            return
        normal, edited, window = sample.normal, sample.edited, sample.picture.geometry.crop
        settings = sample.shard.spec.diff
        result = diff_window(normal, edited, window, settings, region=sample.region())
        changed = result.status is Status.CHANGED
        pasted = composite(normal, edited, result.mask, result) if changed else None
        save_diff(self.folder(sample), result, pasted)


DIFF: Final = DiffStage()
