import cv2
import numpy as np

from kizu.diff.filters import gaussian
from kizu.diff.segment.opacity import layer_coverage

PART = cv2.circle(np.zeros((120, 120), np.uint8), (60, 60), 40, 1, -1) > 0
ALPHA = gaussian(cv2.circle(np.zeros((120, 120), np.float32), (60, 60), 30, 1.0, -1), 4.0)


def wooden():
    """Colours that vary widely, (120, 120, 3) Lab."""
    noise = np.random.default_rng(0).normal(0, 12, (120, 120, 3)).astype(np.float32)
    return gaussian(noise, 1.0) * 3 + np.array((50, 10, 20), np.float32)


def test_the_coverage_of_a_tinted_layer_is_recovered_whatever_lies_below():
    surface = wooden()
    tint = np.array((20, 15, 30), np.float32)
    residual = 0.6 * ALPHA[..., None] * (tint - surface)
    coverage = layer_coverage(PART, residual, surface, 1.6)
    assert np.abs(coverage - ALPHA)[PART].max() < 0.15


def test_a_dent_with_a_light_and_a_dark_side_is_no_layer():
    shading = ALPHA * np.sign(np.arange(120, dtype=np.float32) - 59.5)
    residual = np.dstack([20 * shading, 0 * shading, 0 * shading])
    assert layer_coverage(PART, residual, wooden(), 1.6) is None


def test_other_texture_is_no_layer():
    surface = wooden()
    other = np.ascontiguousarray(surface[::-1, ::-1])
    assert layer_coverage(PART, ALPHA[..., None] * (other - surface), surface, 1.6) is None


def test_a_few_pixels_are_too_few_for_a_layer():
    few = np.zeros((120, 120), bool)
    few[60, 60:64] = True
    assert layer_coverage(few, np.ones((120, 120, 3), np.float32), wooden(), 1.6) is None
