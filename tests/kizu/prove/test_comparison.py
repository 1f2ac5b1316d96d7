from dataclasses import replace

import pytest
from real_parts import pictures, with_line, with_spot, with_unseen

from kizu.prove import feature_model
from kizu.prove.bootstrap import MEAN, METRICS
from kizu.prove.comparison import ProofSettings, compare
from kizu.prove.training_sets import TrainingSet
from kizu.prove.verdict import Worth, contrast, contrasts, usd_per_point

REAL = pictures({"spot": with_spot}, 10)
FEW = REAL[:8]  # of four parts
QUICK = ProofSettings(
    seeds=1, draws=200, sets=(TrainingSet.FREE, TrainingSet.DATASET, TrainingSet.ALL)
)


@pytest.fixture(autouse=True)
def _hardly_trained(monkeypatch):
    monkeypatch.setattr(feature_model, "_STEPS", 5)


@pytest.fixture
def trained(monkeypatch):
    monkeypatch.setattr(feature_model, "_STEPS", 150)


def with_other_parts(draw, parts=10):
    """A dataset of parts that are not in the real folder."""
    return pictures({"made": draw}, parts, first=500)


@pytest.mark.usefixtures("trained")
def test_a_dataset_that_shows_the_same_defect_helps():
    found = compare(REAL, with_other_parts(with_spot), QUICK)
    verdict = next(contrasts(found))
    assert verdict.worth is Worth.HELPS
    assert verdict.sentence.startswith("helps: this dataset against CutPaste + Perlin (free)")
    assert usd_per_point(found, 10.0) == pytest.approx(0.1 / verdict.gain.value)


@pytest.mark.usefixtures("trained")
def test_a_dataset_whose_labels_show_nothing_hurts():
    found = compare(REAL, with_other_parts(with_unseen), QUICK)
    assert contrast(found, TrainingSet.DATASET, TrainingSet.ALL).worth is Worth.HURTS
    assert next(contrasts(found)).worth is not Worth.HELPS


def test_of_few_parts_nothing_is_claimed():
    real = [*pictures({"spot": with_spot}, 4), *pictures({}, 4, first=20)]
    settings = replace(QUICK, sets=(TrainingSet.FREE, TrainingSet.DATASET))
    found = compare(real, with_other_parts(with_spot), settings)
    assert next(contrasts(found)).worth is Worth.TOO_FEW


def test_pictures_of_a_part_are_not_trained_on_where_it_is_tested():
    same_parts = pictures({"made": with_spot}, 4)
    settings = replace(QUICK, sets=(TrainingSet.DATASET,))
    found = compare(FEW, same_parts, settings)
    assert found.left_out == len(same_parts)
    assert found.trained[TrainingSet.DATASET] == 2
    other = compare(FEW, with_other_parts(with_spot, 4), settings)
    assert other.left_out == 0
    assert other.trained[TrainingSet.DATASET] == 4


def test_real_defects_are_trained_on_of_other_parts_only():
    found = compare(FEW, with_other_parts(with_line, 4), replace(QUICK, sets=(TrainingSet.ALL,)))
    assert found.trained[TrainingSet.ALL] == 2


def test_without_normals_of_its_own_those_of_other_parts_are_taken():
    alone = pictures({"made": with_spot}, 4, first=500, normals=False)
    found = compare(FEW, alone, replace(QUICK, sets=(TrainingSet.DATASET,)))
    assert not found.own_normals
    assert found.normals == 2


def test_equal_seeds_give_equal_figures_whatever_else_is_compared():
    dataset = with_other_parts(with_line, 4)
    first = compare(FEW, dataset, replace(QUICK, sets=(TrainingSet.DATASET,)))
    second = compare(FEW, dataset, replace(QUICK, sets=(TrainingSet.FREE, TrainingSet.DATASET)))
    for metric in METRICS:
        tables = (each.tables[TrainingSet.DATASET][metric, MEAN] for each in (first, second))
        assert next(tables).tolist() == next(tables).tolist()
