import numpy as np

from kizu.imaging.boxes import box_of
from kizu.imaging.masks import boundary_f, box_mask, mask_containment, mask_iou

EMPTY = np.zeros((4, 6), bool)


def block(y0: int, y1: int, x0: int, x1: int) -> np.ndarray:
    mask = EMPTY.copy()
    mask[y0:y1, x0:x1] = True
    return mask


def test_iou_is_the_shared_part_of_both():
    assert mask_iou(block(0, 2, 0, 4), block(0, 2, 2, 6)) == 4 / 12
    assert mask_iou(EMPTY, EMPTY) == 0


def test_containment_asks_how_much_of_the_first_the_second_holds():
    assert mask_containment(block(0, 2, 0, 2), block(0, 4, 0, 6)) == 1
    assert mask_containment(block(0, 4, 0, 6), block(0, 2, 0, 2)) == 4 / 24
    assert mask_containment(EMPTY, block(0, 1, 0, 1)) == 0


def test_a_box_and_its_mask_belong_together():
    mask = block(1, 3, 2, 5)
    assert box_of(mask).tolist() == [[2, 1, 5, 3]]
    assert np.array_equal(box_mask(box_of(mask), (4, 6)), mask)
    assert box_of(EMPTY).shape == (0, 4)


def test_boxes_beyond_the_picture_are_cut():
    boxes = np.array([[-3, -2, 2, 99]], np.float32)
    assert np.array_equal(box_mask(boxes, (4, 6)), block(0, 4, 0, 2))


def test_an_outline_four_pixels_off_is_still_on_the_boundary():
    square = np.zeros((40, 40), bool)
    square[10:30, 10:30] = True
    moved = np.roll(square, 4, axis=1)
    assert boundary_f(square, moved, 4) == 1
    assert boundary_f(square, moved, 1) < 1
    assert boundary_f(np.zeros_like(square), square, 4) == 0
