"""Looks for the phrases in the edits of a shard."""

import logging
from functools import lru_cache
from threading import Lock

from prefect import task

from kizu.grounding import (
    AnnotationFailure,
    Annotator,
    GroundingSettings,
    GroundingUnavailable,
    annotator_version,
    check_version,
    load_annotator,
)
from kizu.grounding.storage import save_detections
from kizu.outputs import SampleOutputs
from kizu.samples import PlannedSample
from kizu.settings import Record
from kizu.shards import Shard, ShardRef, ShardReport, StepResult, run_shard
from kizu.store import Store
from tasks.stage import CACHED_IN_RUN, UNCACHED, cancel_token, raise_on_failures

STAGE = "grounding"
SAMPLES_AT_A_TIME = 2
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


@task(name="choose annotator", **UNCACHED)
def choose_annotator(settings: GroundingSettings) -> AnnotatorChoice:
    """Find out which annotator this machine can run, without loading it."""
    if settings.annotator == "none":
        return AnnotatorChoice(version=None, note="")
    try:
        return AnnotatorChoice(version=annotator_version(settings), note="")
    except GroundingUnavailable as error:
        logger.warning("%s", error)
        return AnnotatorChoice(version=None, note=f"Samples are not grounded: {error}")


@task(name="grounding", task_run_name="grounding {shard.number} of {shard.of}", **CACHED_IN_RUN)
def grounding_shard(
    shard: ShardRef,
    store_url: str,
    edited: object,  # noqa: ARG001 - must have run before, and is part of the cache key
) -> ShardReport:
    """Annotate every edit of a shard; without an annotator there is nothing to do."""
    store, cancel = Store(store_url), cancel_token(Store(store_url))

    def annotate(shard: Shard, sample: PlannedSample) -> StepResult:
        if shard.annotator is None:
            return StepResult.KEPT
        outputs = SampleOutputs(store, shard, sample)
        if not outputs.has_picture:
            return StepResult.WAITING
        if outputs.grounding.done():
            return StepResult.KEPT
        annotator = _annotator(shard.spec.grounding)
        check_version(annotator, shard.annotator)
        [found] = annotator.annotate([outputs.edited], [sample.phrases])
        if isinstance(found, AnnotationFailure):
            raise GroundingUnavailable(found.reason)
        save_detections(outputs.grounding, annotator.version, found)
        return StepResult.MADE

    done = run_shard(STAGE, shard, store, annotate, cancel, threads=SAMPLES_AT_A_TIME)
    return raise_on_failures(done, cancel)


_loading = Lock()


def _annotator(settings: GroundingSettings) -> Annotator:
    """Return the annotator, loaded once per process however many threads ask."""
    with _loading:
        return _loaded(settings.model_dump_json())


@lru_cache(maxsize=1)
def _loaded(settings_json: str) -> Annotator:
    settings = GroundingSettings.model_validate_json(settings_json)
    return load_annotator(settings.annotator, settings)
