import numpy as np
import pytest
from drawn_masks import stacks
from hypothesis import given, settings

from kizu.grounding import Detections
from kizu.grounding.encoded import encoded
from kizu.imaging.crops import union_of
from kizu.imaging.rle import encode_rle


def found(stack, *, boxes_only=False):
    count = len(stack)
    boxes = np.tile(np.array([2, 1, 5, 3], np.float32), (count, 1))
    confidence = np.linspace(0.9, 0.1, count, dtype=np.float32)
    phrases = tuple(f"phrase {row}" for row in range(count))
    return Detections(boxes, None if boxes_only else stack, confidence, phrases)


@given(stacks)
@settings(deadline=None)
def test_encoded_masks_are_those_of_the_detections(stack):
    assert encoded(found(stack)).rle == tuple(encode_rle(mask) for mask in stack)


@given(stacks)
@settings(deadline=None)
def test_encoded_detections_have_the_same_regions(stack):
    shape = stack.shape[1:]
    for detections in (found(stack), found(stack, boxes_only=True)):
        crops = list(encoded(detections).crops(shape))
        assert len(crops) == len(detections)
        for crop, area in zip(crops, detections.areas(shape), strict=True):
            assert np.array_equal(union_of([crop], shape), area)
        assert np.array_equal(encoded(detections).union_mask(shape), detections.union_mask(shape))


def test_rows_are_taken_in_the_given_order_from_every_column():
    stack = np.eye(3, dtype=bool)[:, None]
    taken = encoded(found(stack)).select([2, 0])
    assert taken.phrase == ("phrase 2", "phrase 0")
    assert taken.confidence.tolist() == pytest.approx([0.1, 0.9])
    assert taken.rle == (encode_rle(stack[2]), encode_rle(stack[0]))


def test_rows_without_masks_have_none_after_taking():
    assert encoded(found(np.ones((2, 1, 3), bool), boxes_only=True)).select([1]).rle is None


def test_masks_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"masks are \(4, 6\), the image is \(5, 6\)"):
        encoded(found(np.ones((1, 4, 6), bool))).union_mask((5, 6))
