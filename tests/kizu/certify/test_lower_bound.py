from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from kizu.certify.bounds import lower_bound


@given(st.integers(1, 300), st.data(), st.floats(0.5, 0.99))
def test_the_lower_bound_is_that_of_scipys_exact_test(n, data, confidence):
    count = data.draw(st.integers(0, n))
    exact = binomtest(count, n, alternative="greater").proportion_ci(confidence, method="exact")
    assert abs(lower_bound(count, n, confidence) - exact.low) < 1e-9


def test_nothing_drawn_bounds_nothing():
    assert lower_bound(0, 0, 0.95) == 0
