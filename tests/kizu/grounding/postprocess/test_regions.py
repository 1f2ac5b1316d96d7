import numpy as np
import pytest

from kizu.grounding.detections import Detections
from kizu.grounding.postprocess.regions import join, regions_of_map


def map_with_two_spots():
    probability = np.zeros((20, 50), np.float32)
    probability[2:5, 30:40] = 0.6
    probability[10:16, 4:8] = 0.9
    return probability


def test_each_connected_spot_is_one_region_the_surer_first():
    found = regions_of_map(map_with_two_spots(), 0.5, "a stain", 20)
    assert found.xyxy.tolist() == [[4, 10, 8, 16], [30, 2, 40, 5]]
    assert found.confidence.tolist() == pytest.approx([0.9, 0.6])
    assert found.phrase == ("a stain", "a stain")
    assert np.array_equal(found.union_mask((20, 50)), map_with_two_spots() > 0)


def test_only_the_most_confident_regions_are_kept():
    assert regions_of_map(map_with_two_spots(), 0.5, "a", 1).xyxy.tolist() == [[4, 10, 8, 16]]


def test_single_pixels_are_no_region():
    speck = np.zeros((9, 9), np.float32)
    speck[4, 4] = 1
    assert len(regions_of_map(speck, 0.5, "a", 20)) == 0


def test_an_empty_map_has_no_regions_and_an_empty_mask():
    found = regions_of_map(np.zeros((4, 6), np.float32), 0.5, "a", 20)
    assert found.mask.shape == (0, 4, 6)


def test_join_keeps_rows_masks_and_phrases_together():
    spots = regions_of_map(map_with_two_spots(), 0.5, "a", 20)
    joined = join([Detections.empty((20, 50)), spots, spots], (20, 50))
    assert len(joined) == 4
    assert joined.mask[2, 12, 5]


def test_join_of_nothing_is_nothing():
    assert join([], (4, 6)).mask.shape == (0, 4, 6)
