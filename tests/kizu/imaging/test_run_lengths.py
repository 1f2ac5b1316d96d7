"""Masks on their way to the page and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco_mask

from kizu.imaging.rle import decode_rle
from kizu.imaging.run_lengths import mask_of_runs, run_lengths

MASKS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12))


@given(MASKS)
def test_a_mask_comes_back_as_it_was_sent(mask):
    assert np.array_equal(mask_of_runs(run_lengths(mask), mask.shape), mask)


@given(MASKS)
def test_the_runs_are_those_of_coco(mask):
    runs = {"size": list(mask.shape), "counts": run_lengths(mask)}
    rle = coco_mask.frPyObjects(runs, *mask.shape)
    assert np.array_equal(decode_rle({**rle, "counts": rle["counts"].decode()}), mask)


@given(st.lists(st.integers(-5, 20), max_size=8))
def test_runs_that_do_not_fill_the_image_are_refused(runs):
    if sum(runs) == 12 and all(run >= 0 for run in runs):
        assert mask_of_runs(runs, (3, 4)).shape == (3, 4)
    else:
        with pytest.raises(ValueError, match="its image is 4x3; send the whole mask"):
            mask_of_runs(runs, (3, 4))
