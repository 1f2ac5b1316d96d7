"""Exact bounds on a share from a random sample of it.

``mapie.risk_control`` holds learn-then-test with Hoeffding-Bentkus p-values, of which the Bentkus
term is e times the binomial tail: 2 % at 90 % without an error costs about 163 decisions there, 114
with the exact tail used here.
"""


def tail(errors: int, n: int, share: float) -> float:
    """Return how likely so few errors are among n draws if the true share is as given.

    The p-value of the hypothesis that the share of wrong ones is larger (exact binomial test).

    Example:
        >>> round(tail(0, 114, 0.02), 4)
        0.0999
    """
    from scipy.special import bdtr  # loads in a third of the time of scipy.stats

    return float(bdtr(errors, n, share)) if n else 1.0


def upper_bound(errors: int, n: int, confidence: float) -> float:
    """Return what a share is below, with a confidence; 1 where nothing was drawn.

    One-sided, exact: Clopper and Pearson, "The use of confidence or fiducial limits", Biometrika
    26 (1934).

    Example:
        >>> round(upper_bound(0, 114, 0.9), 4)
        0.02
    """
    from scipy.special import betaincinv

    return 1.0 if errors >= n else float(betaincinv(errors + 1, n - errors, confidence))


def lower_bound(count: int, n: int, confidence: float) -> float:
    """Return what a share is above, with a confidence; 0 where nothing was drawn.

    One-sided and exact, as ``upper_bound`` of the others.

    Example:
        >>> round(lower_bound(12, 20, 0.95), 4)
        0.3936
    """
    return 1.0 - upper_bound(n - count, n, confidence)


def reviews_needed(max_wrong: float, confidence: float, errors: int = 0) -> int:
    """Return how many random decisions with so many errors prove a bound.

    Args:
        max_wrong: The share that is to be proven, 0 to 1.
        confidence: How sure the proof is to be, 0 to 1.
        errors: How many of the decisions find a wrong label.

    Example:
        >>> [reviews_needed(0.02, confidence) for confidence in (0.9, 0.95)]
        [114, 149]
        >>> [reviews_needed(0.02, 0.9, errors) for errors in (1, 2)]
        [194, 265]
    """
    low, high = errors, errors + 1
    while tail(errors, high, max_wrong) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if tail(errors, middle, max_wrong) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high
