import numpy as np

from kizu.imaging.boxes import box_of, clip_boxes

SHAPE = (40, 60)


def test_boxes_are_cut_at_the_images_edge():
    boxes = np.array([[-5, 2, 70, 50], [1, 2, 3, 4]], np.float32)
    assert clip_boxes(boxes, SHAPE).tolist() == [[0, 2, 60, 40], [1, 2, 3, 4]]
    assert clip_boxes(boxes, SHAPE).dtype == np.float32


def test_sides_at_the_edge_are_moved_inside_by_the_margin():
    assert clip_boxes(np.array([[0, 2, 60, 40]], np.float32), SHAPE, 3.0).tolist() == [
        [3, 3, 57, 37]
    ]


def test_a_margin_wider_than_the_image_leaves_boxes_in_order():
    [[x0, y0, x1, y1]] = clip_boxes(np.array([[0, 0, 60, 40]], np.float32), SHAPE, 35.0)
    assert x0 <= x1
    assert y0 <= y1


def test_the_box_of_a_mask_is_tight_and_of_an_empty_one_not_there():
    mask = np.zeros(SHAPE, bool)
    mask[3, 5] = mask[7, 20] = True
    assert box_of(mask).tolist() == [[5, 3, 21, 8]]
    assert box_of(np.zeros(SHAPE, bool)).shape == (0, 4)
