import tracemalloc

import cv2
import numpy as np
from drawn_masks import grid_of_rings, masks, stacks
from hypothesis import given, settings
from hypothesis import strategies as st

from kizu.grounding import Detections
from kizu.grounding.encoded import EncodedDetections, encoded
from kizu.grounding.moved import move_detections
from kizu.imaging.boxes import box_of
from kizu.imaging.crops import connected_regions
from kizu.imaging.rle import decode_rle, encode_crop, encode_rle
from kizu.publish.instances import diff_instances, grounded_instances, score_of

SHAPE = (30, 40)
A_LITTLE_TURNED = np.array([[1.001, 0.002, 3.3], [-0.002, 1.001, -2.7]])


def block(y0: int, y1: int, x0: int, x1: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


def test_every_connected_region_is_an_instance_with_its_own_box_and_mask():
    mask = block(2, 6, 3, 10) | block(20, 25, 30, 32)
    evidence = np.where(block(2, 6, 3, 10), 20, 40).astype(np.float32)
    first, second = diff_instances("s", mask, evidence, 10.0)
    assert [first[side] for side in ("x0", "y0", "x1", "y1")] == [3, 2, 10, 6]
    assert (first["area_px"], first["evidence"], second["evidence"]) == (28, 20, 40)
    assert (first["score"], second["score"]) == (20 / 30, 40 / 50)
    rle = {"size": [first["rle_height"], first["rle_width"]], "counts": first["rle_counts"]}
    assert np.array_equal(decode_rle(rle), block(2, 6, 3, 10))


def test_an_empty_mask_has_no_instances():
    assert diff_instances("s", np.zeros(SHAPE, bool), np.zeros(SHAPE, np.float32), 10.0) == []


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0.5, 100))
@settings(deadline=None)
def test_a_score_is_between_0_and_1_and_grows_with_the_evidence(one, other, threshold):
    less, more = sorted((one, other))
    assert 0 <= score_of(less, threshold) <= score_of(more, threshold) <= 1
    assert score_of(threshold, threshold) == 0.5


def test_a_box_without_a_mask_is_an_instance_without_rle():
    boxes = np.array([[3, 2, 10, 6]], np.float32)
    found = Detections(boxes, None, np.array([0.5], np.float32), ("a hole",))
    [row] = grounded_instances("s", "v", encoded(found), SHAPE)
    assert (row["area_px"], row["phrase"], row["rle_counts"]) == (28, "a hole", None)
    assert (row["score"], row["evidence"]) == (0.5, None)


@given(masks)
@settings(deadline=None)
def test_rows_of_the_diff_are_those_of_full_masks_to_the_last_digit(mask):
    evidence = np.random.default_rng(0).random(mask.shape, np.float32) * 60
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    rows = diff_instances("s", mask, evidence, 10.0)
    assert len(rows) == count - 1
    for label, row in enumerate(rows, start=1):
        region = np.asarray(labels == label)
        assert [row[side] for side in ("x0", "y0", "x1", "y1")] == box_of(region)[0].tolist()
        assert row["area_px"] == np.count_nonzero(region)
        assert row["evidence"] == float(evidence[region].mean(dtype=np.float64))
        assert row["rle_counts"] == encode_rle(region)["counts"]


@given(stacks)
@settings(deadline=None)
def test_the_row_of_a_detection_has_the_area_and_the_rle_of_its_mask(stack):
    count, shape = len(stack), stack.shape[1:]
    boxes, sure = np.zeros((count, 4), np.float32), np.ones(count, np.float32)
    found = encoded(Detections(boxes, stack, sure, ("a hole",) * count))
    rows = grounded_instances("s", "v", found, shape)
    assert [row["area_px"] for row in rows] == [np.count_nonzero(mask) for mask in stack]
    assert [row["rle_counts"] for row in rows] == [encode_rle(mask)["counts"] for mask in stack]


def test_two_hundred_diff_rows_need_the_memory_of_a_few_masks():
    mask = grid_of_rings(10, 20, cell_px=100)
    evidence = np.ones(mask.shape, np.float32)
    assert peak_bytes(lambda: diff_instances("s", mask, evidence, 10.0)) < 6 * mask.nbytes


def test_two_hundred_grounded_rows_need_less_memory_than_a_mask():
    found, shape = two_hundred_rings()
    assert peak_bytes(lambda: grounded_instances("s", "v", found, shape)) < shape[0] * shape[1]


def test_two_hundred_moved_rows_need_the_memory_of_a_few_masks():
    found, shape = two_hundred_rings()

    def work():
        return grounded_instances("s", "v", move_detections(found, A_LITTLE_TURNED), shape)

    assert peak_bytes(work) < 10 * shape[0] * shape[1]


def two_hundred_rings():
    mask = grid_of_rings(10, 20, cell_px=100)
    rles = tuple(encode_crop(ring, mask.shape) for ring in connected_regions(mask))
    boxes, sure = np.zeros((200, 4), np.float32), np.ones(200, np.float32)
    return EncodedDetections(boxes, rles, sure, ("a ring",) * 200), mask.shape


def peak_bytes(work):
    tracemalloc.start()
    try:
        assert len(work()) == 200
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
