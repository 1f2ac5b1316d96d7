"""Masks grow and shrink by a disc."""

import numpy as np

from kizu.imaging.morphology import dilate, disc, erode


def test_a_pixel_grows_to_the_disc():
    mask = np.zeros((11, 11), bool)
    mask[5, 5] = True
    assert np.array_equal(dilate(mask, 5), disc(5) > 0)


def test_what_grew_shrinks_back():
    mask = np.zeros((20, 20), bool)
    mask[8:12, 7:13] = True
    assert np.array_equal(erode(dilate(mask, 3), 3) & mask, mask)


def test_a_mask_shrinks_from_the_border_too():
    assert erode(np.ones((7, 7), bool), 2).sum() == 9
