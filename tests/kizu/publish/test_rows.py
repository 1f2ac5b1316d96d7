import numpy as np

from kizu.ground import Detections
from kizu.publish.rows import diff_instances, grounded_instances, move_detections
from kizu.rle import decode_rle

SHAPE = (30, 40)
MOVED_RIGHT_AND_DOWN = np.array([[1, 0, 3], [0, 1, 2]], np.float64)


def block(y0: int, y1: int, x0: int, x1: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


def test_every_connected_region_is_an_instance_with_its_own_box_and_mask():
    mask = block(2, 6, 3, 10) | block(20, 25, 30, 32)
    evidence = np.where(block(2, 6, 3, 10), 20, 40).astype(np.float32)
    first, second = diff_instances("s", mask, evidence)
    assert [first[side] for side in ("x0", "y0", "x1", "y1")] == [3, 2, 10, 6]
    assert (first["area_px"], first["score"], second["score"]) == (28, 20, 40)
    rle = {"size": [first["rle_height"], first["rle_width"]], "counts": first["rle_counts"]}
    assert np.array_equal(decode_rle(rle), block(2, 6, 3, 10))


def test_an_empty_mask_has_no_instances():
    assert diff_instances("s", np.zeros(SHAPE, bool), np.zeros(SHAPE, np.float32)) == []


def test_a_box_without_a_mask_is_an_instance_without_rle():
    boxes = np.array([[3, 2, 10, 6]], np.float32)
    found = Detections(boxes, None, np.array([0.5], np.float32), ("a hole",))
    [row] = grounded_instances("s", "v", found, SHAPE)
    assert (row["area_px"], row["phrase"], row["rle_counts"]) == (28, "a hole", None)


def test_detections_move_with_the_picture():
    boxes = np.array([[3, 2, 10, 6]], np.float32)
    masks = block(2, 6, 3, 10)[None]
    found = Detections(boxes, masks, np.array([0.5], np.float32), ("a hole",))
    moved = move_detections(found, MOVED_RIGHT_AND_DOWN)
    assert moved.xyxy.tolist() == [[6, 4, 13, 8]]
    assert np.array_equal(moved.mask[0], block(4, 8, 6, 13))
