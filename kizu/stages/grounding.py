"""The grounding: where annotators that know only text find the phrases, each on its own."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache, partial
from threading import Lock
from typing import Any, Final

import pyarrow as pa

from kizu.grounding import (
    AnnotationFailure,
    Annotator,
    GroundingChoice,
    GroundingSettings,
    GroundingUnavailable,
    annotator_name,
    annotator_version,
    check_version,
    load_annotator,
)
from kizu.grounding.storage import DetectionsRecord, open_detections, save_detections
from kizu.grounding.weights import without_downloads
from kizu.settings import Record
from kizu.shards import Shard
from kizu.stages.base import ShardWork, Stage, StageRun
from kizu.stages.columns import column
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
    """Find out which annotators this machine can run, without loading them; log the others."""
    chosen = _choose(grounding)
    if chosen.note:
        logger.warning("%s", chosen.note)
    return chosen


def annotators_here(grounding: GroundingChoice) -> AnnotatorChoice:
    """Find out which annotators can run with what is on this machine; nothing is fetched."""
    with without_downloads():
        return _choose(grounding)


def _choose(grounding: GroundingChoice) -> AnnotatorChoice:
    versions: set[str] = set()
    lacking: dict[str, str] = {}
    for settings in grounding.annotators:
        try:
            versions.add(annotator_version(settings))
        except GroundingUnavailable as error:
            lacking[settings.annotator] = str(error)
    told = [f"{name} does not look at the samples: {why}" for name, why in lacking.items()]
    if not versions:
        told = [f"Samples are not grounded: {why}" for why in lacking.values()]
    return AnnotatorChoice(versions=tuple(sorted(versions)), note=" ".join(told))


@dataclass(frozen=True)
class _Search:
    """One call of an annotator: which phrases, in which of the two pictures.

    Attributes:
        version: The annotator's version.
        phrases: What it looks for.
        on_normal: True where it looks at the normal image, which many edits share.
    """

    version: str
    phrases: tuple[str, ...]
    on_normal: bool = False

    def key_inputs(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the pictures, the phrases, and the annotator with its version."""
        pictures = {"normal": sample.pair["normal"]} if self.on_normal else sample.pair
        return {"annotator": self.version, **pictures, "phrases": list(self.phrases)}

    def key(self, sample: SampleInputs) -> str:
        """Return the output's key."""
        return content_key(GROUNDING.name, **self.key_inputs(sample))

    def folder(self, sample: SampleInputs) -> StageFolder:
        """Return where the output lies."""
        return StageFolder(sample.store, GROUNDING.name, self.key(sample))


