import numpy as np
import pytest

from kizu.agree.explained import explained_by
from kizu.grounding import Detections
from kizu.grounding.encoded import encoded
from kizu.imaging.crops import crop_of

SHAPE = (160, 240)
GREY, DARK, DARKER, RED = (160, 160, 160), (60, 60, 60), (50, 50, 50), (180, 40, 40)


def block(y, x, height, width):
    mask = np.zeros(SHAPE, bool)
    mask[y : y + height, x : x + width] = True
    return mask


HOLE, BESIDE = block(60, 60, 30, 30), block(100, 110, 12, 12)
FAT = block(55, 55, 60, 70)
"""Holds both."""


def said(*masks, boxes_only=False):
    boxes = np.array([crop_of(mask).xyxy for mask in masks], np.float32).reshape(-1, 4)
    stacked = None if boxes_only else np.array(masks, bool).reshape(-1, *SHAPE)
    sure = np.full(len(masks), 0.5, np.float32)
    return encoded(Detections(boxes, stacked, sure, ("a hole",) * len(masks)))


def explained(regions, testimony, colours):
    picture = np.full((*SHAPE, 3), GREY, np.uint8)
    for region, colour in zip(regions, colours, strict=True):
        picture[region] = colour
    changed = np.logical_or.reduce(regions)
    return explained_by([crop_of(region) for region in regions], testimony, picture, changed)


@pytest.mark.parametrize("boxes_only", [False, True])
def test_a_fat_detection_explains_what_it_fits_best_and_no_other_thing_inside_it(boxes_only):
    fat = {"annotator": said(FAT, boxes_only=boxes_only)}
    assert explained([HOLE, BESIDE], fat, [DARK, RED]) == [("annotator",), ()]


def test_pieces_of_one_look_inside_a_detection_are_all_explained_by_it():
    fat = {"annotator": said(FAT)}
    assert explained([HOLE, BESIDE], fat, [DARK, DARKER]) == [("annotator",)] * 2


def test_pieces_of_a_mask_that_lie_apart_explain_each_their_own():
    both = {"annotator": said(HOLE | BESIDE)}
    assert explained([HOLE, BESIDE], both, [DARK, RED]) == [("annotator",)] * 2


def test_a_fat_detection_around_one_that_fits_says_nothing_of_what_is_larger():
    alone = explained([HOLE, BESIDE], {"annotator": said(FAT)}, [DARK, RED])
    nested = explained([HOLE, BESIDE], {"annotator": said(FAT, BESIDE)}, [DARK, RED])
    assert (alone, nested) == ([("annotator",), ()], [(), ("annotator",)])


def test_a_detection_that_fits_its_region_explains_it_whatever_others_fit():
    each = {"one": said(HOLE), "two": said(BESIDE, boxes_only=True)}
    assert explained([HOLE, BESIDE], each, [DARK, RED]) == [("one",), ("two",)]


def test_without_detections_nothing_is_explained():
    assert explained([HOLE, BESIDE], {}, [DARK, RED]) == [(), ()]
    assert explained([HOLE], {"annotator": said()}, [DARK]) == [()]


def test_a_detection_in_a_corner_of_the_picture_explains_what_lies_there():
    corner = block(0, 0, 6, 6)
    assert explained([corner, HOLE], {"a": said(corner)}, [DARK, RED]) == [("a",), ()]
