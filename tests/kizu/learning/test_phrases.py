import itertools

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kizu.learning.phrases import (
    FEWEST_SAMPLES,
    Detection,
    Look,
    best_threshold,
    rank_phrases,
    threshold_lines,
    tune_thresholds,
)
from kizu.spec import DatasetSpec

ANNOTATOR, OTHER = '{"annotator": "owlv2"}', '{"annotator": "sam3"}'
NUMBERS = itertools.count()


def look(*found, photo=None, **fields) -> Look:
    """What was found, as (confidence, touches) each; what touches finds the label."""
    number = next(NUMBERS)
    values = {
        "sample_id": f"s{number}",
        "photo": photo or f"p{number}",
        "defect_type": "hole",
        "annotator": ANNOTATOR,
        "phrase": "a hole",
        "detections": tuple(Detection(*each) for each in found),
        "found_at": max((confidence for confidence, touches in found if touches), default=None),
    }
    return Look(**{**values, **fields})


confidences = st.integers(1, 99).map(lambda percent: percent / 100)
some_looks = st.lists(
    st.builds(
        lambda found, photo: look(*found, photo=photo),
        st.lists(st.tuples(confidences, st.booleans()), max_size=4),
        st.sampled_from("abcdefghijklmnop"),
    ),
    min_size=1,
    max_size=40,
)


def f1_of(looks, threshold):
    hits = sum(each.found_at is not None and each.found_at >= threshold for each in looks)
    named = [d for each in looks for d in each.detections]
    false = sum(not d.touches and d.confidence >= threshold for d in named)
    return 2 * hits / (2 * hits + false + len(looks) - hits)


@given(some_looks)
def test_no_threshold_has_a_better_f1_than_the_best_one(looks):
    best = f1_of(looks, best_threshold(looks))
    assert all(f1_of(looks, percent / 100) <= best + 1e-12 for percent in range(101))


@given(some_looks)
def test_figures_of_a_threshold_are_those_of_what_it_leaves(looks):
    [tuned] = tune_thresholds(looks)
    assert tuned.f1_now == pytest.approx(f1_of(looks, 0.0))
    assert tuned.f1_then == pytest.approx(f1_of(looks, tuned.threshold))
    assert tuned.f1_then >= tuned.f1_now - 1e-12


def test_recall_and_precision_come_with_exact_bounds():
    looks = [look((0.9, True))] * 20 + [look((0.9, False), (0.8, False))] * 10
    [row] = rank_phrases(looks)
    assert (row.samples, row.found, row.detections, row.touching) == (30, 20, 40, 20)
    assert [round(each, 3) for each in row.recall] == [0.667, 0.501, 0.807]
    assert row.precision.value == 0.5
    assert row.f1 == pytest.approx(0.571, abs=0.001)


def test_too_few_samples_give_no_numbers():
    [row] = rank_phrases([look((0.9, True))] * (FEWEST_SAMPLES - 1))
    assert row.recall is row.precision is None
    [row] = rank_phrases([look()] * FEWEST_SAMPLES)
    assert row.recall.value == 0
    assert row.precision is None


def test_the_best_phrase_of_a_defect_comes_first_and_little_known_ones_last():
    crack = {"defect_type": "crack", "phrase": "a crack"}
    looks = [
        *[look(phrase="a gap")] * 30,
        *[look(**crack)] * 30,
        *[look((0.9, True), phrase="a new word")] * 3,
        *[look((0.9, True))] * 30,
    ]
    ranked = [(row.defect_type, row.phrase) for row in rank_phrases(looks)]
    assert ranked == [
        ("hole", "a hole"),
        ("hole", "a gap"),
        ("hole", "a new word"),
        ("crack", "a crack"),
    ]


def noisy(count, annotator=ANNOTATOR, phrase="a hole"):
    """Looks with a sure find and a faint region on nothing each."""
    faint = (0.3, False)
    return [look((0.8, True), faint, annotator=annotator, phrase=phrase) for _ in range(count)]


def test_a_threshold_that_spares_much_and_loses_nothing_is_clear():
    [tuned] = tune_thresholds(noisy(30))
    assert (tuned.threshold, tuned.lost, tuned.spared) == (0.55, 0, 30)
    assert tuned.is_clear
    assert yaml.safe_load(threshold_lines([tuned])) == {
        "grounding": {"phrase_thresholds": {"a hole": 0.55}}
    }


def test_few_samples_make_no_threshold_clear():
    [tuned] = tune_thresholds(noisy(FEWEST_SAMPLES - 1))
    assert not tuned.is_clear
    assert threshold_lines([tuned]) == ""


def test_a_threshold_that_one_photo_alone_asks_for_is_not_clear():
    looks = [
        *[look((0.8, True)) for _ in range(30)],
        *[look((0.8, True), (0.3, False), photo="same") for _ in range(30)],
    ]
    [tuned] = tune_thresholds(looks)
    assert tuned.threshold == 0.55
    assert (tuned.lost, tuned.spared) == (0, 0)
    assert not tuned.is_clear


def test_where_confidence_tells_nothing_a_threshold_is_clear_in_one_of_twenty_at_most():
    draw = np.random.default_rng(1)
    clear = 0
    for _ in range(100):
        looks = [look((sure, True), (faint, False)) for sure, faint in draw.random((40, 2))]
        clear += tune_thresholds(looks)[0].is_clear
    assert clear <= 5


@pytest.mark.parametrize(
    "annotator",
    ['{"annotator": "clipseg"}', '{"annotator": "owlv2", "settings": {"saliency": true}}'],
)
def test_no_threshold_is_proposed_that_would_be_held_against_something_else(annotator):
    [tuned] = tune_thresholds(noisy(30, annotator))
    assert tuned.is_clear
    assert threshold_lines([tuned]) == ""


def test_defects_with_one_phrase_share_its_threshold():
    looks = [*noisy(12), *(each.model_copy(update={"defect_type": "pit"}) for each in noisy(12))]
    [tuned] = tune_thresholds(looks)
    assert (tuned.samples, tuned.threshold) == (24, 0.55)


def test_the_lines_are_a_spec_of_one_or_of_several_annotators(spec):
    fields = spec.model_dump(mode="json")
    several = tune_thresholds([*noisy(30), *noisy(30, OTHER), *noisy(3, phrase="rare")])
    lines = yaml.safe_load(threshold_lines(several))
    chosen = DatasetSpec.parse({**fields, **lines}).grounding.annotators
    assert {each.annotator: each.phrase_thresholds for each in chosen} == {
        "owlv2": {"a hole": 0.55},
        "sam3": {"a hole": 0.55},
    }
