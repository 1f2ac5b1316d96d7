import numpy as np

from kizu.diff.align.block_matching import coarse_affine


def test_flat_images_are_matched_by_the_identity():
    flat = np.full((80, 80), 128, np.float32)
    assert np.allclose(coarse_affine(flat, flat), np.eye(2, 3))
