"""The drawn parts look the same on every machine, and a defect finds them on their ground."""

import numpy as np
import pytest

from kizu.demo_parts import PARTS, photograph_part
from kizu.edit.painter.foreground import split_foreground
from kizu.imaging.masks import mask_iou


@pytest.fixture(scope="module")
def photos():
    """The first photograph of each part."""
    return {name: photograph_part(name, 1) for name in PARTS}


def test_a_photograph_of_equal_number_is_the_same(photos):
    np.testing.assert_array_equal(photograph_part("cap", 1), photos["cap"])


def test_two_photographs_of_a_part_differ_in_pose_light_and_noise(photos):
    other = photograph_part("cap", 2)
    assert other.shape == photos["cap"].shape == (428, 512, 3)
    assert np.abs(other.astype(int) - photos["cap"]).mean() > 2
    places = [split_foreground(photo, None).objects for photo in (photos["cap"], other)]
    assert 0.8 < mask_iou(*places) < 1


@pytest.mark.parametrize("name", PARTS)
def test_every_part_stands_out_from_its_ground(photos, name):
    split = split_foreground(photos[name], None)
    assert split.has_objects
    assert 0.35 < split.objects.mean() < 0.65
    middle = split.objects[60:150, 80:170]
    assert middle.mean() > 0.9


@pytest.mark.parametrize("name", PARTS)
def test_no_photograph_is_under_or_overexposed(photos, name):
    grey = photos[name].mean(axis=2)
    assert (grey < 3).mean() < 0.02
    assert (grey > 252).mean() < 0.02
