import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from kizu.certify.bounds import lower_bound, reviews_needed, tail, upper_bound


@pytest.mark.parametrize(
    ("max_wrong", "confidence", "by_errors"),
    [
        (0.02, 0.9, [114, 194, 265]),
        (0.02, 0.95, [149, 236, 313]),
        (0.05, 0.9, [45, 77]),
        (0.05, 0.95, [59, 93]),
        (0.1, 0.9, [22]),
        (0.1, 0.95, [29]),
    ],
)
def test_the_reviews_that_a_bound_costs_are_those_of_the_binomial_table(
    max_wrong, confidence, by_errors
):
    needed = [reviews_needed(max_wrong, confidence, errors) for errors in range(len(by_errors))]
    assert needed == by_errors


@given(st.integers(0, 5), st.floats(0.005, 0.3), st.floats(0.6, 0.99))
def test_one_review_less_would_not_do(errors, max_wrong, confidence):
    needed = reviews_needed(max_wrong, confidence, errors)
    assert tail(errors, needed, max_wrong) <= 1 - confidence
    assert tail(errors, needed - 1, max_wrong) > 1 - confidence
    assert upper_bound(errors, needed, confidence) <= max_wrong + 1e-9


@given(st.integers(1, 60), st.data())
def test_the_bounds_hold_what_they_promise_whatever_the_share(n, data):
    """The chance that the bound lies on the wrong side is at most one minus the confidence."""
    share = data.draw(st.floats(0.01, 0.99))
    errors = np.arange(n + 1)

    chance = binom.pmf(errors, n, share)
    below = [upper_bound(int(k), n, 0.9) < share for k in errors]
    above = [lower_bound(int(k), n, 0.9) > share for k in errors]
    assert chance[below].sum() <= 0.1 + 1e-9
    assert chance[above].sum() <= 0.1 + 1e-9


def test_of_nothing_nothing_is_known():
    assert (lower_bound(0, 0, 0.9), upper_bound(0, 0, 0.9)) == (0, 1)
    assert upper_bound(5, 5, 0.9) == 1


@given(st.integers(1, 300), st.data(), st.floats(0.5, 0.99))
def test_the_lower_bound_is_that_of_scipys_exact_test(n, data, confidence):
    count = data.draw(st.integers(0, n))
    exact = binomtest(count, n, alternative="greater").proportion_ci(confidence, method="exact")
    assert abs(lower_bound(count, n, confidence) - exact.low) < 1e-9
