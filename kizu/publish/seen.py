"""What the last look at a dataset's samples saw, so that finished ones are not read again.

``builds/seen/NAME.json`` holds of every finished sample how far it came, and the marks
(``kizu.store.marks``) of all files that this follows from: the records of its edit and of every
stage, what was decided on it, its picture where that is published as it is, and in the ledger that
another dataset paid for it. While these are the same, so is the sample, and nothing of it is left
to make. Without the file, or with a damaged one, every sample is looked at anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Self, TypeAlias

from kizu import versions
from kizu.billing.ledger import cached_path
from kizu.edit.storage import picture_path, sidecar_path
from kizu.outputs import SampleOutputs
from kizu.publish.outcomes import (
    NONE_UNPUBLISHED,
    Outcome,
    SampleStatus,
    is_published_as_edited,
    sample_outcome,
)
from kizu.review import decision_folder
from kizu.samples import PlannedSample
from kizu.shards import BuildPlan, Shard, ShardRef, save_shards
from kizu.spec import DatasetSpec
from kizu.stages import ANNOTATION_STAGES, LAST_STAGES
from kizu.store import DamagedFileError, Marks, Store
from kizu.store.keys import canonical_json, content_key, sha256_hex
from kizu.store.rooms import GONE

_Looked: TypeAlias = tuple[Outcome, "Seen | None"]

_FINISHED: Final = (SampleStatus.JUDGED, SampleStatus.REFUSED)
"""Where a sample stands that no rerun tries again."""


@dataclass(frozen=True)
class Seen:
    """How far a finished sample came when it was looked at.

    Attributes:
        outcome: How far, as if nothing was proven.
        marks: Of the files that this follows from, by path.
        decisions: The folder of what is decided on it; empty where nothing can be.
        decided: The marks of the files there, by path.
    """

    outcome: Outcome
    marks: Mapping[str, str]
    decisions: str
    decided: Mapping[str, str]

    def still_holds(self, marks: Marks) -> bool:
        """Tell whether no file is gone, changed or added since."""
        return self.is_made(marks) and (
            not self.decisions or marks.below(self.decisions) == self.decided
        )

    def is_made(self, marks: Marks) -> bool:
        """Tell whether all that stages made is as it was, whatever was decided on it since."""
        return all(marks.of(path) == mark for path, mark in self.marks.items())

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "outcome": self.outcome.model_dump(mode="json"),
            "marks": dict(self.marks),
            "decisions": self.decisions,
            "decided": dict(self.decided),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        outcome = Outcome.model_validate(value["outcome"])
        return cls(outcome, value["marks"], value["decisions"], value["decided"])


class SeenSamples:
    """The finished samples of a dataset's last build, by the keys of what was planned."""

    def __init__(self, seen: Mapping[str, Seen] | None = None) -> None:
        """Take what was seen."""
        self.by_key = dict(seen or {})

    @classmethod
    def open(cls, store: Store, dataset: str) -> Self:
        """Read what the last build of a dataset saw; of another kizu's build, nothing."""
        return store.read_note(_path(dataset), cls._read, cls, "all samples are looked at")

    @classmethod
    def _read(cls, value: Mapping[str, Any]) -> Self:
        if value["by"] != _BY:
            return cls()
        return cls({key: Seen.from_json(each) for key, each in value["samples"].items()})

    def find(self, key: str, marks: Marks) -> Seen | None:
        """Return what was seen of a sample of which nothing changed since; else None."""
        seen = self.by_key.get(key)
        return seen if seen and seen.still_holds(marks) else None

    def is_made(self, key: str, marks: Marks) -> bool:
        """Tell whether a sample was finished, and all that stages made of it is as it was."""
        seen = self.by_key.get(key)
        return seen is not None and seen.is_made(marks)

    def save(self, store: Store, dataset: str) -> None:
        """Note it for the next build."""
        samples = {key: each.to_json() for key, each in self.by_key.items()}
        store.write_json(_path(dataset), {"by": _BY, "samples": samples})


def _path(dataset: str) -> str:
    return f"builds/seen/{dataset}.json"


_BY: Final = sha256_hex(
    canonical_json(
        [
            {name: value for name, value in vars(versions).items() if name.endswith("_VERSION")},
            sorted(Outcome.model_fields),
        ]
    ).encode()
)
"""Stands for the kizu that looked: another one may come to other outcomes."""


