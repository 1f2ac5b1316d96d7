"""What a stage is: a name, what its key is made from, and its work."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import pyarrow as pa

from kizu.cancellation import CancelToken
from kizu.edit.editor import SecretSource
from kizu.samples import PlannedSample
from kizu.shards import Refusal, Shard, ShardRef, ShardReport, StepResult, run_shard
from kizu.stages.inputs import SampleInputs
from kizu.store import StageFolder, Store
from kizu.store.keys import content_key


@dataclass(frozen=True)
class StageRun:
    """What the stages of one run have in common.

    Attributes:
        store: The store.
        cancel: The run's cancellation.
        secrets: Where secrets are found that are not in the environment.
    """

    store: Store
    cancel: CancelToken
    secrets: SecretSource | None = None


def _nothing(_: SampleInputs) -> None:
    """Leave what is there as it is."""


def _free() -> str:
    """Say that nothing was paid."""
    return ""


@dataclass(frozen=True)
class ShardWork:
    """A stage at work on one shard.

    Attributes:
        make: Makes the output of a sample that has none, and stores it.
        keep: Takes note of a sample whose output was there.
        threads: Samples worked on at a time; more than one for work that waits for a service or
            takes turns at a model.
        refusals: Edits that were refused meanwhile.
        paid: Says what was paid up to now.
    """

    make: Callable[[SampleInputs], None]
    keep: Callable[[SampleInputs], None] = _nothing
    threads: int = 1
    refusals: list[Refusal] = field(default_factory=list)
    paid: Callable[[], str] = _free


class Stage(ABC):
    """One step that every sample goes through; its output is found by a key.

    A stage says what its key is made from and makes one sample's output. Where the samples of a
    shard share something, as a model or a service, it gives ``open`` instead of ``make``.

    Attributes:
        name: Names the stage, its tasks, its folder in the store and its key column.
        noun: What it makes, as logs call it.
        after: The stages whose outputs it reads.
        on_gpu: True if its tasks go to GPU workers, where there are some.
        columns: What it fills of a dataset's ``provenance`` table; see ``kizu.stages.columns``.
    """

    name: ClassVar[str]
    noun: ClassVar[str] = "samples"
    after: ClassVar[tuple["Stage", ...]] = ()
    on_gpu: ClassVar[bool] = False
    columns: ClassVar[tuple[pa.Field, ...]] = ()

    @abstractmethod
    def key_inputs(self, sample: SampleInputs) -> dict[str, Any]:
        """Return everything that shapes the output, as JSON values, an algorithm version among it.

        Raises:
            FileNotFoundError: There is no edited picture to make a key from.
        """

    def make(self, sample: SampleInputs) -> None:
        """Make a sample's output and store it in the stage's folder."""
        raise NotImplementedError(f"the stage {self.name} has neither make nor open")

    def open(self, shard: Shard, run: StageRun) -> AbstractContextManager[ShardWork]:  # noqa: ARG002 - for stages that share something
        """Return the work on a shard's samples, with what they share open around it."""
        return nullcontext(ShardWork(self.make))

    def row(self, sample: SampleInputs) -> dict[str, Any]:  # noqa: ARG002 - for stages with columns
        """Return what ``columns`` hold of a sample whose output is there."""
        return {}

    def key(self, sample: SampleInputs) -> str:
        """Return the key of a sample's output; it is made once per sample.

        Raises:
            FileNotFoundError: There is no edited picture to make a key from.
        """
        if self.name not in sample.keys:
            sample.keys[self.name] = content_key(self.name, **self.key_inputs(sample))
        return sample.keys[self.name]

    def folder(self, sample: SampleInputs) -> StageFolder:
        """Return where a sample's output lies; its record is read once per sample.

        What of it is damaged is made anew when it is read, if the stage has ``make``.

        Raises:
            FileNotFoundError: There is no edited picture to make a key from.
        """
        if self.name not in sample.folders:
            anew = partial(self.make, sample) if type(self).make is not Stage.make else None
            sample.folders[self.name] = StageFolder(sample.store, self.name, self.key(sample), anew)
        return sample.folders[self.name]

    def all_folders(self, sample: SampleInputs) -> tuple[StageFolder, ...]:
        """Return where all outputs of a sample lie; of most stages it is one.

        Raises:
            FileNotFoundError: There is no edited picture to make a key from.
        """
        return (self.folder(sample),)

    def is_done(self, sample: SampleInputs) -> bool:
        """Tell whether there is nothing left to make."""
        return self.folder(sample).done()

    def step(self, sample: SampleInputs, work: ShardWork) -> StepResult:
        """Do what is to do for one sample."""
        if self.after and not sample.has_picture:
            return StepResult.WAITING
        if self.is_done(sample):
            work.keep(sample)
            return StepResult.KEPT
        if not all(before.is_done(sample) for before in self.after):
            return StepResult.WAITING
        work.make(sample)
        return StepResult.MADE


def run_stage(stage: Stage, ref: ShardRef, run: StageRun) -> ShardReport:
    """Take a shard through a stage; one sample's failure stops no other."""
    began = time.perf_counter()
    shard = ref.open(run.store)
    stop = run.cancel.reason()
    if stop is not None and stop.whole_run:  # nothing is loaded then
        return run_shard(stage.name, shard, run.store, lambda _: StepResult.WAITING, run.cancel)
    with stage.open(shard, run) as work:

        def step(sample: PlannedSample) -> StepResult:
            return stage.step(SampleInputs(run.store, shard, sample), work)

        report = run_shard(stage.name, shard, run.store, step, run.cancel, threads=work.threads)
    told = {"refusals": tuple(work.refusals), "paid": work.paid()}
    return report.model_copy(update=told | {"seconds": time.perf_counter() - began})
