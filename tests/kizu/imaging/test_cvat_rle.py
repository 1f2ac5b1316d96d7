import numpy as np
import pytest
from drawn_masks import masks as any_masks
from hypothesis import given
from published import hard_masks

from kizu.imaging.cvat_rle import encode_cvat, paint_cvat


def painted(attributes, shape):
    mask = np.zeros(shape, np.bool_)
    paint_cvat(attributes, mask)
    return mask


@given(any_masks)
def test_any_mask_comes_back_pixel_for_pixel(mask):
    assert np.array_equal(painted(encode_cvat(mask), mask.shape), mask)


@pytest.mark.parametrize("mask", hard_masks().values())
def test_holes_parts_and_lines_come_back_pixel_for_pixel(mask):
    assert np.array_equal(painted(encode_cvat(mask), mask.shape), mask)


def test_run_lengths_start_with_background_and_stay_in_the_box():
    mask = np.zeros((5, 6), np.bool_)
    mask[1, 2:4] = mask[2, 3:5] = True
    box = {"left": "2", "top": "1", "width": "3", "height": "2"}
    assert encode_cvat(mask) == {"rle": "0, 2, 2, 2", **box}


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"rle": "0, 3"}, "do not fill its box"),
        ({"rle": "-4, 8"}, "beyond the edge"),
        ({"rle": "0, x"}, "no whole number"),
        ({"rle": ""}, "no whole number"),
        ({"left": "4"}, "beyond the edge"),
        ({"top": "-1"}, "beyond the edge"),
        ({"width": "1000000000", "rle": "0, 2000000000"}, "beyond the edge"),
    ],
)
def test_a_damaged_mask_has_its_reason(attributes, reason):
    good = {"rle": "0, 4", "left": "1", "top": "1", "width": "2", "height": "2"}
    assert painted(good, (5, 5)).sum() == 4
    with pytest.raises(ValueError, match=reason):
        painted(good | attributes, (5, 5))
