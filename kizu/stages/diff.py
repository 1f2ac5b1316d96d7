"""The diff: where the edited picture really differs from the normal image."""

from dataclasses import asdict
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from kizu.diff import Status, composite, not_compared
from kizu.diff.storage import DiffRecord, save_diff
from kizu.diff.window import diff_window
from kizu.edit.regions import region_identity
from kizu.stages.base import Stage
from kizu.stages.edit import EDIT
from kizu.stages.inputs import SampleInputs
from kizu.store.keys import canonical_json
from kizu.versions import DIFF_VERSION


class DiffStage(Stage):
    """Compares every edit with its normal image, and composites the change onto it."""

    name = "diff"
    after = (EDIT,)
    columns = MappingProxyType(
        {
            "diff_settings": pa.string(),
            "diff_status": pa.string(),
            "threshold": pa.float64(),
            "drift": pa.string(),
            "drift_metrics": pa.string(),
            "match_rate": pa.float64(),
            "registration_residual_px": pa.float64(),
            "normal_from_edited": pa.list_(pa.float64()),
        }
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
