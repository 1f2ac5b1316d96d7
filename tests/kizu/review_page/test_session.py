"""A review under way: draws made, tasks given out, decisions stored and never lost."""

import numpy as np
import pytest
from damage import damage
from reviewed import built

from kizu.agree.proof import Stratum
from kizu.agree.verdict import Verdict
from kizu.imaging.run_lengths import run_lengths
from kizu.publish.dataset import DatasetError
from kizu.publish.frames import PublishedFrame
from kizu.publish.samples import made_label, made_picture, published_picture
from kizu.review import Drawn, find_decision, open_draws, record_decision
from kizu.review_page.session import ReviewSession, UnknownSampleError, Wanted

ONE, TWO = "page-one", "page-two"


def numbers(tasks):
    return [number for task in tasks for number in task.numbers]


def wanted(session, number, verdict, **fields):
    version = session.sample(number).version
    return Wanted(number=number, version=version, verdict=verdict, **fields)


def accept(session, number, **fields):
    return wanted(session, number, Verdict.ACCEPT, **fields)


def test_draws_are_stored_before_anything_is_shown(modest):
    session = ReviewSession(modest, "plates")
    [draw] = open_draws(modest, "plates")
    accepted = [each for each in session.build.candidates if each.stratum is Stratum.ACCEPTED]
    photos = {each.outcome.decisions: each.outcome.photo for each in session.build.samples}
    *before, last = draw.members
    assert (draw.stratum, draw.population) == ("accepted", len(accepted))
    assert len({photos[member] for member in before}) == 1  # the second photograph ends the draw
    assert photos[last] not in {photos[member] for member in before}
    shown = [session.build.samples[n].outcome.decisions for n in numbers(session.tasks(ONE, 9))]
    assert shown[: len(draw.members)] == list(draw.members)


def test_a_page_that_is_opened_again_draws_nothing_more(modest):
    ReviewSession(modest, "plates")
    ReviewSession(modest, "plates")
    assert len(open_draws(modest, "plates")) == 1


def test_a_dataset_that_was_never_built_is_named(store):
    with pytest.raises(DatasetError, match="no build of 'cups' came as far as a verdict"):
        ReviewSession(store, "cups")


def test_two_pages_get_different_samples(session):
    one, two = (numbers(session.tasks(page, 4)) for page in (ONE, TWO))
    assert not set(one) & set(two)
    assert numbers(session.tasks(ONE, 4)) == one


def test_what_is_shown_is_not_offered_again_and_stays_with_its_page(session):
    first, *_ = numbers(session.tasks(ONE, 4))
    assert first not in numbers(session.tasks(ONE, 4, shown=[first]))
    assert first not in numbers(session.tasks(TWO, 4))


def test_skipped_samples_come_again_when_nothing_else_is_left(session):
    every = numbers(session.tasks(ONE, 99))
    assert numbers(session.tasks(ONE, 99, skipped=every[:2])) == [*every[2:], *every[:2]]


def test_a_decision_is_in_the_store_and_its_sample_comes_no_more(session, store):
    number = numbers(session.tasks(ONE, 1))[0]
    stored = session.decide(accept(session, number, note="fine"), "Aiko")
    found = find_decision(session.sample(number).outputs(store))
    assert stored.stored
    assert (found.verdict, found.reviewed_by, found.note) == ("accept", "Aiko", "fine")
    assert number not in numbers(session.tasks(ONE, 99))
    again = ReviewSession(store, "plates")
    assert number not in numbers(again.tasks(ONE, 99))
    assert again.progress() == session.progress()


def test_why_a_sample_came_is_the_servers_word(modest):
    session = ReviewSession(modest, "plates")
    drawn = {}
    for task in session.tasks(ONE, 99):
        for number in task.numbers:
            decision = session.decide(wanted(session, number, Verdict.REJECT), "Aiko").decision
            drawn.setdefault(task.section, set()).add(decision.drawn)
    assert drawn == {"random": {Drawn.RANDOM}, "risk": {Drawn.RISK}, "rest": {Drawn.HELD_BACK}}
    others = {each.number for each in session.build.candidates} - set(session._sections)
    decision = session.decide(accept(session, min(others)), "Aiko").decision
    assert decision.drawn is Drawn.CHOSEN


