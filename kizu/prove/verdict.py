"""Says in a sentence whether one training set finds more real defects than another."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kizu.prove.bootstrap import FEWEST_GROUPS, MEAN, Interval, interval
from kizu.prove.comparison import Comparison
from kizu.prove.training_sets import TrainingSet


class Worth(StrEnum):
    """What a training set is worth beside another."""

    HELPS = "helps"
    NO_DIFFERENCE = "no difference shown"
    HURTS = "hurts"
    TOO_FEW = "too few parts to tell"


QUESTIONS: Final = (
    (TrainingSet.DATASET, TrainingSet.FREE),
    (TrainingSet.DATASET_FREE, TrainingSet.FREE),
    (TrainingSet.FEW_DATASET, TrainingSet.FEW_FREE),
    (TrainingSet.DATASET, TrainingSet.ALL),
)
"""Which is asked to be better than which; the first is the verdict."""


@dataclass(frozen=True)
class Contrast:
    """One training set against another.

    Attributes:
        which: The one that is judged.
        against: What it is compared with.
        kind: A kind of defect, or the mean over kinds.
        parts: How many parts show it.
        gain: Its pixel AP less the other's, both on the same draws of parts and seeds.
        value: Its pixel AP.
    """

    which: TrainingSet
    against: TrainingSet
    kind: str
    parts: int
    gain: Interval
    value: float

    @property
    def worth(self) -> Worth:
        """Whether the whole interval of the gain lies on one side of nought."""
        if self.gain.low is None:
            return Worth.TOO_FEW
        if self.gain.is_above_zero:
            return Worth.HELPS
        return Worth.HURTS if self.gain.is_below_zero else Worth.NO_DIFFERENCE

    @property
    def sentence(self) -> str:
        """The verdict with its figures.

        Example: "helps: ..."
        """
        if self.gain.low is None or self.gain.high is None:
            return (
                f"{self.worth}: {self.which} against {self.against}: {self.gain.value:+.3f} pixel "
                f"AP on {self.parts} parts; an interval takes {FEWEST_GROUPS}"
            )
        return (
            f"{self.worth}: {self.which} against {self.against}: pixel AP {self.value:.3f}, "
            f"{self.gain.value:+.3f} [{self.gain.low:+.3f}, {self.gain.high:+.3f}] "
            f"({self.parts} parts)"
        )


def parts_of(found: Comparison, kind: str) -> int:
    """Return how many parts show a kind of defect; of means and pools, any defect."""
    return found.groups.get(kind) or found.defect_groups


def contrast(
    found: Comparison, which: TrainingSet, against: TrainingSet, kind: str = MEAN
) -> Contrast:
    """Compare two training sets on the same draws."""
    own, other = (found.tables[each]["pixel_ap", kind] for each in (which, against))
    parts = parts_of(found, kind)
    return Contrast(which, against, kind, parts, interval(own - other, parts), float(own[0]))


def contrasts(found: Comparison) -> Iterator[Contrast]:
    """Answer the questions whose training sets were both compared."""
    for which, against in QUESTIONS:
        if which in found.tables and against in found.tables:
            yield contrast(found, which, against)


def usd_per_point(found: Comparison, cost_usd: float) -> float | None:
    """Return what a hundredth of mean pixel AP above the free baseline cost; None without gain."""
    if TrainingSet.FREE not in found.tables or TrainingSet.DATASET not in found.tables:
        return None
    gain = contrast(found, TrainingSet.DATASET, TrainingSet.FREE).gain.value
    return cost_usd / (100 * gain) if gain > 0 else None
