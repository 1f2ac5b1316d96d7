import numpy as np

from kizu.diff.filters import magnitude, to_lab
from kizu.diff.tone import colour_offsets, correct_tone


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


def test_colour_offsets_never_absorb_a_large_change():
    rgb = np.full((200, 3), 0.5)
    offsets = colour_offsets(rgb, np.full((200, 3), 0.4), np.ones(200, bool))
    assert np.abs(offsets).max() == 0
