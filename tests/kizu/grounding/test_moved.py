import cv2
import numpy as np
import pytest
from drawn_masks import stacks
from hypothesis import given, settings
from hypothesis import strategies as st

from kizu.grounding import Detections
from kizu.grounding.encoded import encoded
from kizu.grounding.moved import move_detections
from kizu.imaging.rle import decode_rle

MOVED_RIGHT_AND_DOWN = np.array([[1, 0, 3], [0, 1, 2]], np.float64)


def affine(scale, turn, right, down):
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    return np.array([[cosine, -sine, right], [sine, cosine, down]], np.float64)


halves = st.integers(-60, 60).map(lambda number: number / 2)
affines = st.builds(affine, st.just(1.0), st.just(0.0), halves, halves) | st.builds(
    affine, st.floats(0.5, 2), st.floats(-3.2, 3.2), st.floats(-30, 30), st.floats(-30, 30)
)
"""Shifts by half pixels, where all pixels are on the edge between two, and any turns and scales."""


def detections(stack):
    count = len(stack)
    boxes = np.tile(np.array([3, 2, 10, 6], np.float32), (count, 1))
    return Detections(boxes, stack, np.full(count, 0.5, np.float32), ("a hole",) * count)


def moved_whole(mask, matrix):
    size = mask.shape[::-1]
    return cv2.warpAffine(mask.astype(np.uint8), matrix, size, flags=cv2.INTER_NEAREST) > 0


def test_detections_move_with_the_picture():
    mask, expected = np.zeros((2, 30, 40), bool)
    mask[2:6, 3:10] = expected[4:8, 6:13] = True
    moved = move_detections(encoded(detections(mask[None])), MOVED_RIGHT_AND_DOWN)
    assert moved.xyxy.tolist() == [[6, 4, 13, 8]]
    assert np.array_equal(decode_rle(moved.rle[0]), expected)


@given(stacks, affines)
@settings(deadline=None)
def test_masks_move_as_masks_of_the_whole_picture_do(stack, matrix):
    moved = move_detections(encoded(detections(stack)), matrix)
    for rle, mask in zip(moved.rle, stack, strict=True):
        assert np.array_equal(decode_rle(rle), moved_whole(mask, matrix))


@pytest.mark.parametrize("turn", [0.0, 0.1, -0.4])
def test_a_moved_box_holds_the_moved_region(turn):
    mask = np.zeros((1, 60, 80), bool)
    mask[0, 20:40, 30:50] = True
    boxes = np.array([[30, 20, 50, 40]], np.float32)
    found = Detections(boxes, mask, np.array([0.5], np.float32), ("a hole",))
    moved = move_detections(encoded(found), affine(1.0, turn, 3, 2))
    rows, columns = np.nonzero(decode_rle(moved.rle[0]))
    [[x0, y0, x1, y1]] = moved.xyxy
    assert min(columns.min() - x0, rows.min() - y0) >= -0.5
    assert max(columns.max() + 1 - x1, rows.max() + 1 - y1) <= 0.5


@pytest.mark.parametrize("turn", [0.0, 0.003, -0.2])
def test_masks_of_large_pictures_move_so_too(turn):
    mask = np.random.default_rng(0).random((1500, 2100)) < 0.3
    mask[:40] = mask[:, 1900:] = False
    matrix = affine(1.0013, turn, 3.5, -20.25)
    [rle] = move_detections(encoded(detections(mask[None])), matrix).rle
    assert np.array_equal(decode_rle(rle), moved_whole(mask, matrix))


def test_a_mask_that_leaves_the_picture_is_empty():
    [rle] = move_detections(encoded(detections(np.ones((1, 4, 5), bool))), affine(1, 0, 9, 0)).rle
    assert not decode_rle(rle).any()


def test_boxes_without_masks_move_and_have_none():
    boxes = Detections(np.ones((1, 4), np.float32), None, np.ones(1, np.float32), ("a hole",))
    moved = move_detections(encoded(boxes), MOVED_RIGHT_AND_DOWN)
    assert moved.rle is None
    assert moved.xyxy.tolist() == [[4, 3, 4, 3]]
