"""Splits real pictures by part: each part is tested once, by models that never saw it."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from kizu.prove.pictures import Picture


def folds_of(pictures: Sequence[Picture], folds: int, seed: int) -> dict[str, int]:
    """Return the fold of every part; of every kind of defect, each fold has about as many parts.

    Args:
        pictures: All real pictures.
        folds: How many folds.
        seed: Chooses among equal splits.
    """
    kinds_of: dict[str, Counter[str]] = defaultdict(Counter)
    for each in pictures:
        kinds_of[each.group][each.kind] += 1
    frequency = Counter(kind for kinds in kinds_of.values() for kind in kinds)
    groups = sorted(kinds_of)
    np.random.default_rng(seed).shuffle(groups)
    groups.sort(key=lambda group: min(frequency[kind] for kind in kinds_of[group]))
    parts: list[Counter[str]] = [Counter() for _ in range(folds)]
    counted: list[Counter[str]] = [Counter() for _ in range(folds)]
    fold_of = {}
    for group in groups:
        kinds = kinds_of[group]
        rarest = min(kinds, key=lambda kind: (frequency[kind], kind))
        fold = min(
            range(folds),
            key=lambda each: (parts[each][rarest], counted[each][rarest], parts[each].total()),
        )
        fold_of[group] = fold
        parts[fold].update(kinds.keys())
        counted[fold].update(kinds)
    return fold_of