class GroundingStage(Stage):
    """Looks for the phrases in every edit; without an annotator there is nothing to do.

    What each annotator finds is stored under a key of its own, which no other annotator changes.
    Where settings say so it also looks for the other defects of the dataset, and at the normal
    image. These are calls of their own, stored beside the first: more phrases in one prompt would
    change what some models say of each.
    """

    name = "grounding"
    noun = "annotations"
    after = (EDIT,)
    on_gpu = True
    columns = (
        column(
            "annotators",
            pa.list_(pa.string()),
            "The annotators that looked at the sample: models, weights and settings, as JSON each.",
            null="of normal images, and where nobody looked",
        ),
    )

    def key_inputs(self, sample: SampleInputs) -> dict[str, Any]:
        """Return what the only output is made from; of several, their keys."""
        searches = _searches(sample)
        beside = {
            name: [each.key(sample) for each in more]
            for name, more in (("rivals", _rivals(sample)), ("on_normal", _on_normal(sample)))
            if more
        }
        if len(searches) > 1:
            return {"annotators": [each.key(sample) for each in searches], **beside}
        if not searches:
            return {"annotator": None, **sample.pair, "phrases": list(sample.sample.phrases)}
        return {**searches[0].key_inputs(sample), **beside}

    def row(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the annotators' versions; None where there are none."""
        return {"annotators": list(sample.shard.annotators) or None}

    def folders(self, sample: SampleInputs) -> Mapping[str, StageFolder]:
        """Return where the output of each annotator lies, by its version.

        Raises:
            FileNotFoundError: There is no edited picture to make a key from.
        """
        return {each.version: each.folder(sample) for each in _searches(sample)}

    def all_folders(self, sample: SampleInputs) -> tuple[StageFolder, ...]:
        """Return where the outputs of all searches lie, those for rivals and on the normal too.

        Raises:
            FileNotFoundError: There is no edited picture to make a key from.
        """
        return tuple(each.folder(sample) for each in _all_searches(sample))

    def results(self, sample: SampleInputs) -> tuple[DetectionsRecord, ...]:
        """Return what each annotator found on a sample's picture, in the order of their versions.

        Raises:
            FileNotFoundError: One has not looked yet.
        """
        return _open(_searches(sample), sample)

    def rivals(self, sample: SampleInputs) -> tuple[DetectionsRecord, ...]:
        """Return what annotators found of other defects on a sample's picture.

        Those that are not asked for them are left out; there may be none.

        Raises:
            FileNotFoundError: One has not looked yet.
        """
        return _open(_rivals(sample), sample)

    def on_normal(self, sample: SampleInputs) -> tuple[DetectionsRecord, ...]:
        """Return where annotators found the phrases in the normal image, in that image's frame.

        Those that are not asked to look at it are left out; there may be none.

        Raises:
            FileNotFoundError: One has not looked yet.
        """
        return _open(_on_normal(sample), sample)

    def is_done(self, sample: SampleInputs) -> bool:
        """Tell whether all annotators have looked, or there is none."""
        return all(each.folder(sample).done() for each in _all_searches(sample))

    def open(self, shard: Shard, run: StageRun) -> AbstractContextManager[ShardWork]:  # noqa: ARG002 - the store is the sample's
        """Return the search; an annotator is loaded for the first sample that lacks its output."""
        load, normals = cache(partial(_load, shard)), Lock()
        return nullcontext(
            ShardWork(lambda sample: _annotate(sample, load, normals), threads=_SAMPLES_AT_A_TIME)
        )


GROUNDING: Final = GroundingStage()


def _searches(sample: SampleInputs) -> list[_Search]:
    """Return the search for the asked phrases by each annotator."""
    return [_Search(version, sample.sample.phrases) for version in sample.shard.annotators]


def _rivals(sample: SampleInputs) -> list[_Search]:
    """Return the searches for the other defects of the dataset."""
    planned, spec = sample.sample, sample.shard.spec
    phrases = spec.rival_phrases(planned.defect_type, planned.phrases)
    asking = [version for version, each in _settings(sample) if each.asks_rivals]
    return [_Search(version, phrases) for version in asking] if phrases else []


def _on_normal(sample: SampleInputs) -> list[_Search]:
    """Return the searches in the normal image."""
    phrases, has_normal = sample.sample.phrases, sample.sample.has_normal
    asking = [version for version, each in _settings(sample) if each.asks_on_normal]
    return [_Search(version, phrases, on_normal=True) for version in asking if has_normal]


def _all_searches(sample: SampleInputs) -> list[_Search]:
    return [*_searches(sample), *_rivals(sample), *_on_normal(sample)]


def _settings(sample: SampleInputs) -> list[tuple[str, GroundingSettings]]:
    """Return the annotators that the spec has settings for, by their versions."""
    by_name = {each.annotator: each for each in sample.shard.spec.grounding.annotators}
    named = ((version, annotator_name(version)) for version in sample.shard.annotators)
    return [(version, by_name[name]) for version, name in named if name in by_name]


def _open(searches: Sequence[_Search], sample: SampleInputs) -> tuple[DetectionsRecord, ...]:
    return tuple(open_detections(each.folder(sample)) for each in searches)


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


def _annotate(sample: SampleInputs, load: Callable[[str], Annotator], normals: Lock) -> None:
    """Have every annotator look that has not; the failure of one keeps no other from it.

    Raises:
        GroundingUnavailable: Some failed.
    """
    failed: dict[str, str] = {}
    for search in _all_searches(sample):
        if search.version in failed:
            continue
        try:
            with normals if search.on_normal else nullcontext():  # another edit may share it
                if not search.folder(sample).done():
                    _look(sample, load(search.version), search)
        except Exception as error:
            name = annotator_name(search.version)
            logger.warning("%s failed", name, exc_info=True)
            failed[search.version] = f"{name}: {error}"
    if failed:
        raise GroundingUnavailable("; ".join(failed.values()))


def _look(sample: SampleInputs, annotator: Annotator, search: _Search) -> None:
    picture = sample.normal if search.on_normal else sample.edited
    [found] = annotator.annotate([picture], [search.phrases])
    if isinstance(found, AnnotationFailure):
        raise GroundingUnavailable(found.reason)
    save_detections(search.folder(sample), annotator.version, found)