def planned_keys(shard: Shard) -> list[str]:
    """Return the keys of a shard's samples: all that an outcome follows from beside the store."""
    spec = shard.spec.model_dump(mode="json", exclude={"budget"})  # which a person may grant
    made_by = content_key("made_by", spec=spec, annotators=list(shard.annotators))
    return [_planned_key(sample, made_by) for sample in shard.samples]


def _planned_key(sample: PlannedSample, made_by: str) -> str:
    return content_key("planned", sample=sample.model_dump(mode="json"), made_by=made_by)


def look_at(
    outputs: SampleOutputs, marks: Marks, unpublished: str = ""
) -> tuple[Outcome, Seen | None]:
    """Look up how far a sample came, and what the next build can know that by.

    Args:
        outputs: The sample, of which nothing was read yet.
        marks: The store's marks.
        unpublished: Why it could not be published although it was judged; empty if it could.

    Returns:
        How far, and the same with its marks; None of a sample that is not finished.
    """
    made_of = _marks_of(outputs, marks)  # each before its file is read
    decided = _decided(outputs, marks) if made_of else None
    outputs.undecided = decided == {}
    outcome = sample_outcome(outputs, unpublished)
    is_whole = outcome.status in _FINISHED and not (outcome.decision_problem or unpublished)
    marked = made_of | (decided or {})
    if not (made_of and is_whole) or GONE in marked.values():
        return outcome, None
    return outcome, Seen(outcome, made_of, outcome.decisions, decided or {})


def _decided(outputs: SampleOutputs, marks: Marks) -> dict[str, str] | None:
    """Return the marks of what is decided on a sample; None of one that is not judged."""
    try:
        return marks.below(decision_folder(outputs)) if outputs.agreement else None
    except (DamagedFileError, FileNotFoundError):
        return None


def _marks_of(outputs: SampleOutputs, marks: Marks) -> dict[str, str]:
    """Return the marks of a sample's files but for decisions; nothing without an edit."""
    key = outputs.sample.request.key
    found = {path: marks.of(path) for path in (sidecar_path(key), picture_path(key))}
    edit = outputs.edit
    if edit is None:
        return {}
    dataset = outputs.shard.spec.name
    if edit.bought_for not in ("", dataset):
        path = cached_path(dataset, key)
        found[path] = marks.of(path)
    try:
        if edit.has_picture:
            found |= {path: marks.of(path) for path in _records(outputs)}
        if not _needs_picture(outputs):
            del found[picture_path(key)]
    except (DamagedFileError, FileNotFoundError):
        return {}
    return found


def _records(outputs: SampleOutputs) -> Iterable[str]:
    return (
        folder.record_path for stage in ANNOTATION_STAGES for folder in stage.all_folders(outputs)
    )


def _needs_picture(outputs: SampleOutputs) -> bool:
    """Tell whether the edited picture itself is part of what is published."""
    agreement = outputs.agreement if outputs.has_picture else None
    return agreement is not None and is_published_as_edited(outputs, agreement)


@dataclass(frozen=True)
class Look:
    """A look at all samples of a dataset.

    Attributes:
        outcomes: How far the samples came, by shard, as if nothing was proven.
        seen: What the next build can know finished samples by.
        is_new: False if the last build saw the same.
    """

    outcomes: list[list[Outcome]] = field(default_factory=list)
    seen: SeenSamples = field(default_factory=SeenSamples)
    is_new: bool = False


