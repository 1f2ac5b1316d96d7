import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_pictures import part

from kizu.imaging.geometry import Geometry
from kizu.matching import describe_image
from kizu.matching.axis_fit import fit_axes, turned_back


@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 3), st.data())
def test_places_are_turned_back_as_pixels_are(width, height, turns, data):
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    picture = np.zeros((height, width), bool)
    picture[y, x] = True
    turned = np.rot90(picture, turns)
    place = np.argwhere(turned)[:, ::-1] + 0.5
    back = turned_back(place, (turned.shape[1], turned.shape[0]), turns)
    assert back.tolist() == [[x + 0.5, y + 0.5]]


@settings(max_examples=8)
@given(st.floats(0.6, 1.6), st.floats(0.85, 1.15), st.integers(0, 3))
def test_scales_and_place_of_a_crop_are_fitted(scale, squeeze, turns):
    crop = (20, 30, 180, 150)
    scaled = round(180 * scale * squeeze), round(150 * scale)
    model = scaled[::-1] if turns % 2 else scaled
    picture = Geometry((240, 200), crop, scaled, (0, 0), model, turns).apply(part(1))
    fit = fit_axes(describe_image(part(1)), describe_image(picture))
    assert fit is not None
    assert fit.turns == turns
    assert fit.scale == pytest.approx((scaled[0] / 180, scaled[1] / 150), rel=0.02)
    found = [-offset / scale for offset, scale in zip(fit.offset, fit.scale, strict=True)]
    assert found == pytest.approx([20, 30], abs=2)


def test_features_of_another_part_agree_on_nothing():
    assert fit_axes(describe_image(part(1)), describe_image(part(2))) is None


def test_without_features_there_is_no_map():
    plain = describe_image(np.full((50, 50, 3), 9, np.uint8))
    assert fit_axes(plain, describe_image(part(1))) is None
    assert fit_axes(describe_image(part(1)), plain) is None
