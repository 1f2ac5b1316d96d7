import numpy as np

from kizu.diff.align.registration import register, warp_normal


def expected_maps(shape, shift, scale=1.004):
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    return (x - shift[0]) / scale, (y - shift[1]) / scale


def test_registration_follows_shift_and_zoom_to_a_fifth_of_a_pixel(photo, drifted):
    registration = register(photo, drifted(photo, shift=(4.0, -3.0)))
    x, y = expected_maps(photo.shape, (4.0, -3.0))
    error = np.hypot(registration.map_x - x, registration.map_y - y)[registration.valid]
    assert np.median(error) < 0.2
    much = np.full((4, 4), 9, np.float32)
    assert registration.match_rate(np.zeros(photo.shape[:2], bool), much) > 0.9


def test_registration_is_not_bent_by_a_painted_part(photo, drifted, stained):
    edited, _ = stained(photo, radius=26)
    registration = register(photo, drifted(edited))
    x, y = expected_maps(photo.shape, (1.6, -1.1))
    error = np.hypot(registration.map_x - x, registration.map_y - y)[registration.valid]
    assert np.median(error) < 0.3


def test_pixels_without_counterpart_are_not_valid(photo, drifted):
    registration = register(photo, drifted(photo, shift=(9.0, 0.0)))
    assert not registration.valid[:, :6].any()


def test_the_warped_normal_lies_on_the_edit(photo, drifted):
    edited = drifted(photo, shift=(3.0, 2.0), gain=1.0, noise=0.0)
    registration = register(photo, edited)
    before = np.abs(photo.astype(float) - edited)[registration.valid].mean()
    after = np.abs(warp_normal(photo, registration).astype(float) - edited)[registration.valid]
    assert after.mean() < 0.5 * before


def test_the_match_rate_does_not_count_what_changed_against_the_picture(photo):
    edited = photo.copy()
    edited[60:160, 60:160] = photo[60:160, 60:160][::-1, ::-1]
    changed = np.zeros(photo.shape[:2], bool)
    changed[50:170, 50:170] = True
    registration = register(photo, edited)
    much, nothing = (np.full((4, 4), left, np.float32) for left in (9, 0))
    assert registration.match_rate(changed, much) > 0.98
    assert registration.match_rate(np.zeros_like(changed), much) < 0.98
    assert registration.match_rate(np.zeros_like(changed), nothing) == 1


def test_the_field_runs_on_to_the_border(photo, drifted):
    registration = register(photo, drifted(photo, shift=(9.0, 7.0)))
    x, y = expected_maps(photo.shape, (9.0, 7.0))
    error = np.hypot(registration.map_x - x, registration.map_y - y)
    error[20:-20, 20:-20] = 0
    assert np.quantile(error[registration.valid], 0.9) < 1.0
