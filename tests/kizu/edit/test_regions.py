import cv2
import numpy as np

from kizu.edit.regions import BoxRegion, foreground_mask, region_mask


def no_foreground():
    raise AssertionError("the foreground is not asked for")


def test_no_region_is_no_mask():
    assert region_mask(None, (96, 96), no_foreground) is None


def test_a_box_scales_with_the_photo():
    box = BoxRegion(x0=0.25, y0=0.5, x1=0.75, y1=1)
    mask = region_mask(box, (40, 80), no_foreground)
    assert mask.sum() == 20 * 40
    assert mask[20:, 20:60].all()


def test_a_box_thinner_than_a_pixel_still_holds_one():
    box = BoxRegion(x0=0.5, y0=0.5, x1=0.5001, y1=0.5001)
    assert region_mask(box, (40, 80), no_foreground).sum() == 1


def test_the_foreground_is_the_object_with_its_holes():
    photo = np.full((200, 300, 3), 230, np.uint8)
    cv2.circle(photo, (150, 100), 60, (40, 80, 160), -1)
    cv2.circle(photo, (150, 100), 15, (230, 230, 230), -1)
    disc = np.zeros((200, 300), np.uint8)
    cv2.circle(disc, (150, 100), 60, 1, -1)
    mask = foreground_mask(photo)
    assert np.count_nonzero(mask ^ (disc > 0)) < 0.05 * disc.sum()


def test_a_picture_without_an_object_is_foreground_throughout():
    assert foreground_mask(np.full((64, 64, 3), 90, np.uint8)).all()
