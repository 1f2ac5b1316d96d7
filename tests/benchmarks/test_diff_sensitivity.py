"""The constants of the comparison are found, and changed wherever their name was imported."""

import pytest


@pytest.fixture(scope="module")
def sensitivity(diff_benchmark):  # noqa: ARG001 - puts the module on the path
    import sensitivity

    return sensitivity


@pytest.fixture
def constant(sensitivity):
    found = {c.label: c for c in sensitivity.constants()}
    return found.__getitem__


def test_numbers_and_tuples_and_fields_are_constants_but_no_shape_or_version(sensitivity):
    labels = {c.label for c in sensitivity.constants()}
    assert {"grading POOR_MATCH_RATE", "align.tone _FIELD_REACHES"} < labels
    assert "evidence.scale_evidence FINE.sigma" in labels
    assert not {"evidence.noise CHI3_MEAN", "align.colour_model _TABLE_BINS"} & labels


@pytest.mark.parametrize(
    ("label", "scaled"),
    [
        ("align.block_matching _BLOCK_PX", 45),
        ("grading _STRONG_SHIFT_PX", 4.2),
        ("evidence.gumbel _TAIL_QUANTILES", (0.857, 0.986)),
    ],
)
def test_lengths_are_multiplied_and_high_quantiles_stay_quantiles(constant, label, scaled):
    assert constant(label).scaled(1.4) == pytest.approx(scaled, abs=1e-3)


def test_a_constant_is_changed_in_the_modules_that_import_it(sensitivity, constant, make_photo):
    photo = make_photo(1, side_px=96)
    edited = photo.copy()
    edited[30:60, 20:70] = 20
    pair = sensitivity.Pair("photo", None, "none", photo, edited, edited[..., 0] < 0)
    grow = constant("segment.hysteresis GROW_FRACTION")
    assert sensitivity._judge_with(grow, 1.0, (pair,)) is None


def test_a_row_without_effect_comes_last(sensitivity, constant):
    as_it_is = sensitivity.Figures(iou=0.8, alarms=0, wrong_status=0)
    worse = sensitivity.Figures(iou=0.7, alarms=0, wrong_status=0)
    alarmed = sensitivity.Figures(iou=0.8, alarms=1, wrong_status=1)
    one = constant("grading POOR_MATCH_RATE")
    effects = [sensitivity._effect((one, as_it_is, [f, None])) for f in (worse, alarmed, as_it_is)]
    assert effects == sorted(effects, reverse=True)
