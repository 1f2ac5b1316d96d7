from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kizu.imaging.geometry import FixedSizes, FreeSizes, Geometry
from kizu.store.keys import canonical_json

SQUARE_OR_NOT = FixedSizes(((1024, 1024), (1536, 1024), (1024, 1536)))
STEPS_OF_16 = FreeSizes(
    multiple_px=16, min_pixels=655_360, max_pixels=8_294_400, max_edge_px=3840, max_aspect=3
)
sides = st.integers(32, 5000)


def ramp(width: int, height: int) -> np.ndarray:
    x = np.linspace(0, 255, width)[None, :]
    y = np.linspace(0, 255, height)[:, None]
    return np.stack(np.broadcast_arrays(x, y, (x + y) / 2), axis=-1).astype(np.uint8)


@given(sides, sides)
def test_free_sizes_keep_their_bounds(width, height):
    w, h = STEPS_OF_16.best_size(width, height)
    assert w % 16 == 0
    assert h % 16 == 0
    assert 655_360 <= w * h <= 8_294_400
    assert max(w, h) <= 3840
    assert max(w, h) <= 3 * min(w, h)


@given(
    sides, sides, st.sampled_from([SQUARE_OR_NOT, STEPS_OF_16]), st.sampled_from(["pad", "crop"])
)
def test_every_photo_fits_into_the_models_picture(width, height, rule, fit):
    geometry = Geometry.fit((width, height), rule, fit)
    assert geometry.offset[0] + geometry.scaled[0] <= geometry.model[0]
    assert geometry.offset[1] + geometry.scaled[1] <= geometry.model[1]
    assert min(geometry.scaled) > 0
    assert geometry.crop[0] + geometry.crop[2] <= width
    assert geometry.crop[1] + geometry.crop[3] <= height


def test_a_landscape_photo_gets_the_landscape_size():
    assert SQUARE_OR_NOT.best_size(600, 400) == (1536, 1024)
    assert SQUARE_OR_NOT.best_size(400, 600) == (1024, 1536)
    assert SQUARE_OR_NOT.best_size(500, 500) == (1024, 1024)


def test_padding_alone_is_undone_to_the_bit():
    photo = np.random.default_rng(0).integers(0, 255, (900, 1000, 3), dtype=np.uint8)
    geometry = Geometry.fit((1000, 900), SQUARE_OR_NOT)
    assert np.array_equal(geometry.undo(geometry.apply(photo), photo), photo)


def test_scaling_is_undone_in_place():
    photo = ramp(600, 400)
    geometry = Geometry.fit((600, 400), SQUARE_OR_NOT)
    back = geometry.undo(geometry.apply(photo), photo)
    assert np.abs(back.astype(int) - photo).max() <= 3


def test_what_a_crop_leaves_out_comes_from_the_photo():
    photo = ramp(2000, 1000)
    geometry = Geometry.fit((2000, 1000), FixedSizes(((512, 512),)), "crop")
    back = geometry.undo(np.zeros((512, 512, 3), np.uint8), photo)
    assert np.array_equal(back[:, :500], photo[:, :500])
    assert not back[:, 500:1500].any()
    assert np.array_equal(back[:, 1500:], photo[:, 1500:])


def test_masks_travel_both_ways():
    mask = np.zeros((400, 600), bool)
    mask[100:200, 150:300] = True
    geometry = Geometry.fit((600, 400), SQUARE_OR_NOT)
    sent = geometry.apply_mask(mask)
    assert sent.shape == (1024, 1536)
    assert np.count_nonzero(geometry.undo_mask(sent) ^ mask) < 0.02 * mask.sum()


def test_a_photo_of_another_size_is_refused_by_name():
    geometry = Geometry.fit((600, 400), SQUARE_OR_NOT)
    with pytest.raises(ValueError, match="normal image is 40x40, the geometry needs 600x400"):
        geometry.apply(np.zeros((40, 40, 3), np.uint8))
    with pytest.raises(ValueError, match="edited picture is 40x40"):
        geometry.undo(np.zeros((40, 40, 3), np.uint8), ramp(600, 400))


@st.composite
def unscaled(draw):
    """A geometry that turns, cuts and pads, and keeps every pixel as it is."""
    source = draw(st.integers(2, 40)), draw(st.integers(2, 40))
    x, y = (draw(st.integers(0, side - 1)) for side in source)
    part = draw(st.integers(1, source[0] - x)), draw(st.integers(1, source[1] - y))
    left, top, right, bottom = (draw(st.integers(0, 12)) for _ in range(4))
    framed = left + part[0] + right, top + part[1] + bottom
    turns = draw(st.integers(0, 3))
    model = framed[::-1] if turns % 2 else framed
    return Geometry(source, (x, y, *part), part, (left, top), model, turns)


