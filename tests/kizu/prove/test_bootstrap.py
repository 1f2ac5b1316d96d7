import numpy as np
import pytest

from kizu.prove.bootstrap import FEWEST_GROUPS, MEAN, POOLED, Draws, interval, measure
from kizu.prove.scores import ScoreCounts
from kizu.spec import GOOD


def counts_of(seed, kinds=("hole", "crack"), groups=20, shift=1.0):
    """Scores of one picture of each kind and a normal one, of every part."""
    rng = np.random.default_rng(seed)
    counts = ScoreCounts([f"part{number}" for number in range(groups)], kinds)
    mask = np.zeros((16, 16), bool)
    mask[4:8, 4:8] = True
    for group in counts.groups:
        for kind in (*kinds, GOOD):
            is_defect = mask & (kind != GOOD)
            scores = rng.normal(size=mask.shape) + shift * is_defect
            counts.add(kind, group, scores.astype(np.float32), is_defect)
    return counts


def test_the_first_draw_is_all_there_is():
    draws = Draws.make(groups=7, seeds=3, draws=5, seed=0)
    assert (draws.groups[0] == 1).all()
    assert draws.seeds[0].tolist() == [0, 1, 2]


def test_equal_seeds_give_equal_draws():
    first, second = (Draws.make(7, 3, 50, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.groups, second.groups)
    np.testing.assert_array_equal(first.seeds, second.seeds)


def test_a_training_set_beside_itself_differs_in_no_draw():
    draws = Draws.make(20, 1, 50, seed=0)
    first, second = (measure([counts_of(1)], draws) for _ in range(2))
    apart = first["pixel_ap", MEAN] - second["pixel_ap", MEAN]
    assert interval(apart, 20) == interval(np.zeros(50), 20)


def test_the_mean_gives_every_kind_the_same_weight():
    table = measure([counts_of(1)], Draws.make(20, 1, 3, seed=0))
    each = (table["aupro", "hole"] + table["aupro", "crack"]) / 2
    np.testing.assert_allclose(table["aupro", MEAN], each)
    assert ("aupro", POOLED) in table


def test_figures_of_seeds_are_averaged():
    draws = Draws.make(20, 2, 4, seed=0)
    seeds = [counts_of(1, shift=0.5), counts_of(2, shift=2.0)]
    both = measure(seeds, draws)["pixel_ap", "hole"][0]
    alone = [measure([each], draws)["pixel_ap", "hole"][0] for each in seeds]
    assert both == pytest.approx(np.mean(alone))


def test_more_normals_do_not_lower_the_precision_of_a_kind():
    counts = counts_of(1)
    draws = Draws.make(20, 1, 1, seed=0)
    before = measure([counts], draws)["pixel_ap", "hole"][0]
    counts.negative[GOOD] *= 50
    assert measure([counts], draws)["pixel_ap", "hole"][0] == pytest.approx(before, rel=1e-5)


def test_no_interval_is_told_of_too_few_parts():
    values = np.linspace(0, 1, 100)
    assert interval(values, FEWEST_GROUPS - 1).low is None
    assert interval(values, FEWEST_GROUPS).low is not None


def test_draws_without_such_a_defect_are_passed_over():
    values = np.concatenate(
        [np.linspace(0.4, 0.6, 101)[[50]], np.linspace(0.4, 0.6, 200), [np.nan]]
    )
    found = interval(values, 10)
    assert found.low > 0.4
    assert found.high < 0.6


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    truth, held, runs = 0.3, 0, 300
    draws = Draws.make(groups=40, seeds=1, draws=400, seed=1)
    rng = np.random.default_rng(0)
    for _ in range(runs):
        of_part = rng.exponential(truth, 40)
        found = interval(draws.groups @ of_part / 40, 40)
        held += found.low <= truth <= found.high
    assert 0.89 <= held / runs <= 0.98  # 95 % is asked for; skewed data of 40 parts fall short
