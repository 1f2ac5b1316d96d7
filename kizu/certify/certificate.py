"""The certificate of a dataset version: what is proven of its labels, by whom, and what is not."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import Field

from kizu.certify.bounds import reviews_needed
from kizu.certify.fixed_sequence import (
    Judged,
    Tested,
    error_budget,
    stated_confidence,
    try_cuts,
)
from kizu.certify.shift import Moved
from kizu.settings import Record

METHOD: Final = (
    "Learn then test (arXiv 2110.01052): a fixed sequence of cuts on a score that was fixed before "
    "any review, each tested with the exact binomial tail on decisions that were drawn at random "
    "from what is accepted; a photograph counts once."
)

NOT_COVERED: Final = (
    "labels below the cut, and samples that are not accepted",
    "other prompts, models, annotators and versions of kizu than those reviewed",
    "photographs of another kind than those reviewed",
    "how exact an outline is beyond the half of the mask that a reviewer would call wrong",
    "mistakes of the reviewers",
)
"""What a reader must not take from a certificate."""


class CurvePoint(Record):
    """What the decisions say of the surest part of the accepted samples.

    Attributes:
        fraction: How much of the accepted samples.
        n: Photographs reviewed.
        errors: Those of them with a wrong label.
        bound: What the share of wrong labels is below, with the certificate's confidence.
    """

    fraction: float
    n: int
    errors: int
    bound: float


class Certificate(Record):
    """What is proven of the labels of a stratum.

    Attributes:
        dataset: The dataset.
        stratum: Which of its samples.
        is_certified: Whether the bound that was asked for is proven, for at least some of them.
        max_wrong: The share of wrong labels that was asked to stay below.
        confidence: How sure the proof is.
        method: How it was proven.
        bound: What the share of wrong labels is below among the covered; None while nothing is
            proven.
        cut: The lowest score that is covered; None likewise.
        covered: How many samples are covered.
        accepted: Of how many.
        photographs_in_all: Of how many photographs those are.
        decisions: Random decisions behind it.
        photographs: Photographs among them.
        errors: Photographs with a wrong label.
        pending: Drawn samples that nobody has decided on, which count as wrong.
        looks: How often decisions were tested.
        missing_reviews: How many more decisions without an error would prove it.
        reviewers: Decisions by person.
        first_review: When the first of them was made, ISO 8601; empty without any.
        last_review: When the last one was.
        defects: Decisions by defect.
        alarms: Why what is proven does not hold for what is made now, a sentence each.
        not_covered: What it says nothing of.
        curve: What the decisions say of the surest parts, strict first.
    """

    dataset: str
    stratum: str
    is_certified: bool
    max_wrong: float
    confidence: float
    method: str = METHOD
    bound: float | None = None
    cut: float | None = None
    covered: int = 0
    accepted: int
    photographs_in_all: int
    decisions: int
    photographs: int
    errors: int
    pending: int
    looks: int
    missing_reviews: int
    reviewers: dict[str, int] = Field(default_factory=dict)
    first_review: str = ""
    last_review: str = ""
    defects: dict[str, int] = Field(default_factory=dict)
    alarms: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = NOT_COVERED
    curve: tuple[CurvePoint, ...] = ()

    @property
    def sentence(self) -> str:
        """What it comes to, for a person."""
        asked = f"at most {self.max_wrong:.1%} of the labels are wrong".replace(".0%", "%")
        sure = f"{self.confidence:.0%} confidence"
        if self.is_certified:
            return (
                f"Certified: {asked}, with {sure}, of {self.covered} of {self.accepted} accepted "
                f"samples ({self.decisions} random decisions, {self.errors} wrong)."
            )
        if self.alarms:
            return f"Not certified any more: {self.alarms[0]}"
        if not self.accepted:
            return "Nothing to certify: no sample is accepted."
        more = self.missing_reviews
        if more > self.photographs_in_all - self.photographs:
            return (
                f"Not certified: {more} more reviews without an error would be needed to prove "
                f"that {asked}, each of another photograph, and the accepted samples are of "
                f"{self.photographs_in_all} photographs; review all of them, or add photographs."
            )
        reviews = "1 more review" if more == 1 else f"{more} more reviews"
        return f"Not certified: {reviews} without an error prove that {asked}, with {sure}."


class Reviewed(Record):
    """A random draw with the decision on it.

    Attributes:
        score: How sure the sample is.
        photo: Its photograph.
        defect_type: Its class.
        is_wrong: Whether the label is wrong; None as long as nobody decided.
        reviewed_by: Who decided; empty likewise.
        reviewed_at: When; empty likewise.
    """

    score: float
    photo: str
    defect_type: str
    is_wrong: bool | None
    reviewed_by: str = ""
    reviewed_at: str = ""


def certify(
    dataset: str,
    stratum: str,
    scores: Sequence[float],
    draws: Sequence[Sequence[Reviewed]],
    *,
    photographs: int,
    max_wrong: float,
    confidence: float,
    alarms: Sequence[str] = (),
) -> Certificate:
    """Say what is proven of a stratum.

    Every draw that somebody began to review is a look, until one passes. Later draws are there to
    watch: they are held to the level of the look that passed, so they can only end a certificate.

    Args:
        dataset: The dataset.
        stratum: Which of its samples.
        scores: Those of all that are accepted, or would be.
        photographs: Of how many photographs those are.
        draws: The random draws of these, the first one first, each in the order it was drawn in.
        max_wrong: The share of wrong labels to stay below.
        confidence: How sure that is to be.
        alarms: Why what the reviews prove does not hold for what is made now.
    """
    begun = [begun_part for draw in draws if (begun_part := reached(draw))]
    looks, tested = _look(scores, begun, max_wrong, confidence)
    passed = [each for each in tested if each.passes]
    level = error_budget(confidence, looks)
    reviewed = [each for draw in begun for each in draw]
    decided = [each for each in reviewed if each.is_wrong is not None]
    looked_at = len({each.photo for each in reviewed})
    errors = len({each.photo for each in reviewed if each.is_wrong is not False})
    times = sorted(each.reviewed_at for each in decided)
    needed = reviews_needed(max_wrong, 1 - level, errors) - looked_at
    is_certified = bool(passed) and not alarms
    return Certificate(
        dataset=dataset,
        stratum=stratum,
        is_certified=is_certified,
        max_wrong=max_wrong,
        confidence=round(stated_confidence(confidence, looks), 6),
        bound=round(passed[-1].bound, 6) if is_certified else None,
        cut=passed[-1].cut if is_certified else None,
        covered=sum(score >= passed[-1].cut for score in scores) if is_certified else 0,
        accepted=len(scores),
        decisions=len(decided),
        photographs_in_all=photographs,
        photographs=looked_at,
        errors=errors,
        pending=sum(len(draw) for draw in draws) - len(decided),
        looks=looks,
        missing_reviews=0 if is_certified else max(needed, 1),
        reviewers=_counted(each.reviewed_by for each in decided),
        first_review=times[0] if times else "",
        last_review=times[-1] if times else "",
        defects=_counted(each.defect_type for each in decided),
        alarms=tuple(alarms),
        curve=tuple(
            CurvePoint(
                fraction=round(each.fraction, 4),
                n=each.n,
                errors=each.errors,
                bound=round(each.bound, 6),
            )
            for each in tested
        ),
    )


def _look(
    scores: Sequence[float],
    draws: Sequence[Sequence[Reviewed]],
    max_wrong: float,
    confidence: float,
) -> tuple[int, list[Tested]]:
    """Return how many looks were taken, and what all decisions say at the level of the last one."""
    tested: list[Tested] = []
    for looks in range(1, len(draws) + 1):
        for until in (looks, len(draws)):
            tested = try_cuts(
                scores,
                [_judged(each) for draw in draws[:until] for each in draw],
                max_wrong=max_wrong,
                confidence=confidence,
                looks=looks,
            )
            if not any(each.passes for each in tested):
                break
        else:
            return looks, tested
        if until == len(draws) and looks < len(draws):
            return looks, tested  # it passed once, and what came since speaks against it
    return max(len(draws), 1), tested


def reached(draw: Sequence[Reviewed]) -> list[Reviewed]:
    """Return the draws up to the last decided one: those passed over among them count as wrong."""
    decided = [place for place, each in enumerate(draw) if each.is_wrong is not None]
    return list(draw[: decided[-1] + 1]) if decided else []


def _judged(reviewed: Reviewed) -> Judged:
    return Judged(reviewed.score, reviewed.is_wrong is not False, reviewed.photo)


def shift_alarms(moved: Sequence[Moved]) -> list[str]:
    """Say why reviews do not speak for what is made now; nothing if they do.

    Args:
        moved: Figures that are distributed otherwise in new samples.
    """
    return [
        f"new samples are unlike those reviewed ({each.figure}: median {each.then} then, "
        f"{each.now} now); review a new random draw."
        for each in moved[:1]
    ]


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
