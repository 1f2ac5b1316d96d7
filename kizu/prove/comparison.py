"""Trains the same segmenter on different training sets and tests all on the same real pictures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import numpy as np

from kizu.imaging.arrays import FloatMap, RgbImage
from kizu.progress import advance, expect
from kizu.prove.bootstrap import Draws, Table, measure
from kizu.prove.feature_model import FeatureModel
from kizu.prove.free_baseline import free_defect
from kizu.prove.models import Model, Scorer
from kizu.prove.one_class import NormalPixels, OneClass
from kizu.prove.pictures import Picture, reduced
from kizu.prove.scores import ScoreCounts
from kizu.prove.splits import folds_of
from kizu.prove.training_sets import SOURCES, Source, TrainingSet, few_of
from kizu.spec import GOOD

_CALIBRATION_PICTURES: Final = 16  # training normals whose scores set a model's zero and unit
_HIGH_PERCENTILE: Final = 99.0  # of their scores is one unit above their median
_LEAST_UNIT: Final = 1e-6  # of a model that scores everything alike


@dataclass(frozen=True)
class ProofSettings:
    """How the comparison is made.

    Attributes:
        seeds: Trainings per training set and fold.
        folds: Into how many the parts are split; each is tested once.
        few: Real defects per kind in the training sets that have "few".
        draws: Of the bootstrap over parts and seeds.
        seed: Chooses splits, draws and trainings.
        sets: The training sets to compare.
    """

    seeds: int = 3
    folds: int = 2
    few: int = 5
    draws: int = 1000
    seed: int = 0
    sets: tuple[TrainingSet, ...] = tuple(TrainingSet)


@dataclass(frozen=True, eq=False)
class Comparison:
    """What came of it.

    Attributes:
        kinds: The defects.
        groups: Per kind, and for "good", how many parts show it.
        defect_groups: How many parts show any defect.
        pictures: Per kind, and for "good", how many test pictures there are.
        tables: Per training set, its metrics in every draw.
        trained: Per training set, how many pictures with defects it had, the mean over folds.
        normals: Normals in every training set, the mean over folds.
        left_out: Training pictures that show a part of the real folder: each is left out where
            that part is tested.
        own_normals: False if the normals are the real folder's, of parts that are not tested.
    """

    kinds: tuple[str, ...]
    groups: Mapping[str, int]
    defect_groups: int
    pictures: Mapping[str, int]
    tables: Mapping[TrainingSet, Table]
    trained: Mapping[TrainingSet, float]
    normals: float
    left_out: int
    own_normals: bool


def compare(
    real: Sequence[Picture],
    dataset: Sequence[Picture],
    settings: ProofSettings,
    model: Model[Any, Any] | None = None,
    one_class: OneClass | None = None,
) -> Comparison:
    """Train on every training set and test on the real pictures of other parts.

    Args:
        real: Real defects and normals.
        dataset: What is judged: defects and normals; a part that is also one of ``real`` is the
            same. Without normals, those of ``real`` are trained on
            where their parts are not tested.
        settings: How.
        model: The segmenter; the feature model if None.
        one_class: What learns from normals alone; the distance of features if None.
    """
    sampled = _Sampled(model or FeatureModel())
    run = _Run(real, dataset, settings, sampled, one_class or NormalPixels())
    expect("train", len(settings.sets) * settings.folds)
    expect("test", len(real))
    for fold in range(settings.folds):
        run.through(fold)
    draws = Draws.make(len(run.groups), settings.seeds, settings.draws, settings.seed)
    kinds = (*run.kinds, GOOD)
    return Comparison(
        kinds=run.kinds,
        groups={kind: len({each.group for each in real if each.kind == kind}) for kind in kinds},
        defect_groups=len({each.group for each in real if not each.is_normal}),
        pictures={kind: sum(each.kind == kind for each in real) for kind in kinds},
        tables={
            which: measure(run.counts[which], draws) for which in TrainingSet if which in run.counts
        },
        trained={which: float(np.mean(counts)) for which, counts in run.trained.items()},
        normals=float(np.mean(run.normals)),
        left_out=sum(not each.parts.isdisjoint(run.fold_of) for each in dataset),
        own_normals=run.own_normals,
    )


class _Sampled:
    """A model, and what its training reads of pictures, drawn once each."""

    def __init__(self, model: Model[Any, Any]) -> None:
        self.model = model
        self._kept: dict[int, Any] = {}

    def of(self, pictures: Sequence[Picture]) -> list[Any]:
        return [self._of(each) for each in pictures]

    def _of(self, picture: Picture) -> Any:  # noqa: ANN401 - the model's own
        if id(picture) not in self._kept:
            seed = int.from_bytes(sha256(picture.name.encode()).digest()[:8], "big")
            rng = np.random.default_rng(seed)
            self._kept[id(picture)] = self.model.sample(*reduced(*picture.read()), rng)
        return self._kept[id(picture)]


@dataclass(frozen=True, eq=False)
class _Trained:
    counts: ScoreCounts
    model: Model[Any, Any] | OneClass
    score: Scorer[Any]


@dataclass(eq=False)
class _Run:
    real: Sequence[Picture]
    dataset: Sequence[Picture]
    settings: ProofSettings
    sampled: _Sampled
    one_class: OneClass
    counts: dict[TrainingSet, list[ScoreCounts]] = field(default_factory=dict)
    trained: dict[TrainingSet, list[int]] = field(default_factory=dict)
    normals: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kinds = tuple(sorted({each.kind for each in self.real} - {GOOD}))
        self.fold_of = folds_of(self.real, self.settings.folds, self.settings.seed)
        self.groups = sorted(self.fold_of)
        self.own_normals = any(each.is_normal for each in self.dataset)
        self._free: dict[int, list[Any]] = {}

    def through(self, fold: int) -> None:
        """Train without the fold's parts, then test on them."""
        tested = {group for group, where in self.fold_of.items() if where == fold}
        usable = [each for each in self.dataset if each.parts.isdisjoint(tested)]
        seen = [each for each in self.real if each.group not in tested]
        normals = [each for each in (usable if self.own_normals else seen) if each.is_normal]
        self.normals.append(len(normals))
        made, every = ([each for each in part if not each.is_normal] for part in (usable, seen))
        trained = list(self._trainings(fold, normals, made, every))
        models = {id(each.model): each.model for each in trained}
        for picture in (each for each in self.real if each.group in tested):
            small, mask = reduced(*picture.read())
            prepared = {key: model.prepare(small) for key, model in models.items()}
            for each in trained:
                scores = each.score(prepared[id(each.model)])
                each.counts.add(picture.kind, picture.group, scores, mask)
            advance("test")

    def _trainings(
        self,
        fold: int,
        normals: Sequence[Picture],
        made: Sequence[Picture],
        every: Sequence[Picture],
    ) -> Iterator[_Trained]:
        small = [reduced(*each.read())[0] for each in normals]
        model, plain = self.sampled.model, self.sampled.of(normals)
        for which in self.settings.sets:
            if which is TrainingSet.NORMALS:
                self.trained.setdefault(which, []).append(0)
                score = _calibrated(self.one_class.fit(small), self.one_class, small)
                yield _Trained(self._counts(which, 0), self.one_class, score)
                advance("train")
                continue
            for number in range(self.settings.seeds):
                seed = _seed_of(self.settings.seed, fold, number)
                samples = [
                    sample
                    for source in SOURCES[which]
                    for sample in self._samples(source, small, made, every, seed)
                ]
                self.trained.setdefault(which, []).append(len(samples))
                score = _calibrated(model.fit([*samples, *plain], seed), model, small)
                yield _Trained(self._counts(which, number), model, score)
            advance("train")

    def _samples(
        self,
        source: Source,
        normals: Sequence[RgbImage],
        made: Sequence[Picture],
        every: Sequence[Picture],
        seed: int,
    ) -> list[Any]:
        rng = np.random.default_rng(seed)
        if source is Source.FREE:
            if seed not in self._free:  # as many as the dataset has
                drawn = (free_defect(normals, index, rng) for index in range(len(made)))
                self._free[seed] = [self.sampled.model.sample(*each, rng) for each in drawn]
            return self._free[seed]
        if source is Source.FEW:
            return self.sampled.of(few_of(every, self.settings.few, rng))
        return self.sampled.of(made if source is Source.DATASET else every)

    def _counts(self, which: TrainingSet, number: int) -> ScoreCounts:
        """Return the counts of a training set and seed; those of all folds are one."""
        each = self.counts.setdefault(which, [])
        if number == len(each):
            each.append(ScoreCounts(self.groups, self.kinds))
        return each[number]


def _seed_of(seed: int, fold: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, fold, number]).generate_state(1)[0])


def _calibrated(
    score: Scorer[Any], model: Model[Any, Any] | OneClass, normals: Sequence[RgbImage]
) -> Scorer[Any]:
    """Return a scorer whose unit is the spread of its scores on training normals.

    Folds are tested by different models; their scores are put on one scale without a look at what
    is tested.
    """
    step = max(len(normals) // _CALIBRATION_PICTURES, 1)
    seen = np.concatenate([score(model.prepare(each)).ravel() for each in normals[::step]])
    middle, high = np.percentile(seen, (50, _HIGH_PERCENTILE))
    unit = max(float(high - middle), _LEAST_UNIT)

    def scaled(prepared: Any) -> FloatMap:  # noqa: ANN401 - the model's own
        return np.asarray((score(prepared) - middle) / unit, np.float32)

    return scaled
