"""The agreement benchmark: its edits, simulated annotators, and the arithmetic of its tables."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.agreement.fit_score import auc, fit, scores
from benchmarks.agreement.judge import DRIFT_FIGURES, judge_all, truth_of
from benchmarks.agreement.measure import measure_all
from benchmarks.agreement.pairs import (
    BAD,
    HONEST_PER_PHOTO,
    DrawnDefect,
    EditKind,
    make_pair,
    plan,
)
from benchmarks.agreement.splits import is_alarmed, prove
from benchmarks.agreement.tables import (
    coverage,
    interval,
    risk_coverage,
    share_among_accepted,
    weights,
)
from benchmarks.agreement.witnesses import WITNESSES, like, said_by
from kizu.agree.figures import Figures
from kizu.diff import diff_mask
from kizu.imaging.masks import mask_containment, mask_iou

LONG_SIDE_PX = 192
DRAWS = 200
PHOTOS = ("nuts/1", "coins/0")


@pytest.fixture(scope="module")
def planned():
    return plan(3, PHOTOS, bad_per_kind=2)


@pytest.fixture(scope="module")
def made(planned):
    """One edit of each kind."""
    first = {each.kind: each for each in reversed(planned)}
    return {kind: make_pair(each, LONG_SIDE_PX) for kind, each in first.items()}


@pytest.fixture
def square():
    mask = np.zeros((96, 128), bool)
    mask[30:60, 40:80] = True
    return mask


def test_a_plan_has_as_many_bad_edits_of_each_kind_and_the_same_every_time(planned):
    counted = pd.Series([each.kind for each in planned]).value_counts()
    assert {counted[kind] for kind in BAD} == {2}
    assert counted[EditKind.HONEST] == HONEST_PER_PHOTO * len(PHOTOS)
    assert planned == plan(3, PHOTOS, bad_per_kind=2)
    assert planned != plan(4, PHOTOS, bad_per_kind=2)


def test_a_full_plan_covers_types_and_levels_evenly():
    honest = [each for each in plan(1) if each.kind is EditKind.HONEST]
    cells = pd.crosstab(
        [each.defect_type for each in honest], [each.level for each in honest]
    ).to_numpy()
    assert len(honest) >= 300
    assert len({each.photo for each in honest}) >= 60
    assert cells.min() >= 3
    assert cells.max() - cells.min() <= 3


def test_pairs_are_the_same_every_time(made):
    for pair in made.values():
        again = make_pair(pair.planned, LONG_SIDE_PX)
        assert np.array_equal(again.edited, pair.edited)
        assert np.array_equal(again.truth, pair.truth)


def test_the_truth_lies_where_the_picture_changed(planned):
    still = [each for each in planned if each.level == 0 and each.kind is not EditKind.REDRAWN]
    assert still
    for each in still:
        pair = make_pair(each, LONG_SIDE_PX)
        changed = (pair.edited != pair.normal).any(axis=-1)
        drawn = np.logical_or.reduce([np.zeros_like(changed), *(d.mask for d in pair.drawn)])
        assert not changed.any() or mask_containment(drawn, changed) > 0.8
        assert drawn.any() == changed.any()


def test_what_was_asked_for_is_the_truth_of_a_kind(made):
    assert made[EditKind.HONEST].truth.any()
    assert made[EditKind.SIDE_EFFECT].truth.any()
    assert not made[EditKind.WRONG_TYPE].truth.any()
    assert (
        made[EditKind.WRONG_TYPE].drawn[0].defect_type in made[EditKind.WRONG_TYPE].planned.rivals
    )
    assert not made[EditKind.NOTHING].drawn


def test_a_side_effect_is_apart_from_the_defect(made):
    asked, other = made[EditKind.SIDE_EFFECT].drawn
    assert asked.is_asked
    assert not other.is_asked
    assert other.mask.any()
    assert not np.any(asked.mask & other.mask)


def test_a_defect_in_the_wrong_place_is_outside_the_asked_region(made):
    pair = made[EditKind.WRONG_PLACE]
    assert mask_containment(pair.truth, pair.region) < 0.1


@pytest.mark.parametrize("iou", [0.3, 0.6, 0.8])
@pytest.mark.parametrize("fat", [True, False])
def test_a_mask_like_a_truth_overlaps_it_as_asked(square, iou, fat):
    rng = np.random.default_rng(1)
    for _ in range(5):
        mask = like(square, iou, rng, fat=fat)
        assert mask_iou(mask, square) == pytest.approx(iou, abs=0.05)
        assert not fat or mask_containment(square, mask) > 0.95


def one_defect(square, *, is_asked, seed):
    """An edit that shows a square: what was asked for, or another type of the spec."""
    template = plan(1, ("nuts/0",), bad_per_kind=1)[0]
    name = template.defect_type if is_asked else template.rivals[0]
    return replace(template, seed=seed), DrawnDefect(
        name, is_line=False, is_asked=is_asked, mask=square
    )


def said_often(witness, square, *, is_asked):
    for seed in range(DRAWS):
        planned, defect = one_defect(square, is_asked=is_asked, seed=seed)
        yield said_by(witness, planned, [defect], square.shape)


@pytest.mark.parametrize("name", ["good", "realistic", "poor"])
def test_an_annotator_has_its_recall_and_overlap(name, square):
    stated = replace(WITNESSES[name], false_regions=0.0)
    found = [each.found for each in said_often(stated, square, is_asked=True)]
    ious = [mask_iou(each.union_mask(square.shape), square) for each in found if len(each)]
    assert len(ious) / DRAWS == pytest.approx(stated.recall, abs=0.08)
    assert np.mean(ious) == pytest.approx(stated.iou, abs=0.03)


@pytest.mark.parametrize("name", ["good", "poor"])
def test_an_annotator_marks_something_without_cause_as_often_as_stated(name, square):
    blind = replace(WITNESSES[name], recall=0.0)
    said = list(said_often(blind, square, is_asked=True))
    false = np.array([len(each.found) for each in said])
    assert false.mean() == pytest.approx(blind.false_regions, abs=0.08)
    assert all(len(each.on_normal) <= len(each.found) for each in said)


def test_only_a_confused_annotator_takes_another_type_for_the_asked_one(square):
    for name, expected in (("good", 0.0), ("good+confused", 0.425)):
        sure = replace(WITNESSES[name], false_regions=0.0)
        said = list(said_often(sure, square, is_asked=False))
        assert np.mean([len(each.found) for each in said]) == pytest.approx(expected, abs=0.08)
        assert np.mean([len(each.rivals) for each in said]) == pytest.approx(0.85, abs=0.07)


@pytest.fixture(scope="module")
def measured(planned, tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparisons")
    few = planned[:6]
    first = list(measure_all(few, folder, long_side_px=LONG_SIDE_PX))
    return first, list(measure_all(few, folder, long_side_px=LONG_SIDE_PX)), folder


def test_a_kept_comparison_is_the_comparison(measured):
    first, again, folder = measured
    assert len(list(folder.iterdir())) == len(first)
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a.mask, b.mask)
        pair = make_pair(a.planned, LONG_SIDE_PX)
        result = diff_mask(pair.normal, pair.edited, region=pair.region)
        assert np.array_equal(a.mask, result.mask)
        assert np.array_equal(a.anomaly_map[a.mask], result.anomaly_map[result.mask])
        assert np.array_equal(a.edited[a.mask], pair.edited[a.mask])
        assert np.array_equal(a.truth, pair.truth)


def test_a_label_is_wrong_by_its_overlap_and_strictly_by_side_effects(measured):
    edit = next(each for each in measured[0] if each.planned.kind is EditKind.HONEST)
    assert truth_of(edit, edit.truth) == {"iou": 1.0, "wrong": False, "strict": False}
    assert truth_of(edit, ~edit.truth)["wrong"]
    other = np.roll(edit.truth, 60, axis=1) & ~edit.truth
    besides = DrawnDefect("hole", is_line=False, is_asked=False, mask=other)
    spoilt = replace(edit, drawn=(*edit.drawn, besides))
    told = truth_of(spoilt, edit.truth | other)
    assert told["strict"]
    assert not truth_of(spoilt, edit.truth)["strict"]


def test_every_verdict_has_its_row(measured):
    rows = judge_all(measured[0], (WITNESSES["good"], None))
    assert len(rows) == 2 * len(measured[0])
    assert not rows[rows["witness"] == "none"]["accepted"].any()


@pytest.fixture
def rows():
    """Eight honest edits, six of them accepted, one wrong; two of each bad kind, one accepted."""
    honest = (
        [("honest", True, False)] * 5 + [("honest", True, True)] + [("honest", False, False)] * 2
    )
    bad = [(kind.value, accepted, True) for kind in BAD for accepted in (True, False)]
    table = pd.DataFrame([*honest, *bad], columns=["kind", "accepted", "strict"])
    table["photo"] = [str(index // 2) for index in range(len(table))]
    table["score"] = np.where(table["accepted"], 0.9 - 0.01 * table.index, np.nan)
    return table


def test_weights_give_bad_edits_their_share_in_equal_parts(rows):
    weight = weights(rows, 0.25)
    assert weight.sum() == pytest.approx(1)
    assert weight[rows["kind"] == "honest"].sum() == pytest.approx(0.75)
    for kind in BAD:
        assert weight[rows["kind"] == kind.value].sum() == pytest.approx(0.05)


def test_shares_are_weighted(rows):
    weight = weights(rows, 0.25)
    assert coverage(rows, weight) == pytest.approx(0.75 * 6 / 8 + 0.25 / 2)
    wrong = (0.75 / 8 + 0.25 / 2) / coverage(rows, weight)
    assert share_among_accepted("strict")(rows, weight) == pytest.approx(wrong)


def test_an_interval_holds_its_figure_and_is_nothing_where_all_photographs_are_alike(rows):
    middle, low, high = interval(rows, coverage, 0.25, draws=50)
    assert low <= middle <= high
    assert high > low
    alike = rows.assign(photo="one")
    assert len(set(np.round(interval(alike, coverage, 0.25, draws=20), 12))) == 1


def test_coverage_at_a_risk_is_the_loosest_cut_that_keeps_it(rows):
    weight = weights(rows, 0.25)
    assert risk_coverage(rows, weight, 0.0) == pytest.approx(0.75 * 5 / 8)
    assert risk_coverage(rows, weight, 0.2) == pytest.approx(0.75 * 6 / 8)
    assert risk_coverage(rows, weight, 1.0) == pytest.approx(coverage(rows, weight))


def scored_rows(seed, n=2000):
    """Rows whose truth follows from two figures by a known law."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"mask_iou": rng.uniform(0, 1, n), "sharp_fraction": rng.uniform(0, 1, n)})
    logit = -3 + 4 * rows["mask_iou"] + 2 * rows["sharp_fraction"]
    rows["strict"] = rng.random(n) > 1 / (1 + np.exp(-logit))
    rows["kind"] = np.where(rng.random(n) < 0.5, "honest", rng.choice([k.value for k in BAD], n))
    rows["score"], rows["witness"], rows["accepted"] = 0.5, "good", True
    return rows


