import numpy as np
import pytest

from kizu.grounding import Detections
from kizu.grounding.detections import MOST_CANDIDATES, concatenate, fitting


def two_regions():
    mask = np.zeros((2, 4, 6), dtype=bool)
    mask[0, 1, 2] = mask[1, 3, 5] = True
    return Detections(
        np.array([[2, 1, 3, 2], [4, 2, 6, 4]], np.float32),
        mask,
        np.array([0.9, 0.4], np.float32),
        ("a scratch", "a chip"),
    )


def test_detections_refuse_rows_that_do_not_match():
    with pytest.raises(ValueError, match=r"confidence is float32 \(1,\), expected float32 \(2,\)"):
        Detections(np.zeros((2, 4), np.float32), None, np.zeros(1, np.float32), ("a", "b"))


def test_detections_refuse_float64_boxes():
    with pytest.raises(ValueError, match="xyxy is float64"):
        Detections(np.zeros((1, 4)), None, np.zeros(1, np.float32), ("a",))


def test_detections_refuse_a_mask_of_fewer_rows():
    with pytest.raises(ValueError, match="mask is bool"):
        Detections(
            np.zeros((2, 4), np.float32), np.zeros((1, 4, 6), bool), np.zeros(2, np.float32), "ab"
        )


def test_detections_refuse_a_flat_mask():
    with pytest.raises(ValueError, match="expected 3"):
        Detections(
            np.zeros((1, 4), np.float32), np.zeros((1, 4), bool), np.zeros(1, np.float32), ("a",)
        )


def test_empty_detections_have_no_rows_and_an_empty_union():
    nothing = Detections.empty((4, 6))
    assert len(nothing) == 0
    assert nothing.mask is not None
    assert nothing.mask.shape == (0, 4, 6)
    assert not nothing.union_mask((4, 6)).any()


def test_select_takes_rows_in_the_given_order_from_every_array():
    swapped = two_regions().select([1, 0])
    assert swapped.phrase == ("a chip", "a scratch")
    assert swapped.xyxy[0].tolist() == [4, 2, 6, 4]
    assert swapped.confidence.tolist() == pytest.approx([0.4, 0.9])
    assert swapped.mask[0, 3, 5]


def test_select_takes_rows_where_a_bool_array_is_true():
    assert two_regions().select(np.array([False, True])).phrase == ("a chip",)


def test_union_mask_is_true_where_any_mask_is():
    union = two_regions().union_mask((4, 6))
    assert np.argwhere(union).tolist() == [[1, 2], [3, 5]]


def test_union_mask_refuses_another_image_shape():
    with pytest.raises(ValueError, match=r"masks are \(4, 6\), the image is \(5, 6\)"):
        two_regions().union_mask((5, 6))


def test_union_mask_fills_the_boxes_of_regions_without_masks():
    boxes = Detections(
        np.array([[2, 1, 4, 2]], np.float32), None, np.ones(1, np.float32), ("a chip",)
    )
    assert np.argwhere(boxes.union_mask((4, 6))).tolist() == [[1, 2], [1, 3]]


def test_crops_are_the_regions_in_their_tight_boxes():
    assert [crop.xyxy for crop in two_regions().crops((4, 6))] == [(2, 1, 3, 2), (5, 3, 6, 4)]


def test_crops_of_another_image_shape_are_refused():
    with pytest.raises(ValueError, match=r"masks are \(4, 6\), the image is \(5, 6\)"):
        list(two_regions().crops((5, 6)))


def test_joined_parts_keep_their_order_and_lose_their_masks():
    joined = concatenate([two_regions(), Detections.empty(), two_regions()])
    assert joined.phrase == ("a scratch", "a chip") * 2
    assert joined.xyxy.shape == (4, 4)
    assert joined.mask is None


def test_joining_nothing_gives_nothing():
    assert len(concatenate([])) == 0


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_left_out(odd):
    for field in ("xyxy", "confidence"):
        found = two_regions()
        getattr(found, field)[0] = odd
        assert fitting(found, (4, 6)).phrase == ("a chip",)


def test_masks_of_another_shape_than_the_image_are_refused():
    with pytest.raises(ValueError, match=r"masks are \(4, 6\), the image is \(6, 4\)"):
        fitting(two_regions(), (6, 4))


def test_of_very_many_regions_the_surest_stay_in_their_order():
    count = MOST_CANDIDATES + 10
    confidence = np.linspace(0, 1, count, dtype=np.float32)
    found = Detections(np.zeros((count, 4), np.float32), None, confidence, ("a",) * count)
    kept = fitting(found, (4, 6))
    assert kept.confidence.tolist() == confidence[10:].tolist()
