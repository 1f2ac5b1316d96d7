import cv2
import numpy as np
import pytest

from kizu.diff.align.tone import correct_tone
from kizu.diff.filters import magnitude, to_lab


def everywhere(image):
    return np.ones(image.shape[:2], bool)


def test_a_gain_is_corrected(photo):
    edited = np.clip(photo * np.array([1.06, 1.0, 0.94]), 0, 255).astype(np.uint8)
    tone = correct_tone(photo, edited, everywhere(photo))
    left = magnitude(to_lab(edited) - tone.predicted)
    assert np.median(left) < 0.7
    assert np.median(magnitude(to_lab(edited) - to_lab(photo))) > 3


def test_a_painted_part_is_not_corrected_away(photo, stained):
    edited, truth = stained(photo, radius=24)
    tone = correct_tone(photo, edited, everywhere(photo))
    left = magnitude(to_lab(edited) - tone.predicted)
    assert np.median(left[truth]) > 20
    assert np.median(left[~truth]) < 0.5


def test_uneven_light_is_corrected(photo):
    ramp = np.linspace(0.92, 1.05, photo.shape[1])[None, :, None]
    edited = np.clip(photo * ramp, 0, 255).astype(np.uint8)
    tone = correct_tone(photo, edited, everywhere(photo))
    assert np.median(magnitude(to_lab(edited) - tone.predicted)) < 0.8


def test_light_from_one_side_shows_although_its_halves_cancel(photo):
    ramp = np.linspace(0.4, 1.6, photo.shape[1])[None, :, None]
    edited = np.clip(photo * ramp, 0, 255).astype(np.uint8)
    nothing = np.zeros(photo.shape[:2], bool)
    relit, slight = (
        correct_tone(photo, image, everywhere(photo)).relight_delta_e(nothing)
        for image in (edited, np.clip(photo * 1.03, 0, 255).astype(np.uint8))
    )
    assert relit > 10
    assert slight < 3


def test_a_rare_colour_is_doubted_where_the_tone_drifted():
    normal = np.full((288, 288, 3), (120, 110, 100), np.uint8)
    normal[::7] += 30
    normal[140:152, 140:152] = (30, 160, 40)
    edited = np.clip(normal * np.array([1.1, 1.0, 0.85]), 0, 255).astype(np.uint8)
    uncertainty = correct_tone(normal, edited, everywhere(normal)).uncertainty
    assert uncertainty[72, 72] > np.median(uncertainty) + 1


def coloured(photo, *, gain=1.0, towards=(0.0, 0.0)):
    """A photo in other colours: chroma times a gain, and a step in a* and b*."""
    lab = to_lab(photo)
    lab[..., 1:] = gain * lab[..., 1:] + np.float32(towards)
    return np.clip(255 * cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 255).astype(np.uint8)


def test_a_picture_with_more_or_less_colour_is_cast_to_none(photo):
    warm = coloured(photo, towards=(12.0, 24.0))
    for gain in (0.7, 1.4):
        tone = correct_tone(warm, coloured(warm, gain=gain), everywhere(photo))
        assert np.hypot(*tone.offset[1:]) > 6
        assert tone.cast_delta_e < 2


@pytest.mark.parametrize("before", [(0.0, 0.0), (12.0, 24.0)])
def test_a_picture_that_one_colour_was_added_to_is_cast(photo, before):
    normal = coloured(photo, towards=before)
    tone = correct_tone(normal, coloured(normal, towards=(-10.0, 10.0)), everywhere(photo))
    assert tone.cast_delta_e > 9


def test_many_times_as_much_colour_is_a_cast(photo):
    faint = coloured(photo, gain=0.2, towards=(3.0, 6.0))
    tone = correct_tone(faint, coloured(faint, gain=4.0), everywhere(photo))
    assert tone.cast_delta_e > 10
