"""Slices cut the part of a picture that they were made for."""

import numpy as np

from kizu.imaging.slices import grown, slices_around, slices_of


def test_slices_of_a_box_hold_its_pixels():
    picture = np.arange(20).reshape(4, 5)
    assert picture[slices_of(2, 1, 3, 2)].tolist() == [[7, 8, 9], [12, 13, 14]]


def test_a_margin_ends_at_the_border():
    picture = np.zeros((6, 9))
    assert picture[grown(slices_of(0, 4, 2, 2), 3, picture.shape)].shape == (5, 5)


def test_slices_around_a_mask_hold_all_of_it():
    mask = np.zeros((9, 9), bool)
    mask[3, 4] = mask[6, 2] = True
    assert slices_around(mask, 0) == (slice(3, 7), slice(2, 5))
    assert mask[slices_around(mask, 1)].sum() == mask.sum()