def test_a_sample_that_was_decided_meanwhile_is_not_decided_again_unseen(session, store):
    number = numbers(session.tasks(ONE, 1))[0]
    outputs = session.sample(number).outputs(store)
    other = record_decision(outputs, Verdict.REJECT, "Ben")
    refused = session.decide(accept(session, number), "Aiko")
    assert (refused.stored, refused.problem) == (False, "decided_meanwhile")
    assert refused.decision == other
    assert session.decide(accept(session, number, seen=other.key), "Aiko").stored
    assert find_decision(session.sample(number).outputs(store)).reviewed_by == "Aiko"


def test_a_sample_whose_decision_is_damaged_comes_again_and_is_judged_anew(session, store):
    number = numbers(session.tasks(ONE, 1))[0]
    session.decide(accept(session, number), "Aiko")
    [path] = store.list("decisions")
    damage(store, path, "one flipped byte")
    again = ReviewSession(store, "plates")
    assert number in numbers(again.tasks(ONE, 99))
    assert again.decide(wanted(again, number, Verdict.REJECT), "Ben").stored
    assert find_decision(again.sample(number).outputs(store)).reviewed_by == "Ben"


def test_a_drawn_mask_is_published_pixel_by_pixel_and_measured_against_the_shown_one(
    session, store
):
    number = numbers(session.tasks(ONE, 1))[0]
    outputs = session.sample(number).outputs(store)
    shown = made_label(outputs)
    drawn = np.zeros_like(shown)
    drawn[3, 5:40] = drawn[50:60, 7] = True
    decision = session.decide(accept(session, number, mask=run_lengths(drawn)), "Aiko").decision
    assert np.array_equal(decision.label(), drawn)
    assert decision.drawn_iou == round((drawn & shown).sum() / (drawn | shown).sum(), 4)
    after = session.sample(number).outputs(store)
    assert np.array_equal(published_picture(after, PublishedFrame(after)).label, drawn)


def test_a_rejected_sample_keeps_no_mask(session):
    number = numbers(session.tasks(ONE, 1))[0]
    asked = wanted(session, number, Verdict.REJECT, mask=[0, 96 * 96])
    assert session.decide(asked, "Aiko").decision.mask is None


@pytest.mark.parametrize(
    ("mask", "problem"), [([96 * 96], "nothing_marked"), ([5], "the mask has runs of 5 pixels")]
)
def test_a_mask_that_marks_nothing_or_is_none_is_refused(session, store, mask, problem):
    number = numbers(session.tasks(ONE, 1))[0]
    refused = session.decide(accept(session, number, mask=mask), "Aiko")
    assert not refused.stored
    assert refused.problem.startswith(problem)
    assert find_decision(session.sample(number).outputs(store)) is None


def test_samples_are_known_by_number_and_name(session):
    known = session.build.candidates[0]
    assert session.number_of(known.sample_id) == known.number
    for find in (session.sample, session.describe):
        with pytest.raises(UnknownSampleError, match="no judged sample of number 999"):
            find(999)
    with pytest.raises(UnknownSampleError, match="no judged sample 'cup'"):
        session.number_of("cup")


def test_the_label_is_that_of_the_picture_as_the_stages_made_it(session, store):
    for each in session.build.candidates:
        outputs = session.sample(each.number).outputs(store)
        frame = PublishedFrame(outputs)
        made = made_picture(outputs, frame)
        assert np.array_equal(made_label(outputs), made.label)


def test_decisions_are_taken_in_by_the_next_build(session, store):
    spec = session.spec
    first, second = numbers(session.tasks(ONE, 2))
    session.decide(accept(session, first), "Aiko")
    session.decide(wanted(session, second, Verdict.REJECT), "Aiko")
    rebuilt = built(store, spec)
    assert rebuilt.version != session.build.version
    assert ReviewSession(store, "plates").progress()["random"]["decided"] == 2
    assert rebuilt.open_outcomes(store)[second].verdict is Verdict.REJECT


def test_a_decision_on_a_sample_of_another_build_is_not_stored(session):
    number = numbers(session.tasks(ONE, 1))[0]
    stale = Wanted(number=number, version="0" * 16, verdict=Verdict.ACCEPT)
    answer = session.decide(stale, "Aiko")
    assert (answer.stored, answer.problem) == (False, "built_anew")
    assert session.progress()["random"]["decided"] == 0
