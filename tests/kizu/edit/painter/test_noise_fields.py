import cv2
import numpy as np
import pytest

from kizu.edit.painter.noise_fields import (
    blob,
    blob_nearby,
    blur,
    component_at,
    fractal_noise,
    grid,
    inside_distance,
    pull_push_fill,
    resize,
    slope,
    smooth_noise,
    smoothstep,
    translate,
)

SHAPE = (48, 80)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def impulse(shape=(65, 65)):
    field = np.zeros(shape, np.float32)
    field[shape[0] // 2, shape[1] // 2] = 1.0
    return field


@pytest.mark.parametrize("sigma_px", [0.7, 3.0, 4.0, 9.0])
def test_a_blur_keeps_the_sum_and_has_the_width_asked_for(sigma_px):
    soft = blur(impulse(), sigma_px)
    assert soft.sum() == pytest.approx(1.0, abs=0.02)
    rows = np.arange(65) - 32.0
    spread = np.sqrt((soft.sum(axis=1) * rows**2).sum() / soft.sum())
    assert spread == pytest.approx(sigma_px, rel=0.15, abs=0.3)


def test_a_blur_of_no_width_changes_nothing():
    assert blur(impulse(), 0.0).sum() == 1.0
    np.testing.assert_array_equal(blur(impulse(), 0.0), impulse())


def test_a_blur_far_wider_than_the_field_is_its_mean():
    field = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert np.ptp(blur(field, 500.0)) < 0.35 * np.ptp(field)


def test_a_resized_field_has_the_shape_as_height_and_width():
    assert resize(np.zeros(SHAPE, np.float32), (7, 9)).shape == (7, 9)
    assert resize(np.zeros((*SHAPE, 3), np.float32), (7, 9)).shape == (7, 9, 3)


def test_smoothstep_is_flat_at_both_ends_and_half_in_the_middle():
    values = np.array([-9.0, 2.0, 3.0, 4.0, 9.0])
    assert smoothstep(values, 2.0, 4.0).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


@pytest.mark.parametrize("noise", [smooth_noise, fractal_noise])
def test_noise_has_unit_variance_and_repeats_by_its_seed(noise):
    first, second = (noise((256, 256), 12.0, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.std() == pytest.approx(1.0, abs=0.1)
    assert (first != noise((256, 256), 12.0, np.random.default_rng(4))).any()


def test_the_hills_of_noise_are_as_far_apart_as_asked(rng):
    def correlation(length_px):
        field = smooth_noise((256, 256), length_px, rng)
        return np.corrcoef(field[:, :-8].ravel(), field[:, 8:].ravel())[0, 1]

    assert correlation(4.0) < 0.2
    assert correlation(64.0) > 0.8


@pytest.mark.parametrize("shape", [(1, 1), (2, 90), (90, 2)])
def test_noise_fits_slivers(shape, rng):
    for noise in (smooth_noise, fractal_noise):
        field = noise(shape, 30.0, rng)
        assert field.shape == shape
        assert np.isfinite(field).all()


def test_grid_counts_along_and_across_a_direction():
    along, across = grid(SHAPE, 10.0, 20.0, np.pi / 2)
    assert (along[20, 10], across[20, 10]) == (0.0, 0.0)
    assert along[25, 10] == pytest.approx(5.0, abs=1e-5)
    assert across[20, 14] == pytest.approx(-4.0, abs=1e-5)


def test_a_blob_without_roughness_is_the_ellipse(rng):
    distance = blob(SHAPE, (40, 24), (20.0, 10.0), roughness=0.0, rng=rng)
    assert (distance > 0).sum() == pytest.approx(np.pi * 200, rel=0.02)
    assert distance[24, 20] == pytest.approx(0.0, abs=1e-4)
    assert distance[14, 40] == pytest.approx(0.0, abs=1e-4)


def test_roughness_moves_a_blobs_border_and_keeps_about_its_area(rng):
    rough = blob(SHAPE, (40, 24), (18.0, 12.0), roughness=0.15, rng=rng) > 0
    smooth = blob(SHAPE, (40, 24), (18.0, 12.0), roughness=0.0, rng=rng) > 0
    assert (rough != smooth).any()
    assert rough.sum() == pytest.approx(smooth.sum(), rel=0.4)


def test_a_blob_nearby_is_whole_within_its_window(rng):
    window, distance = blob_nearby((200, 300), (120.4, 80.7), (9.0, 6.0), roughness=0.17, rng=rng)
    assert distance.shape == tuple(part.stop - part.start for part in window)
    border = np.concatenate([distance[0], distance[-1], distance[:, 0], distance[:, -1]])
    assert (border < 0).all()
    rows, columns = np.nonzero(distance > 0)
    assert rows.mean() + window[0].start == pytest.approx(80.7, abs=2)
    assert columns.mean() + window[1].start == pytest.approx(120.4, abs=2)


@pytest.mark.parametrize("centre", [(-50.0, -50.0), (0.0, 0.0), (500.0, 10.0)])
def test_a_blob_at_or_beyond_the_border_still_has_a_window_of_the_field(centre, rng):
    window, distance = blob_nearby(SHAPE, centre, (4.0, 4.0), roughness=0.1, rng=rng)
    assert np.zeros(SHAPE)[window].shape == distance.shape
    assert distance.size > 0


def test_slope_is_the_rise_per_pixel_along_a_direction():
    rows, columns = np.mgrid[:10, :12].astype(np.float32)
    np.testing.assert_allclose(slope(3 * columns - 2 * rows, (1.0, 0.0)), 3.0)
    np.testing.assert_allclose(slope(3 * columns - 2 * rows, (0.0, 1.0)), -2.0)


def test_distances_count_from_the_first_pixel_outside():
    mask = np.zeros((9, 9), bool)
    mask[2:7, 2:7] = True
    distance = inside_distance(mask)
    assert (distance[~mask] == 0).all()
    assert distance[2, 4] == pytest.approx(1.0, abs=0.01)
    assert distance[4, 4] == pytest.approx(3.0, abs=0.01)


def test_the_component_at_a_point_is_its_own_or_the_nearest():
    mask = np.zeros((20, 20), bool)
    mask[2:5, 2:5] = mask[10:18, 10:18] = True
    assert component_at(mask, 3, 3).sum() == 9
    assert component_at(mask, 9, 9).sum() == 64
    assert component_at(np.zeros((4, 4), bool), 1, 1).sum() == 0


def test_a_translated_field_moves_right_and_down_and_repeats_its_border():
    field = np.arange(12, dtype=np.float32).reshape(3, 4)
    moved = translate(field, 1.0, 1.0)
    np.testing.assert_array_equal(moved[1:, 1:], field[:-1, :-1])
    np.testing.assert_array_equal(moved[0, 1:], field[0, :-1])


def test_known_values_stay_and_unknown_ones_come_from_around_them():
    rows, columns = np.mgrid[:32, :32].astype(np.float32)
    values = np.stack([columns, rows, np.full_like(rows, 7)], -1)
    known = np.ones((32, 32), np.float32)
    known[12:20, 12:20] = 0
    filled = pull_push_fill(np.where(known[..., None] > 0, values, -999), known)
    np.testing.assert_array_equal(filled[known > 0], values[known > 0])
    gap = filled[known == 0]
    assert gap[:, :2].min() > 8
    assert gap[:, :2].max() < 23
    np.testing.assert_allclose(gap[:, 2], 7, atol=1e-3)


def test_one_known_pixel_fills_everything():
    known = np.zeros((17, 5), np.float32)
    known[3, 2] = 1
    filled = pull_push_fill(np.full((17, 5, 3), 5.0, np.float32), known)
    np.testing.assert_allclose(filled, 5.0, rtol=1e-3)


def test_where_nothing_is_known_nothing_is_made_up():
    filled = pull_push_fill(np.full((8, 8, 3), 5.0, np.float32), np.zeros((8, 8), np.float32))
    assert (filled == 0).all()


def test_wide_blurs_agree_with_the_plain_one_off_the_border(rng):
    field = rng.standard_normal((128, 128)).astype(np.float32).cumsum(0).cumsum(1)
    plain = cv2.GaussianBlur(field, (0, 0), 8.0, borderType=cv2.BORDER_REFLECT_101)
    difference = np.abs(blur(field, 8.0) - plain)[16:-16, 16:-16]
    assert difference.max() < 0.03 * np.ptp(field)
