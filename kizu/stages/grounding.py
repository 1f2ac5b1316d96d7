"""The grounding: where an annotator that knows only text finds the phrases."""

import logging
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from kizu.grounding import (
    AnnotationFailure,
    Annotator,
    GroundingSettings,
    GroundingUnavailable,
    annotator_version,
    check_version,
    load_annotator,
)
from kizu.grounding.storage import DetectionsRecord, open_detections, save_detections
from kizu.settings import Record
from kizu.shards import Shard
from kizu.stages.base import ShardWork, Stage, StageRun
from kizu.stages.edit import EDIT
from kizu.stages.inputs import SampleInputs

_SAMPLES_AT_A_TIME: Final = 2
"""The next edit is read and decoded while the annotator, which takes one at a time, is at work."""

logger = logging.getLogger(__name__)


class AnnotatorChoice(Record):
    """The annotator of a build.

    Attributes:
        version: Its version; None where no annotator can work here.
        note: Why there is none, in one sentence; empty where there is one.
    """

    version: str | None
    note: str


def choose_annotator(settings: GroundingSettings) -> AnnotatorChoice:
    """Find out which annotator this machine can run, without loading it."""
    if settings.annotator == "none":
        return AnnotatorChoice(version=None, note="")
    try:
        return AnnotatorChoice(version=annotator_version(settings), note="")
    except GroundingUnavailable as error:
        logger.warning("%s", error)
        return AnnotatorChoice(version=None, note=f"Samples are not grounded: {error}")


class GroundingStage(Stage):
    """Looks for the phrases in every edit; without an annotator there is nothing to do."""

    name = "grounding"
    after = (EDIT,)
    on_gpu = True
    columns = MappingProxyType({"annotator": pa.string()})

    def key_inputs(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the two pictures, the phrases, and the annotator with its version."""
        return {
            "annotator": sample.shard.annotator,
            **sample.pair,
            "phrases": list(sample.sample.phrases),
        }

    def row(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the annotator's version; None where there is none."""
        return {"annotator": sample.shard.annotator}

    def result(self, sample: SampleInputs) -> DetectionsRecord | None:
        """Return what the annotator found on a sample's picture; None if no annotator looks.

        Raises:
            FileNotFoundError: It has not looked yet.
        """
        return None if sample.shard.annotator is None else open_detections(self.folder(sample))

    def is_done(self, sample: SampleInputs) -> bool:
        """Tell whether the annotator has looked, or there is none."""
        return sample.shard.annotator is None or super().is_done(sample)

    def open(self, shard: Shard, run: StageRun) -> AbstractContextManager[ShardWork]:  # noqa: ARG002 - the store is the sample's
        """Return the search; the annotator is loaded for the first sample that lacks one."""
        settings = shard.spec.grounding
        annotator = cache(lambda: load_annotator(settings.annotator, settings))
        return nullcontext(
            ShardWork(lambda sample: _annotate(sample, annotator()), threads=_SAMPLES_AT_A_TIME)
        )


GROUNDING: Final = GroundingStage()


def _annotate(sample: SampleInputs, annotator: Annotator) -> None:
    check_version(annotator, sample.shard.annotator or "")
    [found] = annotator.annotate([sample.edited], [sample.sample.phrases])
    if isinstance(found, AnnotationFailure):
        raise GroundingUnavailable(found.reason)
    save_detections(GROUNDING.folder(sample), annotator.version, found)
