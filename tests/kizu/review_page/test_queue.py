"""The queue: what comes first, that everything comes once, and that sheets are of one type."""

import math

from hypothesis import given
from hypothesis import strategies as st

from kizu.agree.proof import Stratum
from kizu.agree.verdict import Verdict
from kizu.review import Draw
from kizu.review_page.queue import (
    RISKIEST,
    SHEET_SIZE,
    Candidate,
    Section,
    next_tasks,
    review_order,
)

KINDS = [
    (Stratum.ACCEPTED, Verdict.ACCEPT),
    (Stratum.DIFF_ONLY, Verdict.REVIEW),
    (Stratum.REPAIRED, Verdict.REVIEW),
    (Stratum.TESTIMONY, Verdict.REVIEW),
    (Stratum.NONE, Verdict.REVIEW),
    (Stratum.NONE, Verdict.REJECT),
]


def candidate(number, stratum=Stratum.ACCEPTED, verdict=Verdict.ACCEPT, score=0.5, kind="hole"):
    return Candidate(number, f"s{number}", f"decisions/{number}", kind, stratum, verdict, score)


def draw(*numbers, stratum=Stratum.ACCEPTED, number=1):
    return Draw(
        dataset="plates",
        stratum=stratum,
        number=number,
        drawn_at="",
        population=len(numbers),
        members=tuple(f"decisions/{each}" for each in numbers),
    )


@st.composite
def candidates(draw_one):
    """Judged samples of all kinds, and a draw of some of those that are accepted."""
    kinds = draw_one(st.lists(st.sampled_from(KINDS), max_size=80))
    score = st.none() | st.floats(0, 1)
    types = st.sampled_from(["hole", "crack"])
    judged = [
        candidate(i, *kind, score=draw_one(score), kind=draw_one(types))
        for i, kind in enumerate(kinds)
    ]
    accepted = [each.number for each in judged if each.stratum is Stratum.ACCEPTED]
    return judged, draw_one(st.permutations(accepted))[: draw_one(st.integers(0, 40))]


def sections(order):
    return [entry.section for entry in order]


@given(candidates())
def test_everything_that_waits_comes_once_and_sections_come_in_their_order(made):
    judged, drawn = made
    order = review_order(judged, [draw(*drawn)])
    numbers = [entry.number for entry in order]
    assert len(numbers) == len(set(numbers))
    waiting = {each.number for each in judged if each.verdict is Verdict.REVIEW}
    assert waiting | set(drawn) <= set(numbers)
    ranks = [list(Section).index(section) for section in sections(order)]
    assert ranks == sorted(ranks)


@given(candidates())
def test_random_draws_come_first_as_they_were_drawn(made):
    judged, drawn = made
    order = review_order(judged, [draw(*drawn)])
    assert [entry.number for entry in order if entry.section is Section.RANDOM] == list(drawn)


@given(candidates())
def test_the_riskiest_tenth_is_what_scores_lowest_of_what_was_not_drawn(made):
    judged, drawn = made
    accepted = [each for each in judged if each.verdict is Verdict.ACCEPT]
    order = review_order(judged, [draw(*drawn)])
    risky = [entry.number for entry in order if entry.section is Section.RISK]
    left = {each.number: each for each in accepted if each.number not in drawn}
    assert len(risky) == min(math.ceil(RISKIEST * len(accepted)), len(left))
    score = {number: -1 if one.score is None else one.score for number, one in left.items()}
    passed = [score[number] for number in left if number not in risky]
    assert max([score[number] for number in risky], default=-1) <= min(passed, default=1)


@given(candidates(), st.sets(st.integers(0, 79)))
def test_tasks_are_single_samples_or_sheets_of_one_type_and_leave_nothing_out(made, closed):
    judged, drawn = made
    order = review_order(judged, [draw(*drawn)])
    tasks = next_tasks(order, lambda number: number not in closed, most=1000)
    told = [number for task in tasks for number in task.numbers]
    assert told == [entry.number for entry in order if entry.number not in closed]
    types = {each.number: each.defect_type for each in judged}
    for task in tasks:
        assert len(task.numbers) <= (SHEET_SIZE if task.sheet else 1)
        assert bool(task.sheet) is (task.section is Section.HELD_BACK)
        assert not task.sheet or {types[number] for number in task.numbers} == {task.sheet}


def test_a_sheet_holds_48_and_the_rest_follows_on_another():
    judged = [candidate(i, Stratum.DIFF_ONLY, Verdict.REVIEW) for i in range(60)]
    tasks = next_tasks(review_order(judged, []), lambda _: True, most=9)
    assert [len(task.numbers) for task in tasks] == [48, 12]


def test_labels_of_annotators_alone_come_last_and_repaired_ones_before_unclear_ones():
    strata = (Stratum.TESTIMONY, Stratum.NONE, Stratum.REPAIRED)
    judged = [candidate(i, stratum, Verdict.REVIEW) for i, stratum in enumerate(strata)]
    assert [entry.number for entry in review_order(judged, [])] == [2, 1, 0]


def test_draws_of_the_accepted_come_before_others_and_draws_of_what_is_gone_are_none():
    judged = [candidate(0, Stratum.DIFF_ONLY, Verdict.REVIEW), candidate(1), candidate(2)]
    draws = [draw(0, stratum=Stratum.DIFF_ONLY), draw(7, 2, number=2), draw(1, number=3)]
    order = review_order(judged, draws)
    assert [entry.number for entry in order] == [2, 1, 0]
    assert set(sections(order)) == {Section.RANDOM}


def test_draws_before_a_restart_prove_nothing_and_are_no_random_ones():
    judged = [candidate(i, score=i / 10) for i in range(5)]
    anew = draw(3, number=2).model_copy(update={"restarts": True})
    order = review_order(judged, [draw(4), anew])
    assert [(e.number, e.section) for e in order] == [(3, Section.RANDOM), (0, Section.RISK)]
