import pytest

from kizu.certify.certificate import Certificate, Reviewed, certify

SCORES = [n / 300 for n in range(300)]


def reviewed(n, *, first=0, wrong=(), open_=()):
    """Return n draws of one photograph each; those numbered are wrong, or not decided on."""
    return [
        Reviewed(
            score=(number % 300) / 300,
            photo=f"photo {first + number}",
            defect_type="hole",
            is_wrong=None if number in open_ else number in wrong,
            reviewed_by="" if number in open_ else "Aiko",
            reviewed_at="" if number in open_ else f"2026-01-01T00:{number % 60:02d}:00",
        )
        for number in range(n)
    ]


def certified(*draws, scores=SCORES, **changes):
    asked = {"max_wrong": 0.02, "confidence": 0.9, **changes}
    asked = {"photographs": len(scores), **asked}
    return certify("mugs", "accepted", scores, draws, **asked)


def test_before_any_review_it_says_how_many_buy_the_bound():
    nothing = certified()
    assert not nothing.is_certified
    assert nothing.missing_reviews == 114
    assert "114 more reviews without an error" in nothing.sentence
    assert certified(confidence=0.95).missing_reviews == 149


def test_every_review_without_an_error_is_one_less():
    assert certified(reviewed(114, open_=range(40, 114))).missing_reviews == 74


def test_enough_clean_reviews_certify_all_that_is_accepted():
    found = certified(reviewed(114))
    assert found.is_certified
    assert (found.covered, found.accepted, found.decisions) == (300, 300, 114)
    assert found.curve[-1].bound <= 0.02
    assert found.confidence == 0.9
    assert found.reviewers == {"Aiko": 114}
    assert found.sentence.startswith("Certified: at most 2% of the labels are wrong")
    assert Certificate.model_validate_json(found.model_dump_json()) == found


def test_a_draw_is_tested_when_it_is_judged_to_its_end_and_not_before():
    early = certified(reviewed(400, open_=range(150, 400)))
    assert not early.is_certified
    assert (early.looks, early.pending) == (0, 250)
    assert certified(reviewed(400)).is_certified


def test_an_error_costs_more_reviews_and_those_suffice():
    first = reviewed(114, wrong={3})
    found = certified(first)
    assert (found.looks, found.is_certified, found.wrong) == (1, False, 1)
    again = certified(first, reviewed(found.missing_reviews, first=500))
    assert (again.looks, again.is_certified) == (2, True)
    assert again.confidence == pytest.approx(0.85)


def test_a_draw_that_could_prove_nothing_is_no_look():
    half = certified(reviewed(50))
    assert (half.looks, half.missing_reviews) == (0, 64)
    whole = certified(reviewed(50), reviewed(64, first=500))
    assert (whole.looks, whole.is_certified, whole.confidence) == (1, True, 0.9)


def test_a_draw_that_nobody_began_ends_nothing():
    waiting = certified(reviewed(114), reviewed(20, first=500, open_=range(20)))
    assert (waiting.is_certified, waiting.looks, waiting.pending) == (True, 1, 20)


def test_later_draws_can_end_a_certificate_and_cost_none_of_its_confidence():
    clean = certified(reviewed(114), reviewed(6, first=500))
    assert (clean.is_certified, clean.looks, clean.decisions) == (True, 1, 120)
    spoilt = certified(reviewed(114), reviewed(6, first=500, wrong={2}))
    assert (spoilt.is_certified, spoilt.looks) == (False, 1)
    unfinished = certified(reviewed(114), reviewed(20, first=500, wrong={2}, open_=range(3, 20)))
    assert not unfinished.is_certified


def test_an_alarm_takes_the_certificate_away():
    found = certified(reviewed(114), alarms=["new samples are unlike those reviewed."])
    assert not found.is_certified
    assert found.covered == 0
    assert found.missing_reviews == 114
    assert found.sentence == "Not certified: new samples are unlike those reviewed."


def test_where_too_few_samples_are_left_it_says_so():
    few = certified(photographs=60)
    assert "the accepted samples are of 60 photographs" in few.sentence
    assert "60 photographs" in certified(reviewed(40), photographs=60).sentence
    assert "74 more reviews without an error prove" in certified(reviewed(40)).sentence
    assert certified(scores=[]).sentence.startswith("Nothing to certify")
