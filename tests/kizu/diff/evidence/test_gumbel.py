import numpy as np
import pytest

from kizu.diff.evidence.gumbel import (
    GumbelFit,
    fit_block_maxima,
    fit_remaining_maxima,
    fit_upper_maxima,
)


def noise(seed, shape=(480, 480)):
    return np.abs(np.random.default_rng(seed).normal(0, 1, shape)).astype(np.float32)


def test_noise_alone_stays_below_its_threshold():
    maps = [noise(seed) for seed in range(20)]
    fits = [fit_block_maxima(z, np.ones_like(z, bool)) for z in maps]
    assert all(z.max() < fit.threshold(0.01) for z, fit in zip(maps, fits, strict=True))


def test_a_changed_part_hardly_moves_the_threshold():
    z = noise(1)
    valid = np.ones_like(z, bool)
    clean = fit_block_maxima(z, valid).threshold(0.01)
    z[100:220, 100:220] += 50
    assert fit_block_maxima(z, valid).threshold(0.01) == pytest.approx(clean, rel=0.15)


def test_fewer_places_to_be_wrong_ask_for_less_evidence():
    fit = GumbelFit(4.0, 0.8, 500, 1.3)
    assert fit.threshold(0.01, fraction=0.05) < fit.threshold(0.01)


def test_a_rarer_alarm_asks_for_more_evidence():
    fit = GumbelFit(4.0, 0.8, 500, 1.3)
    assert fit.threshold(0.001) > fit.threshold(0.05)


def test_a_picture_of_which_most_changed_is_judged_by_its_quieter_blocks():
    z = noise(3)
    everywhere = np.ones_like(z, bool)
    usual = fit_block_maxima(z, everywhere).threshold(0.01)
    z[:, 200:] *= 40
    assert fit_block_maxima(z, everywhere).threshold(0.01) < 2 * usual


def test_the_more_is_known_to_have_changed_the_less_evidence_the_rest_needs():
    fit = GumbelFit(4.0, 0.8, 500, 1.3)
    half, little = (fit.discovery_threshold(0.01, fraction) for fraction in (0.5, 0.99))
    assert half < little < fit.threshold(0.01) + 1e-6


def test_flat_ground_beside_busy_ground_does_not_widen_the_law_of_the_rest():
    z = noise(4)
    z[:, :240] *= 0.3
    rest = np.ones_like(z, bool)
    even = fit_remaining_maxima(z, rest).threshold(0.01)
    assert z.max() < even < fit_block_maxima(z, rest).threshold(0.01)


def test_what_was_found_has_no_say_in_the_law_of_the_rest():
    z = noise(5)
    rest = np.ones_like(z, bool)
    clean = fit_remaining_maxima(z, rest).threshold(0.01)
    rest[:200] = False
    z[:200] += 60
    assert abs(fit_remaining_maxima(z, rest).threshold(0.01) - clean) < 0.15 * clean


def test_noise_alone_stays_below_the_threshold_read_from_the_tail():
    maps = [noise(seed, (960, 960)) for seed in range(20)]
    fits = [fit_upper_maxima(z, np.ones_like(z, bool)) for z in maps]
    assert all(z.max() < fit.threshold(0.01) for z, fit in zip(maps, fits, strict=True))


def test_the_tail_of_a_busy_part_does_not_raise_the_threshold_beyond_what_it_reaches():
    z = noise(4, (960, 960))
    z[:, 480:] *= 2
    everywhere = np.ones_like(z, bool)
    from_tail = fit_upper_maxima(z, everywhere).threshold(0.01)
    assert z.max() < from_tail < fit_block_maxima(z, everywhere).threshold(0.01)


def test_many_changed_blocks_do_not_hide_themselves_in_the_tail():
    z = noise(5, (960, 960))
    everywhere = np.ones_like(z, bool)
    clean = fit_upper_maxima(z, everywhere).threshold(0.01)
    z[100:104, 100:800] += 30
    assert fit_upper_maxima(z, everywhere).threshold(0.01) < 1.5 * clean
