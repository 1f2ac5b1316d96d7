"""Shards: tens of samples handled together, each sample succeeding or failing on its own."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any, Final, Self

from kizu.billing.budget import BudgetSpec
from kizu.cancellation import Cancellation, CancelToken
from kizu.edit.editor import (
    EditError,
    EditPendingError,
    EditWaitsError,
    PromptGivenUpError,
    StopEditingError,
)
from kizu.progress import advance
from kizu.samples import PlannedSample
from kizu.settings import Record
from kizu.spec import DatasetSpec
from kizu.store import (
    DamagedFileError,
    Store,
    StoreUnreachableError,
    StoreUnwritableError,
    keyed,
)
from kizu.store.keys import sha256_hex
from kizu.store.store import json_path

logger = logging.getLogger(__name__)


class Shard(Record):
    """Samples with the settings they are made by; one JSON file in the store.

    Attributes:
        spec: The dataset.
        annotators: Versions of the annotators that look at the samples, sorted; none if none is
            at hand.
        samples: The samples.
    """

    spec: DatasetSpec
    annotators: tuple[str, ...]
    samples: tuple[PlannedSample, ...]


class ShardRef(Record):
    """Where a shard lies; this, not its content, travels between tasks.

    Attributes:
        path: The shard's file in the store.
        number: Its number among the build's shards, from 1.
        of: How many shards there are.
    """

    path: str
    number: int
    of: int

    def open(self, store: Store) -> Shard:
        """Read the shard."""
        return store.read_json_as(self.path, Shard.model_validate)

    def with_budget(self, budget: BudgetSpec, store: Store) -> Self:
        """Store the shard again with another budget; return where it lies."""
        shard = self.open(store)
        granted = shard.spec.model_copy(update={"budget": budget})
        path = _put(shard.model_copy(update={"spec": granted}), store)
        return self.model_copy(update={"path": path})


SAMPLES_PER_SHARD: Final = 16
"""Of the shards that tasks work on: enough that what Prefect costs a task does not count."""

SAMPLES_PER_PART: Final = 1024
"""Of the files that hold a whole plan: few requests, and a part of some 2 MB."""


class BuildPlan(Record):
    """What a build is to do.

    Attributes:
        shards: Its samples, in parts of many.
        photos: Normal images that can be used.
        samples: How many samples there are.
        left_out: Samples of the dataset that are not among them, and photos that could not be
            read.
        pairs: Where it is stored which pictures of an editor that brings its own were paired, and
            which files are left out.
        groups: Where it is stored which photos stay together in one split; empty in plans of an
            older kizu.
        work: The samples that stages have something to make for, as the shards they are worked on.
        to_do: How many these are.
        shard_size: Samples per shard, of work and of what is published.
    """

    shards: tuple[ShardRef, ...]
    photos: int
    samples: int
    left_out: int
    pairs: tuple[str, ...] = ()
    groups: str = ""
    work: tuple[ShardRef, ...] = ()
    to_do: int = 0
    shard_size: int = SAMPLES_PER_SHARD

    def open(self, store: Store) -> Iterator[PlannedSample]:
        """Yield the samples; one shard is held at a time."""
        for ref in self.shards:
            yield from ref.open(store).samples

    def with_budget(self, budget: BudgetSpec, store: Store) -> Self:
        """Store the shards again with another budget; the samples stay as they were planned."""
        shards, work = (
            tuple(ref.with_budget(budget, store) for ref in refs)
            for refs in (self.shards, self.work)
        )
        return self.model_copy(update={"shards": shards, "work": work})


class StepResult(StrEnum):
    """What a stage did for one sample."""

    MADE = "made"
    KEPT = "kept"
    REFUSED = "refused"
    WAITING = "waiting"


class Fate(StrEnum):
    """How a sample stands that a stage has nothing for."""

    FAILED = "failed"
    WAITING = "waiting"
    UNASKED = "unasked"
    PENDING = "pending"


_FATES: Final[Mapping[type[EditWaitsError], Fate]] = {
    PromptGivenUpError: Fate.UNASKED,
    EditPendingError: Fate.PENDING,
}


class Failure(Record):
    """A sample that a stage has nothing for.

    Attributes:
        sample_id: The sample.
        stage: The stage.
        reason: Why, and the way out.
        fate: "failed" for a reason of its own; "waiting" because others could not be made;
            "unasked" because its prompt is not asked any more; "pending" because it is asked for
            and the answer will come.
    """

    sample_id: str
    stage: str
    reason: str
    fate: Fate = Fate.FAILED


class Refusal(Record):
    """A sample whose edit the editor refused to make.

    Attributes:
        sample_id: The sample.
        reason: Why, in the editor's words.
    """

    sample_id: str
    reason: str


class ShardReport(Record):
    """What a stage did for a shard.

    Attributes:
        stage: The stage.
        made: Samples it made something for.
        kept: Samples that were there already.
        refused: Samples whose edit the editor will never make, whether it said so now or earlier.
        waiting: Samples an earlier stage has nothing for, or that were not tried.
        failures: Samples that failed.
        stopped: Why samples were not tried; empty if all were.
        made_megapixels: What the photos of the samples have together that it made something for.
        seconds: How long it took, the loading of a model included.
        refusals: Those of the refused whose edit the editor refused this time.
        paid: What was paid for it, in words; empty for nothing.
    """

    stage: str
    made: int
    kept: int
    refused: int = 0
    waiting: tuple[str, ...]
    failures: tuple[Failure, ...]
    stopped: str = ""
    made_megapixels: float = 0.0
    seconds: float = 0.0
    refusals: tuple[Refusal, ...] = ()
    paid: str = ""

    def as_kept(self) -> Self:
        """Return it as one that found all that it made."""
        nothing = {"made": 0, "made_megapixels": 0.0, "seconds": 0.0, "refusals": (), "paid": ""}
        return self.model_copy(update=nothing | {"kept": self.made + self.kept})

    def in_words(self, noun: str) -> str:
        """Say what was done in one line.

        Args:
            noun: What the stage makes, as "edits".

        Example:
            >>> done = ShardReport(stage="edit", made=3, kept=13, waiting=(), failures=(),
            ...     paid="0.12 USD", seconds=4.07)
            >>> done.in_words("edits")
            '16 edits: 3 made, 13 kept, 0.12 USD, 4.1 s'
        """
        counts = {
            "made": self.made,
            "kept": self.kept,
            "refused": self.refused,
            "failed": len(self.failures),
            "waiting": len(self.waiting),
        }
        told = [f"{count} {what}" for what, count in counts.items() if count]
        paid = [self.paid] if self.paid else []
        in_all = sum(counts.values())
        counted = noun.removesuffix("s") if in_all == 1 else noun
        return f"{in_all} {counted}: {', '.join([*told, *paid, f'{self.seconds:.1f} s'])}"


def save_shards(
    samples: Sequence[PlannedSample],
    spec: DatasetSpec,
    annotators: tuple[str, ...],
    store: Store,
    shard_size: int,
    *,
    is_new: bool = False,
) -> list[ShardRef]:
    """Cut samples into shards and store them.

    Args:
        samples: The samples.
        spec: The dataset.
        annotators: Versions of the annotators at hand.
        store: The store.
        shard_size: Samples per shard.
        is_new: True of shards that are hardly ever there already.
    """
    cuts = [samples[start : start + shard_size] for start in range(0, len(samples), shard_size)]
    shards = [Shard(spec=spec, annotators=annotators, samples=tuple(cut)) for cut in cuts]
    paths = [_put(shard, store, is_new=is_new) for shard in shards]
    return [ShardRef(path=path, number=i + 1, of=len(paths)) for i, path in enumerate(paths)]


def shard_paths(
    samples: Sequence[PlannedSample],
    spec: DatasetSpec,
    annotators: tuple[str, ...],
    shard_size: int,
) -> list[str]:
    """Return where ``save_shards`` stores samples; nothing is stored."""
    cuts = [samples[start : start + shard_size] for start in range(0, len(samples), shard_size)]
    return [
        json_path(_FOLDER, _dumped(Shard(spec=spec, annotators=annotators, samples=tuple(cut))))
        for cut in cuts
    ]


def _dumped(shard: Shard) -> dict[str, Any]:
    return shard.model_dump(mode="json")


_FOLDER: Final = "builds/shards"


def _put(shard: Shard, store: Store, *, is_new: bool = False) -> str:
    return store.put_json(_FOLDER, _dumped(shard), is_new=is_new)


def run_shard(
    stage: str,
    shard: Shard,
    store: Store,
    work: Callable[[PlannedSample], StepResult],
    cancel: CancelToken | None = None,
    *,
    threads: int = 1,
) -> ShardReport:
    """Do a stage's work for every sample of a shard; one sample's failure stops no other.

    Args:
        stage: The stage's name.
        shard: The shard.
        store: The store.
        work: Does the work for one sample.
        cancel: The run's cancellation. Work that raises ``StopEditingError`` sets it; once the
            whole run is cancelled nothing is worked on.
        threads: Samples worked on at a time.
    """
    counts = dict.fromkeys((StepResult.MADE, StepResult.KEPT, StepResult.REFUSED), 0)
    megapixels = 0.0
    waiting: list[str] = []
    failures: list[Failure] = []
    stopped = ""
    for sample, outcome in _outcomes(stage, shard, work, cancel, threads):
        if isinstance(outcome, Failure):
            _note(store, outcome)
        if isinstance(outcome, Failure) and outcome.fate is Fate.FAILED:
            failures.append(outcome)
        elif isinstance(outcome, Failure):
            waiting.append(sample.sample_id)
            is_stop = outcome.fate is Fate.WAITING
            stopped = stopped or (outcome.reason if is_stop else "")
        elif outcome is StepResult.WAITING:
            waiting.append(sample.sample_id)
        else:
            counts[outcome] += 1
            megapixels += sample.normal.megapixels if outcome is StepResult.MADE else 0.0
        advance(stage)
    return ShardReport(
        stage=stage,
        made=counts[StepResult.MADE],
        kept=counts[StepResult.KEPT],
        refused=counts[StepResult.REFUSED],
        waiting=tuple(waiting),
        failures=tuple(failures),
        stopped=stopped or _stopped_whole(cancel),
        made_megapixels=megapixels,
    )


def _note(store: Store, failure: Failure) -> None:
    """Keep why a sample failed or waits; a store that cannot be written has told so already."""
    with contextlib.suppress(OSError):
        store.write_json(_failure_path(failure.sample_id), failure.model_dump(mode="json"))


def _stopped_whole(cancel: CancelToken | None) -> str:
    stop = cancel.reason() if cancel else None
    return stop.sentence if stop is not None and stop.whole_run else ""


def _outcomes(
    stage: str,
    shard: Shard,
    work: Callable[[PlannedSample], StepResult],
    cancel: CancelToken | None,
    threads: int,
) -> Iterator[tuple[PlannedSample, StepResult | Failure]]:
    """Yield what came of each sample: in order, or as ``spread`` has them."""

    def attempt(sample: PlannedSample) -> StepResult | Failure:
        return _attempt(stage, sample, work, cancel)

    if threads == 1:
        yield from ((sample, attempt(sample)) for sample in shard.samples)
        return
    samples = spread(shard.samples)
    with ThreadPoolExecutor(threads) as pool:
        yield from zip(samples, pool.map(attempt, samples), strict=True)


def spread(samples: Sequence[PlannedSample]) -> list[PlannedSample]:
    """Order samples so that neighbours differ in photo and, as far as can be, in defect.

    So the first few tell whether it is a photo, a prompt or the account that fails.
    """
    photos: dict[str, list[PlannedSample]] = {}
    for sample in samples:
        photos.setdefault(sample.normal.sha256, []).append(sample)
    turns = [
        ((number - photo) % len(edits), photo, sample)
        for photo, edits in enumerate(photos.values())
        for number, sample in enumerate(edits)
    ]
    return [sample for _, _, sample in sorted(turns, key=lambda turn: turn[:2])]


def _attempt(
    stage: str,
    sample: PlannedSample,
    work: Callable[[PlannedSample], StepResult],
    cancel: CancelToken | None,
) -> StepResult | Failure:
    if _stopped_whole(cancel):
        return StepResult.WAITING
    try:
        return work(sample)
    except StopEditingError as error:
        if cancel:
            cancel.cancel(Cancellation(sentence=str(error), whole_run=error.whole_run))
        reason, fate = str(error), Fate.WAITING
    except (StoreUnwritableError, StoreUnreachableError) as error:
        if cancel:
            cancel.cancel(Cancellation(sentence=str(error), whole_run=True))
        reason, fate = str(error), Fate.WAITING
    except EditWaitsError as error:
        reason, fate = str(error), _FATES.get(type(error), Fate.WAITING)
    except (EditError, DamagedFileError) as error:
        reason, fate = str(error), Fate.FAILED
    except Exception as error:
        logger.warning("%s of %s failed", stage, sample.sample_id, exc_info=True)
        reason, fate = f"{type(error).__name__}: {error}", Fate.FAILED
    return Failure(sample_id=sample.sample_id, stage=stage, reason=reason, fate=fate)


def last_failure(store: Store, sample_id: str) -> Failure | None:
    """Return why a sample failed or waited last; None if it never did.

    It may have succeeded since.
    """
    try:
        return store.read_json_as(_failure_path(sample_id), Failure.model_validate)
    except (FileNotFoundError, DamagedFileError):
        return None


def _failure_path(sample_id: str) -> str:
    return f"{keyed('failures', sha256_hex(sample_id.encode()))}.json"