@given(unscaled(), st.integers(0, 99))
def test_without_scaling_every_turn_is_undone_to_the_bit(geometry, seed):
    photo = np.random.default_rng(seed).integers(0, 255, (*geometry.source[::-1], 3), np.uint8)
    answer = geometry.apply(photo)
    assert answer.shape[1::-1] == geometry.model
    assert np.array_equal(geometry.undo(answer, photo), photo)


@given(unscaled(), st.integers(0, 99))
def test_masks_land_where_pixels_land(geometry, seed):
    mask = np.random.default_rng(seed).random(geometry.source[::-1]) < 0.3
    x, y, width, height = geometry.crop
    sent = geometry.apply_mask(mask)
    drawn = geometry.apply(np.repeat(mask[..., None] * np.uint8(200), 3, axis=2))[..., 0] > 0
    assert not (sent & ~drawn).any()
    cut = mask[y : y + height, x : x + width]
    assert np.count_nonzero(sent) == np.count_nonzero(cut)
    back = geometry.undo_mask(sent)
    assert np.array_equal(back[y : y + height, x : x + width], cut)
    assert np.count_nonzero(back) == np.count_nonzero(cut)


def test_a_turned_picture_lies_counter_clockwise():
    photo = ramp(6, 4)
    turned = Geometry((6, 4), (0, 0, 6, 4), (6, 4), (0, 0), (4, 6), turns=1).apply(photo)
    assert np.array_equal(turned, np.rot90(photo))


def test_more_than_three_turns_are_refused():
    with pytest.raises(ValueError, match="turns is 4"):
        Geometry((6, 4), (0, 0, 6, 4), (6, 4), (0, 0), (6, 4), turns=4)


@given(
    st.integers(60, 300),
    st.integers(8, 300),
    st.integers(-1, 1),
    st.integers(0, 59),
    st.booleans(),
    st.integers(0, 3),
)
def test_a_line_of_one_pixel_survives_any_scaling(side, width, rounding, at, upright, turns):
    mask = np.zeros((60, side), bool)
    mask[(slice(None), at) if upright else (at, slice(None))] = True
    height = max(round(60 * width / side) + rounding, 1)
    across = Fraction(width, side) if upright else Fraction(height, 60)
    halves = [end % 1 == Fraction(1, 2) for end in (at * across, (at + 1) * across)]
    assume(not any(halves))  # half a pixel: OpenCV rounds it up here and down there
    model = (height, width) if turns % 2 else (width, height)
    whole = Geometry((side, 60), (0, 0, side, 60), (width, height), (0, 0), model, turns)
    sent = whole.apply_mask(mask)
    long_side = np.ptp(np.argwhere(sent), axis=0).max() + 1
    assert long_side >= (height if upright else width)
    assert whole.undo_mask(sent)[mask].mean() > 0.5 or min(width / side, height / 60) < 1


def test_geometries_without_a_turn_keep_their_keys():
    geometry = Geometry.fit((600, 400), SQUARE_OR_NOT)
    old = (
        '{"crop":[0,0,600,400],"model":[1536,1024],"offset":[0,0],'
        '"scaled":[1536,1024],"source":[600,400]}'
    )
    assert canonical_json(geometry.identity()) == old
    assert geometry.identity() != replace(geometry, turns=2).identity()


@given(
    st.sampled_from([(0, 0, 90, 60), (3, 2, 80, 50), (0, 0, 90, 59)]),
    st.sampled_from([1.0, 0.5, 1.28, 0.999]),
    st.integers(0, 8),
    st.integers(0, 3),
)
def test_words_name_what_was_done_and_nothing_else(crop, scale, border_px, turns):
    scaled = (round(crop[2] * scale), round(crop[3] * scale))
    framed = (scaled[0] + border_px, scaled[1])
    model = framed[::-1] if turns % 2 else framed
    words = Geometry((90, 60), crop, scaled, (0, 0), model, turns).in_words()
    assert ("cropped to" in words) == (crop != (0, 0, 90, 60))
    assert "100 %" not in words
    assert ("resized" in words) == (scaled != crop[2:])
    assert "1.00," not in f"{words},"
    assert ("padded" in words) == (border_px > 0)
    assert ("turned" in words) == (turns > 0)
    assert (words == "as it is") == (framed == (90, 60) and crop[2:] == (90, 60) and not turns)


def test_words_give_both_scales_of_a_squeezed_picture():
    squeezed = Geometry.whole((80, 60), (40, 45))
    assert squeezed.in_words() == "resized 0.50 x 0.75"
    assert Geometry.whole((81, 61), (40, 30)).in_words() == "resized 0.49"
    assert Geometry.whole((80, 60), (60, 80)).in_words() == "resized 0.75 x 1.33"


def test_words_say_which_way_a_picture_was_turned():
    sizes = [(80, 60), (60, 80), (80, 60), (60, 80)]
    turned = [
        Geometry((80, 60), (0, 0, 80, 60), (80, 60), (0, 0), size, turns).in_words()
        for turns, size in enumerate(sizes)
    ]
    assert turned == ["as it is", "turned left", "turned upside down", "turned right"]
