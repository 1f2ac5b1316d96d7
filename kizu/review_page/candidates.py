"""A dataset's last build as the queue sees it."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from kizu.agree.settings import AgreementSettings
from kizu.agree.verdict import VERDICT_OF, Reason, Verdict
from kizu.outputs import SampleOutputs
from kizu.publish.outcomes import Outcome, SampleStatus
from kizu.publish.version import last_build
from kizu.review import DecisionDamagedError, latest_decision
from kizu.review_page.queue import Candidate
from kizu.samples import PlannedSample
from kizu.shards import Shard
from kizu.store import Store
from kizu.store.keys import sha256_hex

logger = logging.getLogger(__name__)

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
        version: The version it made.
        agree: What was to be proven of it.
        samples: Its samples, in its order.
        candidates: Those that were judged.
    """

    version: str
    agree: AgreementSettings
    samples: tuple[BuildSample, ...]
    candidates: tuple[Candidate, ...]


def open_build(store: Store, dataset: str) -> ReviewedBuild:
    """Open a dataset's last build.

    Raises:
        DatasetError: It was never built here.
    """
    build = last_build(store, dataset)
    samples = tuple(
        BuildSample(shard, sample, outcome, _version(outcome))
        for shard, sample, outcome in build.open_samples(store)
    )
    judged = [
        candidate_of(number, each.outcome)
        for number, each in enumerate(samples)
        if each.outcome.status is SampleStatus.JUDGED
    ]
    return ReviewedBuild(build.version, build.agree, samples, tuple(judged))


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


def decided_folders(store: Store, candidates: Sequence[Candidate]) -> set[str]:
    """Return the decision folders of all samples that somebody has decided on.

    All folders are listed at once; only of samples that have decisions is anything read.
    """
    filled = {path.rpartition("/")[0] for path in store.list("decisions")}
    known = {each.decisions: each.defect_type for each in candidates if each.decisions in filled}
    with ThreadPoolExecutor(_READERS) as pool:
        found = list(pool.map(lambda item: _is_decided(store, *item), known.items()))
    return {folder for folder, is_decided in zip(known, found, strict=True) if is_decided}


def _is_decided(store: Store, folder: str, defect_type: str) -> bool:
    """Tell whether somebody decided on a sample; if that is damaged, they are asked again."""
    try:
        return latest_decision(store, folder, defect_type) is not None
    except DecisionDamagedError as damage:
        logger.warning("%s", damage)
        return False


def _version(outcome: Outcome) -> str:
    return sha256_hex("".join(outcome.output_keys).encode())[:16]


def numbers_by_id(candidates: Sequence[Candidate]) -> dict[str, int]:
    """Return the places of judged samples in the build, by their names."""
    return {each.sample_id: each.number for each in candidates}
