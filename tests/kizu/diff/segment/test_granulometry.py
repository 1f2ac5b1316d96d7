import numpy as np

from kizu.diff.segment.granulometry import close_by_thickness


def test_lines_of_print_stay_apart_beside_a_panel():
    page = np.zeros((160, 200), bool)
    page[100:150, 20:180] = True
    page[20:100:12, 20:180] = True
    page[20:100, 20:23] = True
    closed = close_by_thickness(page, 1.2, 28)
    assert not closed[26, 40:160].any()
    assert closed[page].all()


def test_a_narrow_gap_in_a_thick_part_is_closed():
    part = np.zeros((80, 120), bool)
    part[20:60, 20:100] = True
    part[:, 58:62] = False
    assert close_by_thickness(part, 1.2, 28)[30:50, 20:100].all()


def test_an_empty_mask_stays_empty():
    assert not close_by_thickness(np.zeros((20, 30), bool), 1.2, 28).any()
