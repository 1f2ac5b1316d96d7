"""What a segmenter that was shown the diff's regions may change, and what not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kizu.agree.fusion import Fused, FusedRegion
from kizu.agree.outline import MOST_POINTS, outline_of, points_in, with_outlines
from kizu.agree.regions import near
from kizu.imaging.crops import crop_of

SHAPE = (60, 80)


def filled(x0, y0, x1, y1):
    mask = np.zeros(SHAPE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


HERE = filled(20, 20, 40, 36)
REGION = crop_of(HERE)


def pixels(crop):
    mask = np.zeros(SHAPE, bool)
    mask[crop.window] = crop.inside
    return mask


def test_the_mask_that_overlaps_the_region_most_is_its_outline():
    close, closer = filled(18, 18, 42, 38), filled(21, 21, 40, 36)
    assert np.array_equal(pixels(outline_of(REGION, [close, closer], SHAPE)), closer)


@pytest.mark.parametrize(
    "drawn",
    [
        np.ones(SHAPE, bool),
        ~HERE,
        np.zeros(SHAPE, bool),
        filled(50, 20, 70, 36),
        filled(0, 0, 70, 50),
    ],
    ids=["whole", "background", "empty", "elsewhere", "much larger"],
)
def test_a_mask_that_is_not_of_its_box_is_no_outline(drawn):
    assert outline_of(REGION, [drawn], SHAPE) is None
    assert np.array_equal(pixels(outline_of(REGION, [drawn, HERE], SHAPE)), HERE)


def test_a_part_of_the_region_is_no_outline_of_it():
    assert outline_of(REGION, [filled(20, 20, 25, 36)], SHAPE) is None


def test_an_outline_stays_near_the_region():
    leaking = HERE | filled(40, 26, 70, 29)
    assert near(SHAPE) == 2
    assert np.array_equal(
        pixels(outline_of(REGION, [leaking], SHAPE)), HERE | filled(40, 26, 42, 29)
    )


def test_only_regions_that_are_kept_and_have_an_outline_change():
    other, dropped = filled(60, 5, 70, 15), filled(5, 45, 15, 55)
    regions = tuple(
        FusedRegion(crop_of(mask), "kizu-diff", explained_by=("annotator",), is_kept=is_kept)
        for mask, is_kept in ((HERE, True), (other, True), (dropped, False))
    )
    smaller = filled(21, 21, 39, 35)
    mask = with_outlines(
        Fused(HERE | other, regions), [crop_of(smaller), None, crop_of(filled(5, 45, 16, 56))]
    )
    assert np.array_equal(mask, smaller | other)


@given(arrays(bool, (9, 11), elements=st.booleans()))
def test_points_lie_inside_the_region_and_differ(inside):
    if not inside.any():
        return
    region = crop_of(inside)
    points = points_in(region)
    assert 1 <= len(points) <= MOST_POINTS
    assert all(inside[int(y), int(x)] for x, y in points)
    assert len(np.unique(points, axis=0)) == len(points)
