import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kizu.edit.openai_images.markup import encode_markup


def alpha_of(data):
    with Image.open(io.BytesIO(data)) as drawn:
        assert (drawn.format, drawn.mode) == ("PNG", "RGBA")
        return np.asarray(drawn.getchannel("A"))


@given(
    shape=st.tuples(st.integers(16, 90), st.integers(16, 90)),
    corners=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_the_outline_leaves_the_region_visible_and_has_transparent_pixels(shape, corners):
    rows, columns = sorted(corners[:2]), sorted(corners[2:])
    region = np.zeros(shape, bool)
    y0, x0 = int(rows[0] * (shape[0] - 1)), int(columns[0] * (shape[1] - 1))
    y1, x1 = int(rows[1] * shape[0]) + 1, int(columns[1] * shape[1]) + 1
    region[y0:y1, x0:x1] = True
    drawn = alpha_of(encode_markup(region)) > 0
    assert drawn.shape == shape
    assert drawn.any()
    assert not drawn.all()
    assert region.all() or not (drawn & region).any()


@pytest.mark.parametrize("shape", [(1024, 1536), (2880, 2880)])
def test_a_foreground_full_of_holes_stays_far_below_4_mb(shape):
    noisy = np.random.default_rng(0).random(shape) < 0.001
    assert len(encode_markup(noisy)) < 4_000_000
