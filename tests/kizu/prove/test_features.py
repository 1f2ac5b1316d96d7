import numpy as np
from real_parts import surface

from kizu.prove.features import FEATURES, describe


def test_every_pixel_has_all_features():
    found = describe(surface(1)[:64, :80])
    assert found.shape == (64, 80, FEATURES)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_a_longer_exposure_looks_nearly_alike():
    photo = surface(1).astype(np.float32)
    dark, bright = (np.rint(photo * gain).astype(np.uint8) for gain in (0.6, 0.9))
    other = describe(surface(2))
    apart = np.abs(describe(dark) - describe(bright)).mean()
    assert apart < 0.2 * np.abs(describe(dark) - other).mean()


def test_a_black_picture_has_features():
    assert np.isfinite(describe(np.zeros((64, 64, 3), np.uint8))).all()
