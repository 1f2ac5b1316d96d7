"""The order in which samples come before a person, so that their minutes buy most.

First what proves a bound: the random draws. Then the riskiest tenth of what is accepted, which
holds most of the wrong ones. Then what is held back although the change is clear, as sheets of one
defect type on which only wrong ones are struck out. Then everything else that waits for review.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, islice
from typing import Final

from kizu.agree.proof import Stratum
from kizu.agree.verdict import Verdict
from kizu.review import Draw, Drawn, draws_in_force

RISKIEST: Final = 0.1
"""Fraction of the accepted that is judged by score: it held 60 to 84 % of the wrong ones."""
SHEET_SIZE: Final = 48
"""Samples on a contact sheet: what fits a screen at a size at which a defect can be told."""


class Section(StrEnum):
    """Parts of the queue, in their order."""

    RANDOM = "random"
    RISK = "risk"
    HELD_BACK = "held_back"
    REST = "rest"


_DRAWN_ORDER: Final = (
    Stratum.ACCEPTED,
    Stratum.DIFF_ONLY,
    Stratum.REPAIRED,
    Stratum.TESTIMONY,
)
"""What is proven of the accepted is worth most, and what trusts a prompt is next."""
_REST_ORDER: Final = (Stratum.REPAIRED, Stratum.NONE, Stratum.ACCEPTED, Stratum.TESTIMONY)
"""Of what else waits: masks that leave a side effect out are right more often than others."""

DRAWN_AS: Final = {
    Section.RANDOM: Drawn.RANDOM,
    Section.RISK: Drawn.RISK,
    Section.HELD_BACK: Drawn.HELD_BACK,
    Section.REST: Drawn.HELD_BACK,
}
"""Why a sample of a section came before a person."""


@dataclass(frozen=True)
class Candidate:
    """A judged sample as the queue sees it.

    Attributes:
        number: Its place in the build, from 0.
        sample_id: Its name.
        decisions: Folder of the decisions on it.
        defect_type: Its class.
        stratum: Which samples it is proven with.
        verdict: The rule's verdict, whatever people decided.
        score: How surely its label is right, 0 to 1; None if unknown.
    """

    number: int
    sample_id: str
    decisions: str
    defect_type: str
    stratum: Stratum
    verdict: Verdict
    score: float | None


@dataclass(frozen=True)
class Entry:
    """A sample's place in the queue.

    Attributes:
        number: The sample's place in the build.
        section: The part of the queue it is in.
        sheet: The defect type of the contact sheets it may be on; empty if it is judged alone.
    """

    number: int
    section: Section
    sheet: str = ""


def review_order(candidates: Sequence[Candidate], draws: Sequence[Draw]) -> list[Entry]:
    """Return the whole queue, decided samples among it.

    Args:
        candidates: The judged samples in the build's order.
        draws: The dataset's random draws, the first one first.
    """
    entries: dict[int, Entry] = {}
    for entry in _all_entries(candidates, draws):
        entries.setdefault(entry.number, entry)
    return list(entries.values())


def _all_entries(candidates: Sequence[Candidate], draws: Sequence[Draw]) -> Iterator[Entry]:
    """Yield the sections one after the other; a sample belongs to the first that has it."""
    drawn = {each.number for each in _drawn(candidates, draws)}
    for each in _drawn(candidates, draws):
        yield Entry(each.number, Section.RANDOM)
    accepted = [each for each in candidates if each.verdict is Verdict.ACCEPT]
    rest = sorted((each for each in accepted if each.number not in drawn), key=_surest_last)
    for each in rest[: math.ceil(RISKIEST * len(accepted))]:
        yield Entry(each.number, Section.RISK)
    waiting = [each for each in candidates if each.verdict is Verdict.REVIEW]
    clear = [each for each in waiting if each.stratum is Stratum.DIFF_ONLY]
    for each in sorted(clear, key=lambda one: (one.defect_type, _surest_first(one))):
        yield Entry(each.number, Section.HELD_BACK, each.defect_type)
    others = [each for each in waiting if each.stratum is not Stratum.DIFF_ONLY]
    for each in sorted(
        others, key=lambda one: (_REST_ORDER.index(one.stratum), _surest_first(one))
    ):
        yield Entry(each.number, Section.REST)


def _surest_last(one: Candidate) -> float:
    return -1.0 if one.score is None else one.score


def _surest_first(one: Candidate) -> float:
    return -_surest_last(one)


def _drawn(candidates: Sequence[Candidate], draws: Sequence[Draw]) -> Iterator[Candidate]:
    """Yield the drawn samples in their draws' order, for that is how far a proof reaches."""
    by_folder = {each.decisions: each for each in reversed(candidates)}
    for stratum in _DRAWN_ORDER:
        own = draws_in_force(draws, stratum)
        members = (member for draw in own for member in draw.members)
        yield from (by_folder[member] for member in members if member in by_folder)


@dataclass(frozen=True)
class Task:
    """What is put before a person at a time: one sample, or a contact sheet.

    Attributes:
        numbers: The samples' places in the build.
        section: The part of the queue they are in.
        sheet: The defect type of a contact sheet; empty for one sample.
    """

    numbers: tuple[int, ...]
    section: Section
    sheet: str = ""


def next_tasks(order: Sequence[Entry], is_open: Callable[[int], bool], most: int) -> list[Task]:
    """Return what comes next.

    Args:
        order: The queue.
        is_open: Tells whether a sample, by its place in the build, is still to be judged.
        most: How many tasks are wanted.
    """
    still = (entry for entry in order if is_open(entry.number))
    return list(islice(_tasks(still), most))


def _tasks(entries: Iterator[Entry]) -> Iterator[Task]:
    for (section, sheet), group in groupby(entries, key=lambda one: (one.section, one.sheet)):
        size = SHEET_SIZE if sheet else 1
        while numbers := tuple(entry.number for entry in islice(group, size)):
            yield Task(numbers, section, sheet)