def look_at_shards(
    refs: Sequence[ShardRef],
    store: Store,
    seen: SeenSamples,
    unpublished: Mapping[str, str] = NONE_UNPUBLISHED,
) -> Look:
    """Look up how far all samples of shards came, in their order, as if nothing was proven.

    Args:
        refs: The shards.
        store: The store.
        seen: What the last build saw; samples of which nothing changed since are not read.
        unpublished: Why samples could not be published although they were judged, by their ids.
    """
    marks, found, outcomes = Marks(store), SeenSamples(), []

    def look(shard: Shard, sample: PlannedSample) -> _Looked:
        why = unpublished.get(sample.sample_id, "")
        return look_at(SampleOutputs(store, shard, sample), marks, why)

    def looks(shard: Shard, samples: Sequence[PlannedSample]) -> Iterator[_Looked]:
        nonlocal marks
        looked = list(pool.map(partial(look, shard), samples))
        pairs = zip(samples, looked, strict=True)
        if any(_is_unlisted(*each) for s, each in pairs if s.sample_id not in unpublished):
            renewed = marks.renewed()
            if renewed is not None:
                marks = renewed
                return pool.map(partial(look, shard), samples)
        return iter(looked)

    with ThreadPoolExecutor(_READERS) as pool:
        for ref in refs:
            shard = ref.open(store)
            keys = planned_keys(shard)
            known = [
                None if sample.sample_id in unpublished else seen.find(key, marks)
                for sample, key in zip(shard.samples, keys, strict=True)
            ]
            unknown = [s for s, each in zip(shard.samples, known, strict=True) if not each]
            anew = looks(shard, unknown)
            looked = [(each.outcome, each) if each else next(anew) for each in known]
            outcomes.append([outcome for outcome, _ in looked])
            found.by_key.update(
                {key: each for key, (_, each) in zip(keys, looked, strict=True) if each}
            )
    return Look(outcomes, found, is_new=found.by_key != seen.by_key)


def _is_unlisted(outcome: Outcome, seen: Seen | None) -> bool:
    """Tell whether a sample is finished by files that this run's listings do not show."""
    return outcome.status in _FINISHED and not (seen or outcome.decision_problem)


def find_seen(
    samples: Sequence[PlannedSample], spec: DatasetSpec, annotators: tuple[str, ...], store: Store
) -> list[Outcome] | None:
    """Return how far samples came that all are as the last build saw them; else None.

    Args:
        samples: What is planned.
        spec: The dataset.
        annotators: Versions of the annotators at hand.
        store: The store.
    """
    seen, marks = SeenSamples.open(store, spec.name), Marks(store)
    planned = Shard.model_construct(spec=spec, annotators=annotators, samples=tuple(samples))
    found: list[Outcome] = []
    for key in planned_keys(planned):
        known = seen.find(key, marks)
        if known is None:
            return None
        found.append(known.outcome)
    return found


def finished_samples(
    samples: Sequence[PlannedSample], spec: DatasetSpec, annotators: tuple[str, ...], store: Store
) -> set[str]:
    """Return the ids of samples of which no stage has anything left to make.

    Those that are as the last build saw them are not read. Arguments as of ``find_seen``.
    """
    seen, marks = SeenSamples.open(store, spec.name), Marks(store)
    planned = Shard.model_construct(spec=spec, annotators=annotators, samples=tuple(samples))

    def is_finished(sample: PlannedSample, key: str) -> bool:
        if marks.of(sidecar_path(sample.request.key)) == GONE:
            return False
        return seen.is_made(key, marks) or _is_made(SampleOutputs(store, planned, sample))

    with ThreadPoolExecutor(_READERS) as pool:
        found = pool.map(is_finished, samples, planned_keys(planned))
        return {sample.sample_id for sample, made in zip(samples, found, strict=True) if made}


def _is_made(outputs: SampleOutputs) -> bool:
    """Tell whether all stages are through with a sample, or its edit is refused for ever."""
    if outputs.edit is None or not outputs.has_picture:
        return outputs.edit is not None
    return all(stage.is_done(outputs) for stage in LAST_STAGES)


def plan_work(plan: BuildPlan, store: Store, dataset: str, shard_size: int) -> BuildPlan:
    """Return a plan with the samples that stages have something to make for, as their shards.

    Args:
        plan: The plan.
        store: The store.
        dataset: The dataset's name.
        shard_size: Samples per shard.
    """
    seen, marks = SeenSamples.open(store, dataset), Marks(store)
    left: list[PlannedSample] = []
    one: Shard | None = None
    for ref in plan.shards:
        one = ref.open(store)
        keys = zip(one.samples, planned_keys(one), strict=True)
        left += [sample for sample, key in keys if not seen.is_made(key, marks)]
    work = []
    if one is not None:
        work = save_shards(left, one.spec, one.annotators, store, shard_size, is_new=True)
    return plan.model_copy(
        update={"work": tuple(work), "to_do": len(left), "shard_size": shard_size}
    )


_READERS: Final = 16
"""Samples looked at at a time: on an object store that is waiting, not work."""
