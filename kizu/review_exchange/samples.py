"""The samples of a dataset's last build, one found by its name, and what is shown of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kizu.grounding import annotator_name
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.rle import encode_rle
from kizu.outputs import SampleOutputs
from kizu.publish.frames import PublishedFrame
from kizu.publish.outcomes import Outcome, SampleStatus
from kizu.publish.samples import published_picture
from kizu.publish.version import last_build
from kizu.review import decision_folder, stored_decisions
from kizu.review_exchange.registry import Shown
from kizu.samples import PlannedSample
from kizu.shards import Shard
from kizu.store import Store
from kizu.store.keys import content_key

_KEY_DIGITS: Final = 16
"""Of the key's 64 digits, those that go into a file name: 64 bits tell any two masks apart."""


@dataclass(frozen=True)
class BuiltSample:
    """A sample of a build, and how far it came."""

    store: Store
    shard: Shard
    sample: PlannedSample
    outcome: Outcome

    def outputs(self) -> SampleOutputs:
        """Return its outputs, of which nothing is read yet: what is read stays with them."""
        return SampleOutputs(self.store, self.shard, self.sample)


def built_samples(store: Store, dataset: str) -> Iterator[BuiltSample]:
    """Yield the judged samples of a dataset's last build.

    Raises:
        DatasetError: It was never built here.
    """
    for shard, sample, outcome in last_build(store, dataset).open_samples(store):
        if outcome.status is SampleStatus.JUDGED:
            yield BuiltSample(store, shard, sample, outcome)


def show(built: BuiltSample) -> tuple[Shown, RgbImage]:
    """Return a sample as it is published now, and its picture, (H, W, 3) uint8.

    Raises:
        FileNotFoundError: Something that it is made from is not in the store.
        DamagedFileError: Something is damaged and cannot be made anew.
    """
    outputs = built.outputs()
    frame = PublishedFrame(outputs)
    published = published_picture(outputs, frame)
    shown = Shown(
        sample_id=outputs.sample.sample_id,
        defect_type=outputs.sample.defect_type,
        prompt=outputs.sample.prompt,
        reason=built.outcome.reason,
        key=shown_key(outputs, published.label),
        label=published.label,
        found={
            annotator_name(version): found.union_mask(frame.shape)
            for version, found in frame.detections.items()
            if len(found)
        },
    )
    return shown, published.image


def find_shown(outputs: SampleOutputs, made: Mask, key: str) -> Mask | None:
    """Return the mask a key was made with, (H, W) bool; None if it is the sample's no more.

    Args:
        outputs: The sample.
        made: Its label as it was made; a person may have seen one that was drawn since.
        key: See ``shown_key``.
    """
    masks = (made, *_drawn(outputs))
    return next((mask for mask in masks if shown_key(outputs, mask) == key), None)


def shown_key(outputs: SampleOutputs, mask: Mask) -> str:
    """Name a sample's picture with a mask.

    Args:
        outputs: The sample.
        mask: (H, W) bool.
    """
    seen = {"decisions": decision_folder(outputs), "mask": encode_rle(mask)}
    return content_key("shown", **seen)[:_KEY_DIGITS]


def _drawn(outputs: SampleOutputs) -> Iterator[Mask]:
    """Yield the masks that people drew of a sample."""
    for decision in stored_decisions(outputs.store, decision_folder(outputs)):
        drawn = decision.label()
        if drawn is not None:
            yield drawn
