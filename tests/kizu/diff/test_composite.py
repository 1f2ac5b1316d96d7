import numpy as np

from kizu.diff import composite, diff_mask


def test_outside_the_mask_the_composite_is_exactly_the_normal(photo, stained, drifted):
    edited = drifted(stained(photo)[0])
    pasted = composite(photo, edited, diff_mask(photo, edited))
    assert pasted.touched.any()
    assert np.array_equal(pasted.image[~pasted.touched], photo[~pasted.touched])


def test_the_composite_lies_in_the_normals_frame(photo, stained, drifted):
    painted, truth = stained(photo)
    edited = drifted(painted)
    pasted = composite(photo, edited, diff_mask(photo, edited))
    assert (pasted.touched & truth).sum() / truth.sum() > 0.95
    assert np.abs(pasted.image[truth].astype(float) - painted[truth]).mean() < 12


def test_nothing_changed_gives_the_normal_back(photo, drifted):
    edited = drifted(photo)
    pasted = composite(photo, edited, diff_mask(photo, edited))
    assert np.array_equal(pasted.image, photo)
    assert not pasted.touched.any()
