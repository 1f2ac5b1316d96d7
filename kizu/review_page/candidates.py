"""A dataset's last build as the queue sees it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from kizu.agree.proof import Stratum
from kizu.agree.verdict import VERDICT_OF, Reason, Verdict
from kizu.outputs import SampleOutputs
from kizu.publish.outcomes import Outcome, SampleStatus
from kizu.publish.version import LastBuild, last_build
from kizu.review import Draw, draw_samples, find_decision
from kizu.review_page.queue import Candidate
from kizu.samples import PlannedSample
from kizu.shards import Shard
from kizu.store import Store
from kizu.store.keys import sha256_hex

_READERS: Final = 16
"""Files read at a time: on an object store that is waiting, not work."""


@dataclass(frozen=True)
class BuildSample:
    """One sample of the build.

    Attributes:
        shard: The shard it is in.
        sample: The sample.
        outcome: How far it came.
        version: Names everything that is shown of it; another picture or mask has another one.
    """

    shard: Shard
    sample: PlannedSample
    outcome: Outcome
    version: str

    def outputs(self, store: Store) -> SampleOutputs:
        """Open what the store holds of it; nothing is read yet."""
        return SampleOutputs(store, self.shard, self.sample)


@dataclass(frozen=True)
class ReviewedBuild:
    """A dataset's last build.

    Attributes:
        build: Where it lies.
        samples: Its samples, in its order.
        candidates: Those that were judged.
    """

    build: LastBuild
    samples: tuple[BuildSample, ...]
    candidates: tuple[Candidate, ...]


def open_build(store: Store, dataset: str) -> ReviewedBuild:
    """Open a dataset's last build.

    Raises:
        DatasetError: It was never built here.
    """
    build = last_build(store, dataset)
    with ThreadPoolExecutor(_READERS) as pool:
        shards = list(pool.map(lambda ref: ref.open(store), build.shards))
    planned = [(shard, sample) for shard in shards for sample in shard.samples]
    samples = tuple(
        BuildSample(shard, sample, outcome, _version(outcome))
        for (shard, sample), outcome in zip(planned, build.open_outcomes(store), strict=True)
    )
    judged = [
        candidate_of(number, each.outcome)
        for number, each in enumerate(samples)
        if each.outcome.status is SampleStatus.JUDGED
    ]
    return ReviewedBuild(build, samples, tuple(judged))


def candidate_of(number: int, outcome: Outcome) -> Candidate:
    """Return a judged sample as the queue sees it.

    Args:
        number: Its place in the build, from 0.
        outcome: How far it came.
    """
    return Candidate(
        number=number,
        sample_id=outcome.sample_id,
        decisions=outcome.decisions,
        defect_type=outcome.defect_type,
        stratum=outcome.stratum,
        verdict=Verdict.ACCEPT if outcome.certified else VERDICT_OF[Reason(outcome.reason)],
        score=outcome.score,
    )


def draw_accepted(store: Store, dataset: str, build: ReviewedBuild, size: int) -> Draw:
    """Draw samples at random from what the rule accepts, and store the draw.

    Args:
        store: The store.
        dataset: The dataset.
        build: Its last build.
        size: How many to draw.
    """
    accepted = [each for each in build.candidates if each.stratum is Stratum.ACCEPTED]
    outcomes = [build.samples[each.number].outcome for each in accepted]
    names = sorted({name for outcome in outcomes for name in outcome.figures})
    return draw_samples(
        store,
        dataset,
        Stratum.ACCEPTED,
        [each.decisions for each in accepted],
        size,
        makers=[outcome.made_by for outcome in outcomes],
        figures={name: [outcome.figures.get(name) for outcome in outcomes] for name in names},
    )


def decided_folders(store: Store, build: ReviewedBuild) -> set[str]:
    """Return the decision folders of all samples that somebody has decided on.

    Folders are listed once; only of samples that have decisions is anything read, for one on a mask
    that annotators found counts for that mask alone.
    """
    filled = {path.rpartition("/")[0] for path in store.list("decisions")}
    known = [each for each in build.candidates if each.decisions in filled]

    def counts(each: Candidate) -> bool:
        return find_decision(build.samples[each.number].outputs(store)) is not None

    with ThreadPoolExecutor(_READERS) as pool:
        found = list(pool.map(counts, known))
    return {each.decisions for each, decided in zip(known, found, strict=True) if decided}


def _version(outcome: Outcome) -> str:
    return sha256_hex("".join(outcome.output_keys).encode())[:16]


def numbers_by_id(candidates: Sequence[Candidate]) -> dict[str, int]:
    """Return the places of judged samples in the build, by their names."""
    return {each.sample_id: each.number for each in candidates}
