import cv2
import numpy as np
from drawn_masks import masks, shapes
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kizu.imaging.crops import connected_regions, crop_of, crop_of_box, union_of

edges = arrays(np.float32, 4, elements=st.floats(-9, 50, width=32))


def tight_box(mask):
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@given(masks)
def test_a_crop_is_all_of_its_mask_in_the_tight_box(mask):
    crop = crop_of(mask)
    assert np.array_equal(union_of([crop], mask.shape), mask)
    assert crop.area_px == np.count_nonzero(mask)
    assert not mask.any() or crop.xyxy == tight_box(mask)


@given(masks)
def test_connected_regions_are_those_of_the_whole_picture_in_its_order(mask):
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    regions = list(connected_regions(mask))
    assert len(regions) == count - 1
    for label, region in enumerate(regions, start=1):
        assert np.array_equal(union_of([region], mask.shape), labels == label)
        assert region.xyxy == tight_box(labels == label)


@given(edges, shapes)
def test_a_box_fills_the_pixels_that_lie_in_the_image(xyxy, shape):
    x0, y0, x1, y1 = np.rint(xyxy)
    rows, columns = np.indices(shape)
    filled = (x0 <= columns) & (columns < x1) & (y0 <= rows) & (rows < y1)
    assert np.array_equal(union_of([crop_of_box(xyxy, shape)], shape), filled)


def test_the_mean_over_a_region_leaves_out_the_rest_of_its_box():
    values = np.array([[9, 9, 9], [9, 1, 9], [9, 3, 5]], np.float32)
    region = crop_of(np.array([[False] * 3, [False, True, False], [False, True, True]]))
    assert region.mean_of(values) == 3


def test_a_region_inside_the_hole_of_another_is_not_part_of_it():
    mask = np.pad(np.pad(np.ones((1, 1), bool), 1), 1, constant_values=True)
    assert [region.area_px for region in connected_regions(mask)] == [16, 1]
