import numpy as np
import pytest

from kizu.certify.fixed_sequence import (
    CUT_FRACTIONS,
    Judged,
    cuts_of,
    error_budget,
    missing_reviews,
    stated_confidence,
    try_cuts,
)

SCORES = [n / 1000 for n in range(1000)]


def judged(n, wrong=(), *, scores=None, photos=None):
    """Return n draws with scores spread over the population; those numbered are wrong."""
    spread = np.linspace(0.0005, 0.9995, n) if scores is None else scores
    names = range(n) if photos is None else photos
    return [
        Judged(float(score), number in wrong, str(photo))
        for number, (score, photo) in enumerate(zip(spread, names, strict=True))
    ]


def passing(draws, **changes):
    asked = {"max_wrong": 0.02, "confidence": 0.9, **changes}
    return [each for each in try_cuts(SCORES, draws, **asked) if each.passes]


def test_the_cuts_follow_from_the_population_strict_first():
    cuts = cuts_of(SCORES)
    assert [fraction for _, fraction in cuts] == pytest.approx(CUT_FRACTIONS)
    assert [cut for cut, _ in cuts] == sorted((cut for cut, _ in cuts), reverse=True)
    assert cuts_of([0.5] * 7) == [(0.5, 1.0)]


def test_as_many_clean_draws_as_the_table_asks_for_pass_the_loosest_cut():
    assert [each.fraction for each in passing(judged(114))] == [1.0]
    assert not passing(judged(113))


def test_with_many_draws_what_is_wrong_below_a_cut_does_not_matter():
    low = set(range(80))  # all wrong ones score low
    found = passing(judged(400, low))
    assert [each.fraction for each in found] == pytest.approx([0.6, 0.7, 0.8])
    assert found[-1].counts.wrong_labels == 0


def test_the_first_cut_that_fails_ends_the_sequence():
    draws = judged(400, {399, 398, 397})  # the surest ones are wrong
    tested = try_cuts(SCORES, draws, max_wrong=0.02, confidence=0.9)
    assert not tested[0].passes
    assert tested[-1].bound < 0.02  # alone the loosest would have passed
    assert not passing(draws)


def test_one_error_among_the_surest_ends_nothing_where_the_whole_can_bear_it():
    assert [each.fraction for each in passing(judged(194, {193}))] == [1.0]


def test_edits_of_one_photograph_count_once():
    many = judged(400, photos=[number % 100 for number in range(400)])
    assert not passing(many)
    assert try_cuts(SCORES, many, max_wrong=0.02, confidence=0.9)[-1].counts.photos == 100


def test_many_wrong_labels_of_one_photograph_count_each():
    photos = [0 if number < 20 else number for number in range(200)]
    assert not passing(judged(200, set(range(20)), photos=photos))


@pytest.mark.parametrize("wrong", [set(), {0}, {113}, {5, 60}])
def test_as_many_reviews_as_are_said_to_be_missing_suffice(wrong):
    asked = {"max_wrong": 0.02, "confidence": 0.9}
    level = error_budget(0.9, 2)
    tested = try_cuts(SCORES, judged(114, wrong), looks=1, **asked)
    more = missing_reviews(tested, 0.02, level)
    first, second = judged(114, wrong), judged(more, photos=range(1000, 1000 + more))
    assert [each for each in try_cuts(SCORES, first + second, looks=2, **asked) if each.passes]


def test_a_second_look_has_half_of_the_error_left_and_says_so():
    assert error_budget(0.9, 2) == pytest.approx(0.05)
    assert stated_confidence(0.9, 2) == pytest.approx(0.85)
    assert passing(judged(149), looks=2)
    assert not passing(judged(148), looks=2)
    assert stated_confidence(0.9, 50) > 0.8


def test_of_an_empty_population_nothing_is_tested():
    assert try_cuts([], [], max_wrong=0.02, confidence=0.9) == []


@pytest.mark.parametrize("share", [0.02, 0.03, 0.06])
def test_a_population_that_is_worse_than_asked_passes_in_no_more_runs_than_allowed(share):
    """Wrong ones lie anywhere: then the loosest passing cut is over the bound whenever one is."""
    random = np.random.default_rng(1)
    runs = 200
    broken = sum(
        bool(passing(judged(150, set(np.flatnonzero(random.random(150) < share)))))
        for _ in range(runs)
    )
    assert broken / runs <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / runs)
