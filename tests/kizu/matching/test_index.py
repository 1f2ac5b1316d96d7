import numpy as np
import pytest
from matching_pictures import part

from kizu.matching import NormalIndex, describe_image


@pytest.fixture(scope="module")
def features():
    """What is known of forty parts, by name."""
    return {f"n{seed}": describe_image(part(seed)) for seed in range(40)}


def test_the_whole_frame_is_found_at_any_size_and_turn(features):
    index = NormalIndex(features.items(), features.__getitem__)
    turned = np.ascontiguousarray(np.rot90(part(33)))
    (best, likeness), *_ = index.nearest_frames(describe_image(turned), 3)
    assert best == "n33"
    assert likeness > 0.9
    assert len(index) == 40


def test_a_part_of_a_frame_is_found_by_its_features_in_any_block(features):
    index = NormalIndex(features.items(), features.__getitem__)
    seeds = (2, 31, 39)
    pictures = [describe_image(np.ascontiguousarray(part(s)[20:150, 60:220])) for s in seeds]
    found = index.nearest_by_features(pictures, 2)
    assert [candidates[0][0] for candidates in found] == [f"n{seed}" for seed in seeds]


def test_a_normal_without_features_is_no_candidate_and_no_error():
    plain = describe_image(np.full((50, 50, 3), 9, np.uint8))
    index = NormalIndex([("plain", plain)], {"plain": plain}.__getitem__)
    assert index.nearest_by_features([describe_image(part(1)), plain], 3) == [[], []]
    assert index.nearest_frames(plain, 3) == []
