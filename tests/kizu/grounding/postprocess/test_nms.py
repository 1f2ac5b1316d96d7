import numpy as np
import pytest

from kizu.grounding import GroundingSettings
from kizu.grounding.detections import Detections, from_rows
from kizu.grounding.postprocess.nms import refine
from kizu.imaging.boxes import box_iou, nms

SHAPE = (100, 200)


def refined(*rows, **settings):
    return refine(from_rows(rows), SHAPE, GroundingSettings(**settings))


def test_refine_orders_regions_by_confidence():
    result = refined(((0, 0, 9, 9), 0.3, "a"), ((50, 50, 60, 60), 0.8, "b"))
    assert result.phrase == ("b", "a")


def test_refine_clips_boxes_to_width_and_height_in_the_right_order():
    assert refined(((-5, 50, 300, 300), 0.5, "a")).xyxy.tolist() == [[0, 50, 200, 100]]


def test_refine_keeps_small_boxes_and_drops_those_without_a_pixel():
    result = refined(
        ((10, 10, 12, 12), 0.5, "small"),
        ((20, 20, 20.4, 40), 0.9, "thin"),
        ((210, 20, 230, 40), 0.9, "outside"),
        ((40, 40, 30, 30), 0.9, "inside out"),
    )
    assert result.phrase == ("small",)


def test_refine_drops_boxes_that_are_not_finite():
    result = refined(((0, 0, float("nan"), 9), 0.9, "a"), ((0, 0, 9, 9), float("nan"), "b"))
    assert len(result) == 0


def test_refine_drops_a_box_that_is_the_whole_picture():
    assert len(refined(((0, 0, 200, 95), 0.9, "a"))) == 0
    assert len(refined(((0, 0, 200, 95), 0.9, "a"), max_area_fraction=1.0)) == 1


def test_refine_keeps_one_of_two_equal_boxes_whatever_their_phrases():
    result = refined(((10, 10, 50, 50), 0.4, "a dent"), ((10, 10, 50, 52), 0.6, "a hole"))
    assert result.phrase == ("a hole",)


def test_refine_keeps_at_most_max_boxes():
    rows = [((i * 10, 0, i * 10 + 5, 5), 0.1 + i / 100, str(i)) for i in range(9)]
    assert refined(*rows, max_boxes=2).phrase == ("8", "7")


def test_refine_of_nothing_is_nothing():
    assert len(refine(Detections.empty(SHAPE), SHAPE, GroundingSettings())) == 0


def interleaved_regions():
    mask = np.zeros((2, 100, 200), dtype=bool)
    mask[0, 10:50:2, 10:50] = True
    mask[1, 11:50:2, 10:50] = True
    boxes = np.array([[10, 10, 50, 49], [10, 11, 50, 50]], np.float32)
    return Detections(boxes, mask, np.array([0.5, 0.6], np.float32), ("a", "b"))


def test_regions_with_like_boxes_but_separate_masks_both_stay():
    assert refine(interleaved_regions(), SHAPE, GroundingSettings()).phrase == ("b", "a")


def test_a_thin_region_with_a_large_box_is_judged_by_its_mask():
    mask = np.zeros((1, 100, 200), dtype=bool)
    mask[0, np.arange(100), np.arange(0, 200, 2)] = True
    diagonal = Detections(
        np.array([[0, 0, 200, 100]], np.float32), mask, np.ones(1, np.float32), ("a scratch",)
    )
    assert len(refine(diagonal, SHAPE, GroundingSettings())) == 1


def test_nms_compares_with_boxes_that_stay_not_with_those_that_went():
    chain = np.array([[0, 0, 10, 1], [3, 0, 13, 1], [6, 0, 16, 1]], np.float32)
    confidence = np.array([0.9, 0.8, 0.7], np.float32)
    assert nms(box_iou(chain, chain), confidence, 0.5).tolist() == [0, 2]


def test_box_iou_of_a_quarter_overlap_is_one_seventh():
    squares = np.array([[0, 0, 2, 2], [1, 1, 3, 3]], np.float32)
    assert box_iou(squares, squares)[0, 1] == pytest.approx(1 / 7)
