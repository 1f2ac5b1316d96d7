"""Which samples of a version are exported, and why the others are not."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from kizu.agree.verdict import Verdict
from kizu.progress import advance, expect
from kizu.publish.dataset import Dataset, Sample
from kizu.publish.rows import TRAIN_DEFECTS

_UNCERTIFIED: Final = "uncertified"


class _LeftOut(NamedTuple):
    """Why samples are left out, and what takes them too: on the command line, and in Python."""

    why: str
    option: str
    argument: str


_LEFT_OUT: Final[Mapping[str, _LeftOut]] = {
    Verdict.REVIEW: _LeftOut("wait for a person", "--also review", 'also=["review"]'),
    Verdict.REJECT: _LeftOut("are rejected", "--also reject", 'also=["reject"]'),
    _UNCERTIFIED: _LeftOut(
        "are accepted, and no certificate covers them", "--uncertified", "uncertified=True"
    ),
}


@dataclass
class Selection:
    """The samples of a version that are exported: the normal ones, and those that are wanted.

    Where a certificate stands, it is what accepted labels are exported on. Of a version of which
    nothing is certified but what single people decided, all accepted samples are exported.

    Attributes:
        dataset: The version.
        stage: What progress is reported as.
        also: Verdicts that are wanted besides "accept".
        uncertified: Whether accepted samples that a standing certificate does not cover are wanted.
        classes: The defect types of the version, sorted, whatever their samples' verdicts.
        splits: How many samples are exported, by split of the export.
        left_out: How many are not, by the reason.
        by_certificate: Whether a certificate stands.
    """

    dataset: Dataset
    stage: str
    also: Collection[str] = ()
    uncertified: bool = False
    classes: list[str] = field(default_factory=list, init=False)
    splits: Counter[str] = field(default_factory=Counter, init=False)
    left_out: Counter[str] = field(default_factory=Counter, init=False)
    by_certificate: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Run through the version's rows once; no picture is read."""
        self.by_certificate = _has_certificate(self.dataset)
        classes = set()
        for sample in self.dataset:
            if not sample.is_normal:
                classes.add(str(sample.row["defect_type"]))
            if reason := self._why_not(sample):
                self.left_out[reason] += 1
            else:
                self.splits[split_of(sample)] += 1
        self.classes = sorted(classes)

    def __len__(self) -> int:
        """Return how many samples are exported."""
        return self.splits.total()

    def __iter__(self) -> Iterator[Sample]:
        """Yield the samples in the order of the version, and report how far they are."""
        expect(self.stage, len(self))
        for sample in self.rows():
            yield sample
            advance(self.stage)

    def rows(self) -> Iterator[Sample]:
        """Yield the samples for what their rows say; nothing is reported."""
        return (sample for sample in self.dataset if not self._why_not(sample))

    @property
    def sentences(self) -> list[str]:
        """What was left out, one sentence per reason."""
        return [
            f"{count} {_LEFT_OUT[reason].why} ({_LEFT_OUT[reason].option} exports them too)"
            for reason, count in sorted(self.left_out.items())
        ]

    @property
    def sentences_for_code(self) -> list[str]:
        """The same for those who call a function."""
        return [
            f"{count} {_LEFT_OUT[reason].why} ({_LEFT_OUT[reason].argument} takes them too)"
            for reason, count in sorted(self.left_out.items())
        ]

    def _why_not(self, sample: Sample) -> str:
        verdict = str(sample.row["verdict"])
        if verdict in self.also:
            return ""
        if verdict != Verdict.ACCEPT:
            return verdict
        needs = self.by_certificate and not self.uncertified and not sample.is_normal
        return _UNCERTIFIED if needs and not sample.row["certified"] else ""


def split_of(sample: Sample) -> str:
    """Return the split a sample is exported in: "train", "test", "review" or "reject"."""
    split = str(sample.row["split"])
    return "train" if split == TRAIN_DEFECTS else split


def _has_certificate(dataset: Dataset) -> bool:
    """Tell whether more is certified of a version than what people decided one by one."""
    reviewed = dataset.rows("provenance", ("sample_id", "reviewed_by"))
    by_people = {row["sample_id"] for row in reviewed if row["reviewed_by"]}
    return any(
        sample.row["certified"] and not sample.is_normal and sample.sample_id not in by_people
        for sample in dataset
    )
