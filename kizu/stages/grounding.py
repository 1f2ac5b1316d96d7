"""The grounding: where annotators that know only text find the phrases, each on its own."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from kizu.grounding import (
    AnnotationFailure,
    Annotator,
    GroundingChoice,
    GroundingUnavailable,
    annotator_name,
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
from kizu.store import StageFolder
from kizu.store.keys import content_key

_SAMPLES_AT_A_TIME: Final = 2
"""The next edit is read and decoded while an annotator, which takes one at a time, is at work."""

logger = logging.getLogger(__name__)


class AnnotatorChoice(Record):
    """The annotators of a build.

    Attributes:
        versions: Versions of those that can work here, sorted.
        note: Why others cannot, in a sentence each; empty where all can.
    """

    versions: tuple[str, ...]
    note: str


def choose_annotators(grounding: GroundingChoice) -> AnnotatorChoice:
    """Find out which annotators this machine can run, without loading them."""
    versions: set[str] = set()
    lacking: dict[str, str] = {}
    for settings in grounding.annotators:
        try:
            versions.add(annotator_version(settings))
        except GroundingUnavailable as error:
            logger.warning("%s", error)
            lacking[settings.annotator] = str(error)
    told = [f"{name} does not look at the samples: {why}" for name, why in lacking.items()]
    if not versions:
        told = [f"Samples are not grounded: {why}" for why in lacking.values()]
    return AnnotatorChoice(versions=tuple(sorted(versions)), note=" ".join(told))


class GroundingStage(Stage):
    """Looks for the phrases in every edit; without an annotator there is nothing to do.

    What each annotator finds is stored under a key of its own, which no other annotator changes.
    """

    name = "grounding"
    after = (EDIT,)
    on_gpu = True
    columns = MappingProxyType({"annotators": pa.list_(pa.string())})

    def key_inputs(self, sample: SampleInputs) -> dict[str, Any]:
        """Return what the only annotator's output is made from; of several, their keys."""
        versions = sample.shard.annotators
        if len(versions) > 1:
            return {"annotators": [_key(sample, version) for version in versions]}
        return _key_inputs(sample, versions[0] if versions else None)

    def row(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the annotators' versions; None where there are none."""
        return {"annotators": list(sample.shard.annotators) or None}

    def folders(self, sample: SampleInputs) -> Mapping[str, StageFolder]:
        """Return where the output of each annotator lies, by its version.

        Raises:
            FileNotFoundError: There is no edited picture to make a key from.
        """
        return {
            version: StageFolder(sample.store, self.name, _key(sample, version))
            for version in sample.shard.annotators
        }

    def results(self, sample: SampleInputs) -> tuple[DetectionsRecord, ...]:
        """Return what each annotator found on a sample's picture, in the order of their versions.

        Raises:
            FileNotFoundError: One has not looked yet.
        """
        return tuple(open_detections(folder) for folder in self.folders(sample).values())

    def is_done(self, sample: SampleInputs) -> bool:
        """Tell whether all annotators have looked, or there is none."""
        return all(folder.done() for folder in self.folders(sample).values())

    def open(self, shard: Shard, run: StageRun) -> AbstractContextManager[ShardWork]:  # noqa: ARG002 - the store is the sample's
        """Return the search; an annotator is loaded for the first sample that lacks its output."""
        load = cache(partial(_load, shard))
        return nullcontext(
            ShardWork(lambda sample: _annotate(sample, load), threads=_SAMPLES_AT_A_TIME)
        )


GROUNDING: Final = GroundingStage()


def _key_inputs(sample: SampleInputs, version: str | None) -> dict[str, Any]:
    """Return the two pictures, the phrases, and one annotator with its version."""
    return {"annotator": version, **sample.pair, "phrases": list(sample.sample.phrases)}


def _key(sample: SampleInputs, version: str) -> str:
    return content_key(GROUNDING.name, **_key_inputs(sample, version))


def _load(shard: Shard, version: str) -> Annotator:
    """Load an annotator that a build was planned with.

    Raises:
        GroundingUnavailable: It cannot run here, or is another one here.
    """
    name, settings = annotator_name(version), shard.spec.grounding.annotators
    chosen = next((each for each in settings if each.annotator == name), None)
    annotator = load_annotator(name, chosen, keep=len(shard.annotators))
    check_version(annotator, version)
    return annotator


def _annotate(sample: SampleInputs, load: Callable[[str], Annotator]) -> None:
    """Have every annotator look that has not; the failure of one keeps no other from it.

    Raises:
        GroundingUnavailable: Some failed.
    """
    failed: list[str] = []
    for version, folder in GROUNDING.folders(sample).items():
        if folder.done():
            continue
        try:
            _look(sample, load(version), folder)
        except Exception as error:
            logger.warning("%s failed", annotator_name(version), exc_info=True)
            failed.append(f"{annotator_name(version)}: {error}")
    if failed:
        raise GroundingUnavailable("; ".join(failed))


def _look(sample: SampleInputs, annotator: Annotator, folder: StageFolder) -> None:
    [found] = annotator.annotate([sample.edited], [sample.sample.phrases])
    if isinstance(found, AnnotationFailure):
        raise GroundingUnavailable(found.reason)
    save_detections(folder, annotator.version, found)
