from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_pictures import part, with_scratch

from kizu.imaging.geometry import Geometry
from kizu.matching import find_geometry
from kizu.matching.geometry import without_strips

SIZE = (240, 200)


def turned(geometry: Geometry, turns: int) -> Geometry:
    model = geometry.model[::-1] if turns % 2 else geometry.model
    return replace(geometry, model=model, turns=turns)


def cut(x: int, y: int, width: int, height: int) -> Geometry:
    return Geometry(SIZE, (x, y, width, height), (width, height), (0, 0), (width, height))


@settings(max_examples=8)
@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(160, 199),
    st.integers(120, 159),
    st.integers(0, 3),
)
def test_a_crop_that_was_edited_in_place_is_found_to_the_pixel(x, y, width, height, turns):
    normal = part(1)
    geometry = turned(cut(x, y, width, height), turns)
    picture = geometry.apply(with_scratch(normal))
    found = find_geometry(normal, picture)
    assert found is not None
    assert found.geometry == geometry
    assert np.array_equal(found.geometry.undo(picture, normal), geometry.undo(picture, normal))


@settings(max_examples=8)
@given(st.floats(0.6, 2), st.floats(0.85, 1.15), st.integers(0, 3))
def test_any_size_of_the_whole_frame_is_the_whole_frame(scale, squeeze, turns):
    normal = part(2)
    size = round(240 * scale * squeeze), round(200 * scale)
    model = size[::-1] if turns % 2 else size
    geometry = Geometry.whole(SIZE, model, turns)
    found = find_geometry(normal, geometry.apply(with_scratch(normal)))
    assert found is not None
    assert found.geometry == geometry


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("turns", [0, 1])
def test_a_letterbox_is_found_around_the_whole_frame(level, turns):
    normal = part(3)
    geometry = Geometry(SIZE, (0, 0, *SIZE), SIZE, (0, 30), (240, 260))
    picture = np.pad(with_scratch(normal), ((30, 30), (0, 0), (0, 0)), constant_values=level)
    found = find_geometry(normal, np.ascontiguousarray(np.rot90(picture, turns)))
    assert found is not None
    assert found.geometry == turned(geometry, turns)


def test_a_crop_inside_a_letterbox_shows_no_more_than_the_crop():
    normal = part(4)
    inner = with_scratch(normal)[40:170]
    found = find_geometry(normal, np.pad(inner, ((35, 35), (0, 0), (0, 0))))
    assert found is not None
    assert found.geometry.crop == pytest.approx((0, 40, 240, 130), abs=3)
    assert found.geometry.offset == pytest.approx((0, 35), abs=3)


def test_a_shifted_picture_of_the_same_size_is_drift_and_no_crop():
    normal = part(5)
    move = np.array([[1.01, 0, 3.0], [0, 0.99, -4.0]])
    moved = cv2.warpAffine(normal, move, SIZE, borderMode=cv2.BORDER_REFLECT_101)
    found = find_geometry(normal, moved)
    assert found is not None
    assert found.geometry == Geometry.whole(SIZE, SIZE)


def test_another_part_is_no_match():
    for other in range(20, 28):
        assert find_geometry(part(1), part(other)) is None


def test_a_plain_picture_is_no_match():
    assert find_geometry(part(1), np.full((200, 240, 3), 128, np.uint8)) is None
    assert find_geometry(part(1), np.zeros((1, 1, 3), np.uint8)) is None


@given(
    st.tuples(*[st.sampled_from([0.0, 0.05, 0.11, 0.2])] * 4),
    st.tuples(st.integers(40, 90), st.integers(40, 90)),
)
def test_strips_are_left_out_on_the_normal_as_in_the_picture(strips, scaled):
    geometry = Geometry((100, 80), (10, 5, 80, 70), scaled, (3, 4), (100, 100))
    left = without_strips(geometry, strips)
    for axis in (0, 1):
        scale = scaled[axis] / geometry.crop[2 + axis]
        start = (left.crop[axis] - geometry.crop[axis]) * scale
        assert left.offset[axis] - geometry.offset[axis] == pytest.approx(start, abs=0.51)
        assert left.scaled[axis] == pytest.approx(left.crop[2 + axis] * scale, abs=1.01)
