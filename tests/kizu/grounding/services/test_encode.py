from io import BytesIO

import numpy as np
from PIL import Image

from kizu.grounding.services.encode import encoded, shrink


def photo(shape=(60, 100)):
    return np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)


def test_a_photo_is_sent_without_loss_where_it_fits():
    file, media_type = encoded(photo(), 10**6)
    assert media_type == "image/png"
    assert np.array_equal(np.asarray(Image.open(BytesIO(file))), photo())


def test_a_photo_too_large_as_png_is_sent_as_jpeg():
    file, media_type = encoded(photo(), 100)
    assert media_type == "image/jpeg"
    assert Image.open(BytesIO(file)).size == (100, 60)


def test_shrinking_keeps_the_proportions_and_small_photos_as_they_are():
    assert shrink(photo(), 50).shape == (30, 50, 3)
    assert np.array_equal(shrink(photo(), 100), photo())
