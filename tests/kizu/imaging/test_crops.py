import cv2
import numpy as np
from drawn_masks import masks, shapes
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kizu.grounding.detections import from_rows
from kizu.imaging.boxes import box_of
from kizu.imaging.crops import connected_regions, crop_of, crop_of_box, union_of

edges = arrays(np.float32, 4, elements=st.floats(-9, 50, width=32))


@given(masks)
def test_a_crop_is_all_of_its_mask_in_the_tight_box(mask):
    crop = crop_of(mask)
    assert np.array_equal(union_of([crop], mask.shape), mask)
    assert crop.area_px == np.count_nonzero(mask)
    assert not mask.any() or box_of(mask).tolist() == [list(crop.xyxy)]


@given(masks)
def test_connected_regions_are_those_of_the_whole_picture_in_its_order(mask):
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    regions = list(connected_regions(mask))
    assert len(regions) == count - 1
    for label, region in enumerate(regions, start=1):
        assert np.array_equal(union_of([region], mask.shape), labels == label)
        assert [list(region.xyxy)] == box_of(labels == label).tolist()


@given(edges, shapes)
def test_a_box_fills_the_pixels_that_lie_in_the_image(xyxy, shape):
    filled = from_rows([(xyxy, 1.0, "a chip")]).union_mask(shape)
    assert np.array_equal(union_of([crop_of_box(xyxy, shape)], shape), filled)


def test_a_region_inside_the_hole_of_another_is_not_part_of_it():
    mask = np.pad(np.pad(np.ones((1, 1), bool), 1), 1, constant_values=True)
    assert [region.area_px for region in connected_regions(mask)] == [16, 1]
