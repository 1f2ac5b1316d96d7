"""Marks that must be seen at thumbnail size, and must not hide what they mark."""

import numpy as np
import pytest

from kizu.viz.overlays import (
    BOLD_PEN,
    CHANGED_COLOUR,
    FINE_PEN,
    HEAT_FLOOR,
    HEAT_TOP,
    corner_marks,
    fit_boxes,
    fit_image,
    fit_map,
    fit_mask,
    heat_legend,
    heat_picture,
    outline_boxes,
    outline_mask,
    shift_boxes,
)

GREY = np.full((60, 80, 3), 128, np.uint8)


def disc_mask():
    rows, columns = np.mgrid[:60, :80]
    return np.hypot(rows - 30, columns - 40) < 12


def is_drawn(before, after):
    return (before != after).any(axis=2)


def test_a_picture_takes_the_size_that_is_asked_for_and_keeps_its_tone():
    for width, height in ((40, 30), (160, 120), (1, 1)):
        scaled = fit_image(GREY, width, height)
        assert scaled.shape == (height, width, 3)
        assert (scaled == 128).all()


def test_one_bright_pixel_is_as_bright_at_a_twentieth_of_the_size():
    values = np.zeros((400, 600), np.float32)
    values[133, 377] = 9.0
    small = fit_map(values, 30, 20)
    assert small.shape == (20, 30)
    assert small.max() == 9.0


def test_a_hair_thin_line_stays_unbroken():
    mask = np.zeros((400, 400), bool)
    mask[np.arange(400), np.arange(400)] = True
    small = fit_mask(mask, 23, 23)
    assert small[np.arange(23), np.arange(23)].all()
    assert small.mean() < 0.3


def test_boxes_are_scaled_and_shifted():
    boxes = np.array([[-5, 10, 100, 20]], np.float32)
    assert fit_boxes(boxes, 2, 0.5).tolist() == [[-10, 5, 200, 10]]
    assert shift_boxes(boxes, 3, -1).tolist() == [[-2, 9, 103, 19]]


def test_no_boxes_stay_no_boxes():
    none = np.empty((0, 4), np.float32)
    assert fit_boxes(shift_boxes(none, 1, 1), 2, 2).shape == (0, 4)
    np.testing.assert_array_equal(outline_boxes(GREY, none, CHANGED_COLOUR, BOLD_PEN), GREY)


@pytest.mark.parametrize("pen", [FINE_PEN, BOLD_PEN])
def test_an_outline_lies_around_a_region_and_leaves_it_as_it_is(pen):
    mask = disc_mask()
    drawn = outline_mask(GREY, mask, CHANGED_COLOUR, pen)
    assert not is_drawn(GREY, drawn)[mask].any()
    assert (drawn == CHANGED_COLOUR).all(axis=2).any()
    far = np.hypot(*np.ogrid[-30:30, -40:40]) > 12 + pen.gap_px + pen.halo_px
    assert not is_drawn(GREY, drawn)[far].any()


def test_an_outline_is_seen_on_white_and_on_black():
    for level in (0, 255):
        plain = np.full_like(GREY, level)
        drawn = outline_mask(plain, disc_mask(), CHANGED_COLOUR, BOLD_PEN).astype(int)
        assert np.abs(drawn - level).max() > 150


@pytest.mark.parametrize("mask", [np.zeros((60, 80), bool), np.ones((60, 80), bool)])
def test_nothing_and_everything_have_no_outline(mask):
    np.testing.assert_array_equal(outline_mask(GREY, mask, CHANGED_COLOUR, BOLD_PEN), GREY)


def test_a_region_of_one_pixel_is_outlined():
    mask = np.zeros((60, 80), bool)
    mask[30, 40] = True
    drawn = outline_mask(GREY, mask, CHANGED_COLOUR, BOLD_PEN)
    assert is_drawn(GREY, drawn).sum() > 20
    assert not is_drawn(GREY, drawn)[30, 40]


def test_a_box_is_dashed_along_its_sides_and_clear_inside():
    drawn = is_drawn(
        GREY, outline_boxes(GREY, np.float32([[10, 10, 70, 50]]), (255, 0, 0), FINE_PEN)
    )
    top = drawn[10, 12:68]
    assert top.any()
    assert not top.all()
    assert not drawn[16:45, 16:65].any()
    assert not drawn[:5].any()


def test_sides_outside_the_picture_are_not_drawn():
    drawn = outline_boxes(GREY, np.float32([[-50, 20, 200, 40]]), (255, 0, 0), FINE_PEN)
    changed = is_drawn(GREY, drawn)
    assert changed[20].any()
    assert not changed[25:36].any()


def test_every_box_is_drawn():
    boxes = np.float32([[5, 5, 30, 25], [45, 30, 75, 55]])
    drawn = is_drawn(GREY, outline_boxes(GREY, boxes, (255, 0, 0), FINE_PEN))
    assert drawn[:28, :35].any()
    assert drawn[28:, 40:].any()


def test_a_windows_four_corners_are_marked_and_its_sides_are_not():
    drawn = is_drawn(GREY, corner_marks(GREY, np.float32([10, 10, 70, 50])))
    for y, x in ((10, 10), (10, 70), (50, 10), (50, 70)):
        assert drawn[y, x]
    assert not drawn[10, 35:45].any()
    assert not drawn[20:40, 20:60].any()


def test_a_window_outside_the_picture_marks_nothing():
    np.testing.assert_array_equal(corner_marks(GREY, np.float32([200, 200, 300, 300])), GREY)


def test_heat_covers_the_dimmed_photo_where_there_is_evidence():
    values = np.zeros((60, 80), np.float32)
    values[20:30, 20:30] = HEAT_TOP
    drawn = heat_picture(GREY, values)
    assert (drawn[values == 0] < 128).all()
    assert np.ptp(drawn[values == 0]) == 0
    assert drawn[25, 25].max() > 200


def test_heat_below_the_floor_beyond_the_top_and_unknown_is_drawn_as_its_nearest_step():
    values = np.float32([[0, HEAT_FLOOR, np.nan, HEAT_TOP, 10 * HEAT_TOP, np.inf]])
    row = heat_picture(np.full((1, 6, 3), 128, np.uint8), values)[0]
    assert (row[:3] == row[0]).all()
    assert (row[3:] == row[3]).all()


def test_the_legend_runs_from_the_floor_to_the_top_and_brightens():
    legend = heat_legend(8)
    assert len(legend) == len(set(legend)) == 8
    grey = np.full((1, 2, 3), 128, np.uint8)
    ends = heat_picture(grey, np.float32([[HEAT_FLOOR, HEAT_TOP]]))[0]
    assert [legend[0], legend[-1]] == ["#{:02x}{:02x}{:02x}".format(*rgb) for rgb in ends]
    light = [sum(bytes.fromhex(colour[1:])) for colour in legend]
    assert light == sorted(light)
