import cv2
import numpy as np
import pytest

from kizu.imaging.borders import mirrored_border


@pytest.mark.timeout(20)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (2, 9), (9, 9)])
def test_a_picture_of_any_size_is_resampled_with_its_mirrored_border(shape):
    rows, columns = shape
    picture = np.arange(rows * columns, dtype=np.uint8).reshape(shape)
    x, y = np.meshgrid(np.arange(-1, columns + 1), np.arange(-1, rows + 1))
    x, y = x.astype(np.float32), y.astype(np.float32)
    got = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=mirrored_border(picture))
    assert np.array_equal(got[1:-1, 1:-1], picture)
    if 1 not in shape:  # else there is nothing to mirror at
        assert np.array_equal(got, np.pad(picture, 1, mode="reflect"))
