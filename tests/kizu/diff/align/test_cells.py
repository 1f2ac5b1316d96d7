import numpy as np

from kizu.diff.align.cells import Cells, coarse_bin, sample


def cells_of(image):
    return Cells.of(image, image, np.ones(image.shape[:2], bool))


def test_cells_of_a_small_picture_are_no_single_pixels():
    assert cells_of(np.zeros((64, 96, 3), np.uint8)).shape == (32, 48)


def test_a_sample_keeps_rare_colours_and_stands_for_all_cells():
    image = np.full((288, 288, 3), 120, np.uint8)
    image[100:108, 100:108] = (200, 20, 20)
    cells = cells_of(image)
    some, counts = sample(cells)
    assert len(some.rgb) < len(cells.rgb) / 4
    assert np.isclose(counts.sum(), cells.valid.sum())
    assert set(coarse_bin(some.rgb)) == set(coarse_bin(cells.rgb))


def test_a_sample_is_spread_over_the_picture():
    some, _ = sample(cells_of(np.full((288, 288, 3), 120, np.uint8)))
    assert np.abs(some.xy.mean(axis=0)).max() < 0.01
    assert some.xy.min() < -0.45
    assert some.xy.max() > 0.45
