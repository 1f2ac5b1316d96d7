import cv2
import numpy as np
import pytest

from kizu.diff import composite, diff_mask
from kizu.diff.composite import carry_mask, rim_width_px


def places(shape, right_px, down_px):
    """Where each pixel of a moved picture lies in the one it was moved from."""
    x, y = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
    return (x - right_px).astype(np.float32), (y - down_px).astype(np.float32)


@pytest.mark.parametrize("shift_px", [0.0, 0.4, 0.5, 0.6])
@pytest.mark.parametrize("end", [(30, 5), (5, 30), (30, 30), (30, 17)])
def test_a_line_one_pixel_wide_is_carried_between_pixels(shift_px, end):
    line = np.zeros((40, 40), np.uint8)
    cv2.line(line, (5, 5), end, 1)
    carried = carry_mask(line > 0, *places(line.shape, shift_px, shift_px))
    near = cv2.dilate(line, np.ones((3, 3), np.uint8)) > 0
    assert not (carried & ~near).any()
    assert line.sum() / 2 <= carried.sum() <= 2 * line.sum()


def test_a_broad_region_is_carried_by_half_pixels_and_not_grown():
    block = np.zeros((40, 40), bool)
    block[10:20, 10:20] = True
    carried = carry_mask(block, *places(block.shape, 0.3, -0.3))
    assert not (carried & ~block).any()
    assert carried.sum() >= block.sum() - 4, "only corners may be cut"


def test_the_label_is_the_change_and_the_rim_around_it_is_only_touched(photo, stained):
    edited, truth = stained(photo)
    result = diff_mask(photo, edited)
    pasted = composite(photo, edited, result.mask, result)
    assert np.array_equal(pasted.label, result.mask)
    assert (pasted.label & truth).sum() > 0.9 * pasted.label.sum()
    away = cv2.distanceTransform((~pasted.label).view(np.uint8), cv2.DIST_L2, 5)
    rim_px = rim_width_px(photo.shape[:2])
    assert pasted.touched[pasted.label].all()
    assert away[pasted.touched].max() <= rim_px + 1


def test_outside_what_was_touched_the_composite_is_exactly_the_normal(photo, stained, drifted):
    edited = drifted(stained(photo)[0])
    result = diff_mask(photo, edited)
    pasted = composite(photo, edited, result.mask, result)
    assert pasted.touched.any()
    assert np.array_equal(pasted.image[~pasted.touched], photo[~pasted.touched])


def test_the_composite_lies_in_the_normals_frame(photo, stained, drifted):
    painted, truth = stained(photo)
    edited = drifted(painted)
    result = diff_mask(photo, edited)
    pasted = composite(photo, edited, result.mask, result)
    assert (pasted.label & truth).sum() / truth.sum() > 0.9
    assert (pasted.label & truth).sum() / pasted.label.sum() > 0.9
    assert np.abs(pasted.image[truth].astype(float) - painted[truth]).mean() < 12


def test_nothing_changed_gives_the_normal_back(photo, drifted):
    edited = drifted(photo)
    result = diff_mask(photo, edited)
    pasted = composite(photo, edited, result.mask, result)
    assert np.array_equal(pasted.image, photo)
    assert not pasted.touched.any()
