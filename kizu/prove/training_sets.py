"""Which pictures each training set holds besides normals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import numpy as np

from kizu.prove.pictures import Picture


class TrainingSet(StrEnum):
    """What a segmenter is trained on, besides normals."""

    NORMALS = "normals only (one-class)"
    FREE = "CutPaste + Perlin (free)"
    DATASET = "this dataset"
    DATASET_FREE = "this dataset + free"
    FEW = "few real"
    FEW_FREE = "few real + free"
    FEW_DATASET = "few real + this dataset"
    ALL = "all real of other parts"


class Source(StrEnum):
    """Where pictures with defects come from."""

    FREE = "free"
    DATASET = "dataset"
    FEW = "few"
    ALL = "all"


SOURCES: Final[Mapping[TrainingSet, tuple[Source, ...]]] = {
    TrainingSet.NORMALS: (),
    TrainingSet.FREE: (Source.FREE,),
    TrainingSet.DATASET: (Source.DATASET,),
    TrainingSet.DATASET_FREE: (Source.DATASET, Source.FREE),
    TrainingSet.FEW: (Source.FEW,),
    TrainingSet.FEW_FREE: (Source.FEW, Source.FREE),
    TrainingSet.FEW_DATASET: (Source.FEW, Source.DATASET),
    TrainingSet.ALL: (Source.ALL,),
}
"""Real defects are in the last four only, and only those of parts that are not tested."""


def few_of(pictures: Sequence[Picture], most: int, rng: np.random.Generator) -> list[Picture]:
    """Draw some pictures of each kind of defect, of as many parts as possible.

    Args:
        pictures: What to draw from.
        most: How many of each kind.
        rng: Draws.
    """
    chosen: list[Picture] = []
    for kind in sorted({each.kind for each in pictures}):
        found = [each for each in pictures if each.kind == kind]
        rng.shuffle(found)
        met: Counter[str] = Counter()
        turns = []
        for each in found:
            turns.append(met[each.group])
            met[each.group] += 1
        order = np.argsort(turns, kind="stable")  # the first of every part, then the second ones
        chosen += [found[place] for place in order[:most]]
    return chosen
