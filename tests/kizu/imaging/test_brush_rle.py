from contextlib import suppress

import numpy as np
import pytest
from drawn_masks import masks as any_masks
from hypothesis import given
from hypothesis import strategies as st
from published import hard_masks

from kizu.imaging.brush_rle import decode_brush, encode_brush


@given(any_masks)
def test_any_mask_comes_back_pixel_for_pixel(mask):
    assert np.array_equal(decode_brush(encode_brush(mask), mask.shape), mask)


@pytest.mark.parametrize("mask", [*hard_masks().values(), np.ones((300, 301), np.bool_)])
def test_holes_parts_lines_and_long_runs_come_back_pixel_for_pixel(mask):
    assert np.array_equal(decode_brush(encode_brush(mask), mask.shape), mask)


def test_a_mask_is_encoded_as_label_studio_encodes_it():
    mask = np.zeros((6, 11), np.bool_)
    mask[1:5, 1:8] = True
    mask[2:4, 3:5] = False
    mask[5, 10] = True
    mask[np.arange(5), np.arange(5) + 6] = True
    assert encode_brush(mask) == GOLDEN


GOLDEN = [
    0,
    0,
    1,
    8,
    57,
    27,
    254,
    23,
    0,
    143,
    255,
    9,
    128,
    97,
    191,
    251,
    224,
    19,
    255,
    206,
    1,
    127,
    254,
    216,
    4,
    255,
    243,
    128,
    91,
    255,
    140,
    2,
    63,
    249,
    192,
    48,
    223,
    252,
    224,
    17,
    255,
    226,
    112,
    8,
    255,
    192,
]
"""What ``label_studio_sdk.converter.brush.mask2rle`` of label-studio-sdk 2.1.2 makes of it."""


def packed(parts, count):
    """Bytes of (value, bits) parts behind a header with sizes that are not Label Studio's own."""
    header = [(count, 32), (7, 5), (1, 4), (5, 4), (8, 4), (11, 4)]
    text = "".join(f"{value:0{bits}b}" for value, bits in [*header, *parts])
    text += "0" * (-len(text) % 8)
    return [int(text[at : at + 8], 2) for at in range(0, len(text), 8)]


@given(st.lists(st.integers(0, 255), min_size=1, max_size=60))
def test_single_values_are_read_and_half_of_a_pixel_belongs(alphas):
    rgba = [value for alpha in alphas for value in (0, 0, 0, alpha)]
    values = [(0, 1), (2, 2), (len(rgba) - 1, 9), *((value, 8) for value in rgba)]
    found = decode_brush(packed(values, len(rgba)), (1, len(alphas)))
    assert found.tolist() == [[alpha >= 128 for alpha in alphas]]


@given(any_masks, st.data())
def test_run_lengths_that_are_cut_off_are_refused(mask, data):
    rle = encode_brush(mask)
    with pytest.raises(ValueError, match="cut off"):
        decode_brush(rle[: data.draw(st.integers(0, len(rle) - 2))], mask.shape)


@given(any_masks, st.lists(st.integers(0, 255), min_size=9, max_size=80))
def test_any_bytes_give_a_mask_of_the_size_or_a_reason(mask, tail):
    with suppress(ValueError):
        assert decode_brush([*encode_brush(mask)[:4], *tail], mask.shape).shape == mask.shape


@pytest.mark.parametrize(
    ("rle", "reason"),
    [
        ([1, 2, 256], "no list of bytes"),
        ([-1], "no list of bytes"),
        ([], "cut off"),
        (encode_brush(np.ones((4, 5), np.bool_)), "80 values of 8 bits, its picture has 5x5"),
        (packed([(1, 1), (3, 2), (200, 12), (0, 8)], 100), "beyond the end"),
    ],
)
def test_what_is_no_mask_of_the_picture_is_refused(rle, reason):
    with pytest.raises(ValueError, match=reason):
        decode_brush(rle, (5, 5))
