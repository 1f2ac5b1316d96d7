import numpy as np
import pytest

from kizu.certify import shift
from kizu.certify.shift import MIN_SAMPLES

NAMES = [f"figure {number}" for number in range(12)]


def moved_figures(then, now, photographs=None):
    sizes = [len(next(iter(each.values()), ())) for each in (then, now)]
    return shift.moved_figures(then, now, photographs=photographs or tuple(sizes))


def figures(n, seed, by=0.0, names=NAMES):
    random = np.random.default_rng(seed)
    return {name: (random.normal(size=n) + by).tolist() for name in names}


def test_a_shift_of_every_figure_is_seen_within_twenty_samples():
    seen = [
        bool(moved_figures(figures(150, run), figures(20, 1000 + run, by=1.5))) for run in range(50)
    ]
    assert np.mean(seen) >= 0.95


def test_what_is_alike_hardly_ever_alarms():
    alarms = [bool(moved_figures(figures(150, run), figures(40, 1000 + run))) for run in range(200)]
    assert np.mean(alarms) <= 0.02


def test_a_few_samples_tell_nothing():
    assert moved_figures(figures(150, 1), figures(MIN_SAMPLES - 1, 2, by=9)) == ()
    assert moved_figures({}, {}) == ()


def test_the_figure_that_moved_is_named_with_its_medians():
    now = figures(40, 2)
    now["figure 3"] = [value + 4 for value in now["figure 3"]]
    [moved] = moved_figures(figures(150, 1), now)
    assert moved.figure == "figure 3"
    assert moved.now - moved.then == pytest.approx(4, abs=0.6)


def test_a_figure_that_is_missing_more_often_now_moved_too():
    then, now = figures(150, 1), figures(40, 2)
    now["figure 5"] = [None] * 40
    [moved] = moved_figures(then, now)
    assert (moved.figure, moved.now) == ("figure 5", None)


def test_constant_figures_are_alike():
    assert moved_figures({"a": [1.0] * 100}, {"a": [1.0] * 30}) == ()


def test_edits_of_few_photographs_are_few_samples_however_many_they_are():
    """Most of a figure's variance lies between photographs: each has a value of its own."""
    random = np.random.default_rng(3)
    alarms = []
    for _ in range(100):
        then = {name: random.normal(size=150).tolist() for name in NAMES}
        own = {name: random.normal(size=5) for name in NAMES}
        now = {
            name: (np.repeat(own[name], 4) + random.normal(size=20) / 4).tolist() for name in NAMES
        }
        alarms.append(bool(moved_figures(then, now, photographs=(150, 5))))
    assert np.mean(alarms) <= 0.02


def test_what_is_no_number_counts_as_missing():
    then, now = figures(150, 1), figures(40, 2)
    now["figure 2"] = [float("nan")] * 40
    [moved] = moved_figures(then, now)
    assert moved.figure == "figure 2"
