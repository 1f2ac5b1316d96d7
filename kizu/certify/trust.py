"""Whose clear changes need no annotator: makers of edits that draw what they are asked for."""

from collections import defaultdict
from collections.abc import Iterable

from kizu.certify.fixed_sequence import Counts, Judged


def trusted(
    decided: Iterable[tuple[str, Judged]], *, max_bad_edits: float, confidence: float
) -> tuple[str, ...]:
    """Return the makers whose share of bad edits is proven to be small, sorted.

    Args:
        decided: Of every random decision on a clear change that no annotator spoke for: its maker,
            and what was found.
        max_bad_edits: The share to stay below, 0 to 1.
        confidence: How sure that is to be for each.

    Example:
        >>> good = [("scratch by model 2", Judged(0.5, False, f"photo {n}")) for n in range(45)]
        >>> trusted(good, max_bad_edits=0.05, confidence=0.9)
        ('scratch by model 2',)
        >>> trusted(good[1:], max_bad_edits=0.05, confidence=0.9)
        ()
    """
    by_maker: defaultdict[str, list[Judged]] = defaultdict(list)
    for maker, judged in decided:
        by_maker[maker].append(judged)
    return tuple(
        sorted(
            maker
            for maker, judged in by_maker.items()
            if Counts.of(judged).bound(confidence) <= max_bad_edits
        )
    )
