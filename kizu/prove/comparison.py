"""Trains the same segmenter on different training sets and tests all on the same real pictures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import numpy as np

from kizu.imaging.arrays import FloatMap, RgbImage
from kizu.progress import advance, expect
from kizu.prove.bootstrap import Draws, Table, measure
from kizu.prove.feature_model import FeatureModel, fit_normal
from kizu.prove.free_baseline import free_defect
from kizu.prove.models import Model, Scorer
from kizu.prove.pictures import Picture, reduced
from kizu.prove.scores import ScoreCounts
from kizu.prove.splits import folds_of
from kizu.spec import GOOD

_CALIBRATION_PICTURES: Final = 16  # training normals whose scores set a model's zero and unit
_HIGH_PERCENTILE: Final = 99.0


class TrainingSet(StrEnum):
    """What a segmenter is trained on, besides normals."""

    NORMALS = "normals only (one-class)"
    FREE = "CutPaste + Perlin (free)"
    DATASET = "this dataset"
    DATASET_FREE = "this dataset + free"
    FEW = "few real"
    FEW_FREE = "few real + free"
    FEW_DATASET = "few real + this dataset"
    ALL = "all real of training parts"


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
        pictures: Per kind, and for "good", how many test pictures there are.
        tables: Per training set, its metrics in every draw.
        trained: Per training set, how many pictures with defects it had, the mean over folds.
        normals: Normals in every training set, the mean over folds.
        left_out: Training pictures that show a part that is tested, summed over folds.
        own_normals: False if the normals came from the real folder's training parts.
    """

    kinds: tuple[str, ...]
    groups: Mapping[str, int]
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
) -> Comparison:
    """Train on every training set and test on the real pictures of other parts.

    Args:
        real: Real defects and normals.
        dataset: What is judged: defects and normals; a ``group`` that is also one of ``real``
            means that the part is the same.
        settings: How.
        model: The segmenter; the feature model if None.
    """
    return _Run(real, dataset, settings, model or FeatureModel()).result()


