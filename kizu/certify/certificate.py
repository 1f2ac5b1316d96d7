"""The certificate of a dataset version: what is proven of its labels, by whom, and what is not."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from pydantic import Field

from kizu.certify.bounds import reviews_needed
from kizu.certify.fixed_sequence import (
    Counts,
    Judged,
    Tested,
    error_budget,
    missing_reviews,
    stated_confidence,
    try_cuts,
)
from kizu.certify.shift import Moved
from kizu.settings import Record

METHOD: Final = (
    "Learn then test (arXiv 2110.01052): a fixed sequence of cuts on a score that was fixed before "
    "any review, each tested with the exact binomial tail on decisions that were drawn at random "
    "from what is accepted, counted by labels and by photographs."
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
        n: Decisions.
        wrong: Those that found a wrong label.
        bound: What the share of wrong labels is below at this cut alone.
    """

    fraction: float
    n: int
    wrong: int
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
        cut: The lowest score that is covered; None while nothing is proven.
        covered: How many samples are covered.
        accepted: Of how many.
        others: Accepted samples besides, of prompts, models, annotators, settings or versions that
            nobody reviewed.
        photographs_in_all: Of how many photographs those are.
        decisions: Random decisions behind it.
        wrong: Those that found a wrong label.
        photographs: Photographs among them.
        pending: Drawn samples that nobody has decided on.
        looks: How often decisions were tested that might have sufficed.
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
    cut: float | None = None
    covered: int = 0
    accepted: int
    others: int = 0
    photographs_in_all: int
    decisions: int
    wrong: int
    photographs: int
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
                f"samples ({self.decisions} random decisions, {self.wrong} wrong).{self._besides}"
            )
        if self.alarms:
            return f"Not certified: {self.alarms[0]}"
        if not self.accepted:
            return "Nothing to certify: no sample is accepted."
        more = self.missing_reviews
        if more > self.photographs_in_all - self.photographs:
            one = self.photographs_in_all == 1
            there_are = "1 photograph" if one else f"{self.photographs_in_all} photographs"
            return (
                f"Not certified: {more} more reviews without an error would be needed to prove "
                f"that {asked}, each of another photograph, and the accepted samples are of "
                f"{there_are}; review all of them, or add photographs."
            )
        reviews = "1 more review" if more == 1 else f"{more} more reviews"
        return f"Not certified: {reviews} without an error prove that {asked}, with {sure}."

    @property
    def _besides(self) -> str:
        if not self.others:
            return ""
        what = "sample is" if self.others == 1 else "samples are"
        return (
            f" {self.others} other accepted {what} of another prompt, model, annotator, setting or "
            "version, and not covered."
        )


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
    sizes: Sequence[int] = (),
    others: int = 0,
    max_wrong: float,
    confidence: float,
    alarms: Sequence[str] = (),
) -> Certificate:
    """Say what is proven of a stratum.

    Decisions are tested when a draw is judged to its end, and at no other time: whoever could stop
    in its middle would stop at a lucky moment. Once there are enough for any proof, every such test
    is a look, until one passes. Later draws are there to watch: they are held to the level of the
    look that passed, decided or not, so they can only end a certificate.

    Args:
        dataset: The dataset.
        stratum: Which of its samples.
        scores: Those of all that are accepted, or would be.
        photographs: Of how many photographs those are.
        draws: The random draws of these, the first one first.
        sizes: How many samples each of them held when it was made, those included that are gone.
        others: How many accepted samples are of makers that nobody reviewed.
        max_wrong: The share of wrong labels to stay below.
        confidence: How sure that is to be.
        alarms: Why what the reviews prove does not hold for what is made now.
    """
    decided = [each for draw in draws for each in draw if each.is_wrong is not None]
    test = partial(try_cuts, scores, max_wrong=max_wrong, confidence=confidence)
    drawn = list(sizes) or [len(draw) for draw in draws]
    looks, passed = _look(draws, drawn, test, reviews_needed(max_wrong, confidence))
    tested = test([_judged(each) for each in decided], looks=max(looks, 1))
    counts = Counts.of([_judged(each) for each in decided])
    is_certified = passed is not None and not alarms
    next_level = error_budget(confidence, 1 if alarms else looks + 1)
    missing = missing_reviews([] if alarms else tested, max_wrong, next_level)
    times = sorted(each.reviewed_at for each in decided)
    return Certificate(
        dataset=dataset,
        stratum=stratum,
        is_certified=is_certified,
        max_wrong=max_wrong,
        confidence=round(stated_confidence(confidence, looks if is_certified else looks + 1), 6),
        cut=passed.cut if passed and is_certified else None,
        covered=sum(score >= passed.cut for score in scores) if passed and is_certified else 0,
        accepted=len(scores),
        others=others,
        photographs_in_all=photographs,
        decisions=counts.labels,
        wrong=counts.wrong_labels,
        photographs=counts.photos,
        pending=sum(len(draw) for draw in draws) - len(decided),
        looks=looks,
        missing_reviews=0 if is_certified else missing,
        reviewers=_counted(each.reviewed_by for each in decided),
        first_review=times[0] if times else "",
        last_review=times[-1] if times else "",
        defects=_counted(each.defect_type for each in decided),
        alarms=tuple(alarms),
        curve=tuple(
            CurvePoint(
                fraction=round(each.fraction, 4),
                n=each.counts.labels,
                wrong=each.counts.wrong_labels,
                bound=round(each.bound, 6),
            )
            for each in tested
        ),
    )


def _look(
    draws: Sequence[Sequence[Reviewed]],
    sizes: Sequence[int],
    test: Callable[..., list[Tested]],
    enough: int,
) -> tuple[int, Tested | None]:
    """Return how many looks were taken, and the loosest cut that passed; None if none does.

    Draws that together could prove nothing yet, whatever they say, are no look.
    """
    looks = 0
    for until in range(1, len(draws) + 1):
        drawn = [each for draw in draws[:until] for each in draw]
        if any(each.is_wrong is None for each in drawn):
            break
        if sum(sizes[:until]) < enough:
            continue
        looks += 1
        passed = _loosest(test([_judged(each) for each in drawn], looks=looks))
        if passed is not None:
            known = [each for draw in draws for each in draw if each.is_wrong is not None]
            now = _loosest(test([_judged(each) for each in known], looks=looks))
            return looks, min(passed, now, key=lambda each: -each.cut) if now else None
    return looks, None


def _loosest(tested: Sequence[Tested]) -> Tested | None:
    return next((each for each in reversed(tested) if each.passes), None)


def _judged(reviewed: Reviewed) -> Judged:
    return Judged(reviewed.score, bool(reviewed.is_wrong), reviewed.photo)


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
