"""The diff: where the edited picture really differs from the normal image."""

from typing import Any, Final

from kizu.diff import Status, composite
from kizu.diff.storage import save_diff
from kizu.diff.window import diff_window
from kizu.edit.regions import region_identity
from kizu.stages.base import Stage
from kizu.stages.edit import EDIT
from kizu.stages.inputs import SampleInputs
from kizu.versions import DIFF_VERSION


class DiffStage(Stage):
    """Compares every edit with its normal image, and composites the change onto it."""

    name = "diff"
    after = (EDIT,)

    def key_inputs(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the two pictures, the region, and what the comparison is set to."""
        return {
            "version": DIFF_VERSION,
            **sample.pair,
            "region": region_identity(sample.sample.region),
            "settings": sample.shard.spec.diff.shaping(),
        }

    def make(self, sample: SampleInputs) -> None:
        """Compare the pictures; the change of a picture that is not redrawn is composited."""
        normal, edited, window = sample.normal, sample.edited, sample.picture.geometry.crop
        settings = sample.shard.spec.diff
        result = diff_window(normal, edited, window, settings, region=sample.region())
        changed = result.status is Status.CHANGED
        pasted = composite(normal, edited, result) if changed else None
        save_diff(self.folder(sample), result, pasted)


DIFF: Final = DiffStage()
