import pytest

from kizu.diff.grading import grade
from kizu.diff.result import Drift, DriftMetrics


def graded(match_rate=1.0, residual_px=0.05, cast=0.0, *, in_place=False, **metrics) -> Drift:
    measured = DriftMetrics(**{"noise_delta_e": 0.8, "tone_delta_e": 1.0, **metrics})
    return grade(measured, match_rate, residual_px, cast, in_place=in_place)


def test_a_picture_edited_in_place_did_not_drift():
    assert graded(in_place=True) is Drift.NONE


def test_a_picture_that_settles_drifted_slightly():
    assert graded() is Drift.SLIGHT


@pytest.mark.parametrize(
    "metrics",
    [
        {"match_rate": 0.2},
        {"match_rate": 0.4, "noise_delta_e": 2.0},
        {"residual_px": 0.4, "noise_delta_e": 3.0},
        {"relight_delta_e": 25.0},
        {"relight_delta_e": 19.0, "cast": 13.0},
        {"noise_delta_e": 12.0},
    ],
)
def test_lost_detail_an_unsettled_field_another_light_or_cast_is_a_redraw(metrics):
    assert graded(**metrics) is Drift.REDRAWN


def test_a_blurred_picture_that_neither_settles_nor_matches_is_no_redraw():
    assert graded(match_rate=0.45, residual_px=0.4, noise_delta_e=0.5) is Drift.SLIGHT


@pytest.mark.parametrize("metrics", [{"shift_x_px": 5.0}, {"tone_delta_e": 8.0}])
def test_a_far_shift_or_a_strong_cast_is_strong_drift(metrics):
    assert graded(**metrics) is Drift.STRONG
