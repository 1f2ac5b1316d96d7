"""Lucas and Kanade's field on grey pictures whose displacement is known."""

import cv2
import numpy as np
import pytest

from kizu.diff.align.optical_flow import CELL_PX, pixel_maps, refine_field, within

SIDE_PX = 192
CELLS = SIDE_PX // CELL_PX


def texture(seed=0):
    noise = np.random.default_rng(seed).normal(size=(SIDE_PX, SIDE_PX)).astype(np.float32)
    soft = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (1.2, 3, 8))
    return np.asarray(128 + 40 * soft / soft.std(), np.float32)


def moved(picture, dx, dy):
    """The picture with its content moved right by dx and down by dy pixels."""
    return cv2.warpAffine(
        picture,
        np.float32([[1, 0, dx], [0, 1, dy]]),
        (SIDE_PX, SIDE_PX),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def still():
    return np.zeros((CELLS, CELLS, 2), np.float32)


def inner(field):
    return field[3:-3, 3:-3]


def test_a_picture_and_itself_need_no_correction():
    picture = texture()
    field, residual_px, agreement = refine_field(picture, picture, still())
    assert np.abs(field).max() < 0.01
    assert residual_px < 0.01
    assert np.nanmin(inner(agreement)) > 0.99


@pytest.mark.parametrize(("dx", "dy"), [(0.5, -0.3), (2.0, 1.0), (-3.0, 2.5)])
def test_a_shift_is_found_to_a_tenth_of_a_pixel(dx, dy):
    picture = texture()
    field, residual_px, agreement = refine_field(picture, moved(picture, dx, dy), still())
    np.testing.assert_allclose(inner(field).mean((0, 1)), (-dx, -dy), atol=0.1)
    assert residual_px < 0.15
    assert np.nanmedian(agreement) > 0.95


def test_a_field_that_is_right_already_stays():
    picture = texture()
    right = np.full((CELLS, CELLS, 2), (-2.0, -1.0), np.float32)
    field, residual_px, _ = refine_field(picture, moved(picture, 2.0, 1.0), right)
    assert np.abs(inner(field - right)).max() < 0.1
    assert residual_px < 0.1


@pytest.mark.parametrize("part", [texture(1), moved(texture(), 5.0, 4.0)], ids=["other", "moved"])
def test_a_part_that_was_replaced_or_moved_loses_its_vote(part):
    picture = texture()
    edited = moved(picture, 1.5, 0.0)
    edited[60:110, 60:110] = part[60:110, 60:110]
    field, _, agreement = refine_field(picture, edited, still())
    cells = np.s_[8:13, 8:13]
    np.testing.assert_allclose(field[cells], np.broadcast_to((-1.5, 0.0), (5, 5, 2)), atol=0.3)
    assert np.nanmedian(agreement[cells]) < 0.7 < np.nanmedian(agreement[:6])


def test_a_plain_picture_has_no_agreement_and_is_not_moved():
    plain = np.full((SIDE_PX, SIDE_PX), 90, np.float32)
    field, residual_px, agreement = refine_field(plain, plain, still())
    assert np.abs(field).max() == 0
    assert residual_px == 0
    assert np.isnan(agreement).all()


def test_noise_that_agrees_with_nothing_is_not_followed_far():
    field, _, agreement = refine_field(texture(0), texture(1), still())
    assert np.isfinite(field).all()
    assert np.linalg.norm(field, axis=-1).max() < 20
    assert np.nanmedian(agreement) < 0.5


def test_sampling_maps_of_a_field_of_zeros_are_the_pixel_grid():
    map_x, map_y = pixel_maps(still(), (SIDE_PX, SIDE_PX))
    assert (map_x == np.arange(SIDE_PX)).all()
    assert (map_y == np.arange(SIDE_PX)[:, None]).all()


def test_sampling_maps_of_a_reduced_picture_have_its_size_and_its_pixels():
    field = np.full((CELLS, CELLS, 2), (8.0, -4.0), np.float32)
    map_x, map_y = pixel_maps(field, (SIDE_PX, SIDE_PX), (SIDE_PX // 4, SIDE_PX // 2))
    assert map_x.shape == (SIDE_PX // 4, SIDE_PX // 2)
    np.testing.assert_allclose(map_x - np.arange(SIDE_PX // 2), 4.0, atol=1e-4)
    np.testing.assert_allclose(map_y - np.arange(SIDE_PX // 4)[:, None], -1.0, atol=1e-4)


def test_a_map_is_within_the_picture_up_to_its_last_pixel_less_the_margin():
    map_x, map_y = (field.astype(np.float32) for field in np.meshgrid(np.arange(5), np.arange(4)))
    assert within(map_x, map_y, 0.0).all()
    assert within(map_x, map_y, 1.0).sum() == 3 * 2
    assert not within(map_x + 0.01, map_y, 0.0)[:, -1].any()
    assert not within(map_x, map_y - 0.01, 0.0)[0].any()
