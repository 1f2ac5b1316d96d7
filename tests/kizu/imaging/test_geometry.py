import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.imaging.geometry import FixedSizes, FreeSizes, Geometry

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
