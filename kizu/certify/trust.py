"""Whose clear changes need no annotator: makers of edits that draw what they are asked for."""

from collections import Counter
from collections.abc import Iterable

from kizu.certify.bounds import upper_bound


def trusted(
    decided: Iterable[tuple[str, bool]], *, max_bad_edits: float, confidence: float
) -> tuple[str, ...]:
    """Return the makers whose share of bad edits is proven to be small, sorted.

    Args:
        decided: Of every random decision on a clear change that no annotator spoke for: its maker,
            and whether the edit was bad.
        max_bad_edits: The share to stay below, 0 to 1.
        confidence: How sure that is to be for each.

    Example:
        >>> sure = [("scratch by model 2", False)] * 45
        >>> trusted(sure, max_bad_edits=0.05, confidence=0.9)
        ('scratch by model 2',)
        >>> trusted(sure[1:], max_bad_edits=0.05, confidence=0.9)
        ()
    """
    draws: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for maker, is_bad in decided:
        draws[maker] += 1
        bad[maker] += is_bad
    return tuple(
        sorted(
            maker
            for maker, n in draws.items()
            if upper_bound(bad[maker], n, confidence) <= max_bad_edits
        )
    )