def test_a_fitted_score_finds_the_law_that_made_the_truth():
    fitted = fit(scored_rows(0), ("mask_iou", "sharp_fraction"))
    assert fitted["mask_iou"] == pytest.approx(4, abs=1)
    assert fitted["sharp_fraction"] == pytest.approx(2, abs=0.8)
    others = scored_rows(1)
    assert auc(scores(others, fitted), ~others["strict"].to_numpy(bool)) > 0.75


def test_a_missing_figure_counts_as_nothing_and_an_edit_without_a_score_gets_none():
    rows = scored_rows(2, n=4)
    rows.loc[0, "mask_iou"], rows.loc[1, "score"] = np.nan, np.nan
    given = scores(rows, {"bias": 0.0, "mask_iou": 5.0})
    assert given[0] == 0.5
    assert np.isnan(given[1])


def test_auc_is_the_share_of_pairs_in_order():
    assert auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])) == 0.75
    assert np.isnan(auc(np.array([0.1, 0.2]), np.array([True, True])))


def population(wrong_fraction, rng, n=1200):
    """Accepted edits, two of a photograph, whose score says nothing of the truth."""
    return pd.DataFrame(
        {
            "photo": [f"photo {index // 2}" for index in range(n)],
            "kind": [k.value for k in (EditKind.HONEST,) * 3 + BAD] * (n // 8),
            "accepted": True,
            "strict": rng.random(n) < wrong_fraction,
            "score": rng.random(n),
        }
    )


def test_a_proof_covers_what_is_right_and_next_to_never_what_is_not():
    right = population(0.0, np.random.default_rng(0))
    wrong = population(0.1, np.random.default_rng(0))
    assert all(prove(right, 0.02, 200, seed)["covered"] == 1 for seed in range(5))
    broken = [prove(wrong, 0.02, 200, seed)["broken"] for seed in range(40)]
    assert np.mean(broken) <= 0.1


def test_samples_that_drifted_further_give_an_alarm_and_others_none():
    rng = np.random.default_rng(0)
    rows = population(0.0, rng)
    rows["level"] = rng.integers(0, 5, len(rows))
    for name in (*Figures.model_fields, *DRIFT_FIGURES):
        rows[name] = rng.random(len(rows))
    rows["match_rate"] -= rows["level"].ge(3)
    assert all(is_alarmed(rows, (3, 4), 20, seed) for seed in range(5))
    assert not any(is_alarmed(rows, (0, 1, 2), 20, seed) for seed in range(5))
