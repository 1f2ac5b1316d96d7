import numpy as np
import pytest
from drawn_masks import masks
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from kizu.imaging.crops import MaskCrop, crop_of
from kizu.imaging.rle import decode_crop, decode_rle, encode_crop, encode_rle

ANY = masks | arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12))


@given(ANY)
def test_decoding_gives_the_encoded_mask(mask):
    assert np.array_equal(decode_rle(encode_rle(mask)), mask)


@given(ANY)
def test_a_crop_is_encoded_as_its_mask_is_to_the_byte(mask):
    assert encode_crop(crop_of(mask), mask.shape) == encode_rle(mask)


@given(ANY, st.integers(0, 3), st.integers(0, 3))
@example(np.ones((5, 4), bool), 0, 0)
def test_a_crop_may_be_wider_than_its_region(mask, left, above):
    window = mask[min(above, crop_of(mask).y0) :, min(left, crop_of(mask).x0) :]
    crop = MaskCrop(mask.shape[1] - window.shape[1], mask.shape[0] - window.shape[0], window)
    assert encode_crop(crop, mask.shape) == encode_rle(mask)


@given(ANY)
def test_a_crop_is_decoded_in_the_tight_box(mask):
    crop, expected = decode_crop(encode_rle(mask)), crop_of(mask)
    assert crop.xyxy == expected.xyxy
    assert np.array_equal(crop.inside, expected.inside)


@pytest.mark.parametrize("step_px", [1, 3, 40, 2000])
def test_long_and_short_runs_in_turn_are_decoded(step_px):
    mask = np.zeros((3000, 7), bool)
    mask[::step_px, 1:6] = True
    mask[17:900, 3] = True
    assert np.array_equal(decode_crop(encode_rle(mask)).inside, crop_of(mask).inside)


def test_a_mask_without_a_true_pixel_is_an_empty_crop():
    empty = np.zeros((3, 4), bool)
    assert decode_crop(encode_rle(empty)).inside.size == 0
    assert encode_crop(crop_of(empty), (3, 4)) == encode_rle(empty)
