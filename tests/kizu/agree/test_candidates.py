"""What the annotators together say where the diff cannot speak."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.agree.candidates import candidate_label, candidates
from kizu.grounding.detections import Detections
from kizu.grounding.encoded import encoded
from kizu.publish.instances import candidate_instances

SHAPE = (20, 30)
WINDOWS = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 25)), max_size=3)


def window(y: int, x: int, side: int = 4) -> np.ndarray:
    mask = np.zeros(SHAPE, np.bool_)
    mask[y : y + side, x : x + side] = True
    return mask


def found(*places, masks=True, confidence=0.5):
    boxes = [[x, y, min(x + 6, 30), min(y + 6, 20)] for y, x in places]
    return encoded(
        Detections(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.array([window(*place) for place in places], bool).reshape(-1, *SHAPE)
            if masks
            else None,
            np.full(len(places), confidence, np.float32),
            ("a hole",) * len(places),
        )
    )


def label(detections, region=None):
    return candidate_label(candidates(detections, SHAPE, region), SHAPE)


@given(st.lists(WINDOWS, max_size=3))
def test_the_label_is_the_union_of_what_all_annotators_drew(places):
    expected = np.zeros(SHAPE, np.bool_)
    for place in (place for each in places for place in each):
        expected |= window(*place)
    several = {str(number): found(*each) for number, each in enumerate(places)}
    assert np.array_equal(label(several), expected)


@given(WINDOWS, WINDOWS)
def test_boxes_count_only_where_nobody_drew_a_mask(drawn, boxed):
    boxes = found(*boxed, masks=False)
    both = {"masks": found(*drawn), "boxes": boxes}
    expected = label({"masks": both["masks"]}) if drawn else boxes.union_mask(SHAPE)
    assert np.array_equal(label(both), expected)


def test_what_lies_wholly_outside_the_region_is_no_candidate():
    region = np.zeros(SHAPE, np.bool_)
    region[:, :10] = True
    assert np.array_equal(label({"a": found((2, 2), (2, 20))}, region), window(2, 2))


@pytest.mark.parametrize("detections", [{}, {"a": found()}])
def test_where_nothing_is_found_the_mask_is_empty(detections):
    assert not label(detections).any()


def test_a_region_is_as_sure_as_its_surest_detection_and_measured_by_nobody():
    chosen = (found((2, 2), confidence=0.25), found((2, 4), (10, 20), confidence=0.75))
    rows = candidate_instances("s", candidate_label(chosen, SHAPE), chosen, "grounding")
    assert [row["score"] for row in rows] == [0.75, 0.75]
    assert {row["annotator"] for row in rows} == {"grounding"}
    assert {row["evidence"] for row in rows} == {None}


def test_a_region_that_a_person_drew_where_nobody_found_anything_has_no_score():
    [row] = candidate_instances("s", window(5, 5), (), "review")
    assert (row["score"], row["annotator"]) == (0.0, "review")
