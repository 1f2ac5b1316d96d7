import numpy as np
import pytest

from kizu.grounding import GroundingSettings, load_annotator
from kizu.grounding.models.florence2 import written_boxes


def test_the_models_answer_becomes_a_box_in_pixels_of_a_wide_image(florence2_folder):
    annotator = load_annotator(
        "florence2", GroundingSettings(detector_weights=str(florence2_folder))
    )
    (result,) = annotator.annotate([np.zeros((100, 400, 3), np.uint8)], [["a scratch"]])
    assert result.xyxy.tolist() == [pytest.approx([40.2, 20.05, 119.8, 59.95])]
    assert result.phrase == ("a scratch",)
    assert result.confidence.tolist() == [1]


def test_several_boxes_are_read_from_one_answer():
    answer = "a crack<loc_0><loc_0><loc_9><loc_9><loc_500><loc_500><loc_999><loc_999></s>"
    assert list(written_boxes(answer, (1000, 100))) == [
        pytest.approx((0.5, 0.05, 9.5, 0.95)),
        pytest.approx((500.5, 50.05, 999.5, 99.95)),
    ]


def test_a_polygon_becomes_the_box_around_it():
    answer = "a crack<poly><loc_10><loc_90><loc_50><loc_20><loc_30><loc_40></poly>"
    assert list(written_boxes(answer, (1000, 1000))) == [pytest.approx((10.5, 20.5, 50.5, 90.5))]


def test_corners_in_the_wrong_order_are_sorted():
    assert list(written_boxes("<loc_9><loc_8><loc_1><loc_2>", (1000, 1000))) == [
        pytest.approx((1.5, 2.5, 9.5, 8.5))
    ]


@pytest.mark.parametrize("answer", ["", "</s>", "no crack here", "a<loc_1><loc_2><loc_3>"])
def test_an_answer_without_a_whole_box_has_none(answer):
    assert list(written_boxes(answer, (10, 10))) == []
