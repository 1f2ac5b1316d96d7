import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from kizu.export.polygons import centre_polygon, corner_polygons
from kizu.imaging.arrays import Mask
from kizu.imaging.crops import connected_regions


@st.composite
def speckled(draw) -> Mask:
    """Masks with many holes, parts and pixels that touch at corners only."""
    shape = draw(st.tuples(st.integers(1, 24), st.integers(1, 24)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return random.random(shape) < draw(st.floats(0.2, 0.98))


@given(speckled())
def test_any_region_is_filled_to_itself_by_readers_that_draw_its_outline(mask):
    for region in connected_regions(mask):
        polygon = centre_polygon(region.inside)
        assert len(polygon) >= 3
        filled = np.zeros(region.inside.shape, np.uint8)
        cv2.fillPoly(filled, [(polygon + 0.5).astype(np.int32)], color=1)
        assert np.array_equal(filled > 0, region.inside)


@given(speckled())
def test_any_region_is_filled_to_itself_by_cocos_own_reader(mask):
    for region in connected_regions(mask):
        rings = [ring.ravel().tolist() for ring in corner_polygons(region)]
        assert min(map(len, rings)) >= 6, "COCO's reader takes four numbers for a box"
        filled = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(rings, *mask.shape))) > 0
        alone = np.zeros(mask.shape, np.bool_)
        alone[region.window] = region.inside
        assert np.array_equal(filled, alone)


def test_a_ring_with_a_thousand_holes_is_one_polygon():
    inside = np.ones((101, 101), np.bool_)
    inside[2:-2:3, 2:-2:3] = False
    filled = np.zeros(inside.shape, np.uint8)
    cv2.fillPoly(filled, [centre_polygon(inside).astype(np.int32)], color=1)
    assert np.array_equal(filled > 0, inside)