class _Run:
    def __init__(
        self,
        real: Sequence[Picture],
        dataset: Sequence[Picture],
        settings: ProofSettings,
        model: Model[Any, Any],
    ) -> None:
        self.real, self.dataset, self.settings, self.model = real, dataset, settings, model
        self.kinds = tuple(sorted({each.kind for each in real} - {GOOD}))
        self.fold_of = folds_of(real, settings.folds, settings.seed)
        self.groups = sorted(self.fold_of)
        self.own_normals = any(each.is_normal for each in dataset)
        self.samples = _Samples(model)
        self.features = (
            self.samples if isinstance(model, FeatureModel) else _Samples(FeatureModel())
        )
        self.counts: dict[TrainingSet, list[ScoreCounts]] = {}
        self.trained: dict[TrainingSet, list[int]] = {}
        self.normals: list[int] = []
        self.left_out = 0

    def result(self) -> Comparison:
        runs = len(self.settings.sets) * self.settings.seeds * self.settings.folds
        expect("train", runs)
        expect("test", len(self.real))
        for fold in range(self.settings.folds):
            self._run_fold(fold)
        draws = Draws.make(
            len(self.groups), self.settings.seeds, self.settings.draws, self.settings.seed
        )
        shown = {
            kind: [each for each in self.real if each.kind == kind] for kind in (*self.kinds, GOOD)
        }
        return Comparison(
            self.kinds,
            {kind: len({each.group for each in found}) for kind, found in shown.items()},
            {kind: len(found) for kind, found in shown.items()},
            {which: measure(counts, draws) for which, counts in self.counts.items()},
            {which: float(np.mean(counts)) for which, counts in self.trained.items()},
            float(np.mean(self.normals)),
            self.left_out,
            self.own_normals,
        )

    def _run_fold(self, fold: int) -> None:
        tested = {group for group, where in self.fold_of.items() if where == fold}
        usable = [each for each in self.dataset if each.group not in tested]
        self.left_out += len(self.dataset) - len(usable)
        seen = [each for each in self.real if each.group not in tested]
        source = usable if self.own_normals else seen
        normals = [each for each in source if each.is_normal]
        self.normals.append(len(normals))
        scorers = list(self._trainings(fold, normals, usable, seen))
        for picture in (each for each in self.real if each.group in tested):
            small, mask = reduced(*picture.read())
            prepared: dict[int, Any] = {}
            for counts, score, prepare in scorers:
                key = id(prepare.__self__)  # type: ignore[attr-defined]
                if key not in prepared:
                    prepared[key] = prepare(small)
                counts.add(picture.kind, picture.group, score(prepared[key]), mask)
            advance("test")

    def _trainings(
        self,
        fold: int,
        normals: Sequence[Picture],
        usable: Sequence[Picture],
        seen: Sequence[Picture],
    ) -> Iterator[tuple[ScoreCounts, Scorer[Any], Callable[[RgbImage], Any]]]:
        made = [each for each in usable if not each.is_normal]
        every = [each for each in seen if not each.is_normal]
        small = [reduced(*each.read())[0] for each in normals]
        features = FeatureModel() if self.features is not self.samples else self.model
        one_class = fit_normal([self.features.of(each) for each in normals])
        if TrainingSet.NORMALS in self.settings.sets:
            self.trained.setdefault(TrainingSet.NORMALS, []).append(0)
            counted = self._counted(TrainingSet.NORMALS, 0)
            yield counted, _calibrated(one_class, features, small), features.prepare
            advance("train", self.settings.seeds)
        for number in range(self.settings.seeds):
            seed = int(
                np.random.SeedSequence([self.settings.seed, fold, number]).generate_state(1)[0]
            )
            rng = np.random.default_rng(seed)
            few = few_of(every, self.settings.few, rng)
            free = [
                self.model.sample(*free_defect(small, index, rng), rng)
                for index in range(len(made))
            ]
            own, some, all_ = (
                [self.samples.of(each) for each in part] for part in (made, few, every)
            )
            for which, samples in {
                TrainingSet.FREE: free,
                TrainingSet.DATASET: own,
                TrainingSet.DATASET_FREE: own + free,
                TrainingSet.FEW: some,
                TrainingSet.FEW_FREE: some + free,
                TrainingSet.FEW_DATASET: some + own,
                TrainingSet.ALL: all_,
            }.items():
                if which not in self.settings.sets:
                    continue
                self.trained.setdefault(which, []).append(len(samples))
                plain = [self.samples.of(each) for each in normals]
                score = self.model.fit([*samples, *plain], seed)
                advance("train")
                yield (
                    self._counted(which, number),
                    _calibrated(score, self.model, small),
                    self.model.prepare,
                )

    def _counted(self, which: TrainingSet, number: int) -> ScoreCounts:
        """The counts of a training set and seed; all folds count into the same."""
        each = self.counts.setdefault(which, [])
        if number == len(each):
            each.append(ScoreCounts(self.groups, self.kinds))
        return each[number]


class _Samples:
    """What training reads of pictures, drawn once each."""

    def __init__(self, model: Model[Any, Any]) -> None:
        self._model = model
        self._kept: dict[int, Any] = {}

    def of(self, picture: Picture) -> Any:  # noqa: ANN401 - the model's own
        if id(picture) not in self._kept:
            seed = int.from_bytes(sha256(picture.name.encode()).digest()[:8], "big")
            sample = self._model.sample(*reduced(*picture.read()), np.random.default_rng(seed))
            self._kept[id(picture)] = sample
        return self._kept[id(picture)]


def few_of(pictures: Sequence[Picture], most: int, rng: np.random.Generator) -> list[Picture]:
    """Return some pictures of each kind, from as many parts as there are."""
    chosen = []
    for kind in sorted({each.kind for each in pictures}):
        found = [each for each in pictures if each.kind == kind]
        rng.shuffle(found)
        met: dict[str, int] = {}
        order = []
        for each in found:
            met[each.group] = met.get(each.group, 0) + 1
            order.append((met[each.group], each))
        order.sort(key=lambda pair: pair[0])
        chosen += [each for _, each in order[:most]]
    return chosen


def _calibrated(
    score: Scorer[Any],
    model: Model[Any, Any],
    normals: Sequence[RgbImage],
) -> Scorer[Any]:
    """Return a scorer whose unit is the spread of its scores on training normals.

    Folds are tested by different models; their scores are put on one scale without a look at what
    is tested.
    """
    step = max(len(normals) // _CALIBRATION_PICTURES, 1)
    seen = np.concatenate([score(model.prepare(each)).ravel() for each in normals[::step]])
    middle, high = np.percentile(seen, (50, _HIGH_PERCENTILE))
    unit = max(float(high - middle), 1e-6)

    def scaled(prepared: Any) -> FloatMap:  # noqa: ANN401 - the model's own
        return np.asarray((score(prepared) - middle) / unit, np.float32)

    return scaled
