import json

import numpy as np
import pytest
from kizu.stages.quality import QUALITY, contradictions

from kizu.grounding.detections import Detections
from kizu.grounding.encoded import encoded
from kizu.stages import DIFF, EDIT, GROUNDING

BOTH = ("demo-grounding-dino", "demo-grounding-dino+demo-sam")


@pytest.fixture
def mask():
    """Two changed regions of 4 and 16 pixels, (20, 30) bool."""
    changed = np.zeros((20, 30), np.bool_)
    changed[2:4, 2:4] = changed[10:14, 10:14] = True
    return changed


def detections(*masks):
    boxes = np.array([[0, 0, 30, 20]] * len(masks), np.float32).reshape(-1, 4)
    confidence = np.full(len(masks), 0.5, np.float32)
    stacked = np.stack(masks) if masks else np.zeros((0, 20, 30), np.bool_)
    return encoded(Detections(boxes, stacked, confidence, ("a crack",) * len(masks)))


def window(y, x, side):
    found = np.zeros((20, 30), np.bool_)
    found[y : y + side, x : x + side] = True
    return found


def test_a_region_that_no_detection_touches_is_unexplained(mask):
    measured = contradictions(mask, detections(window(13, 13, 3)))
    assert measured == {"unexplained_fraction": 0.2, "unchanged_fraction": 0.0}


def test_a_detection_that_touches_no_change_counts_with_its_area(mask):
    measured = contradictions(mask, detections(window(10, 10, 4), window(0, 20, 4)))
    assert measured == {"unexplained_fraction": 0.2, "unchanged_fraction": 0.5}


def test_without_detections_all_of_the_change_is_unexplained(mask):
    measured = contradictions(mask, detections())
    assert measured == {"unexplained_fraction": 1.0, "unchanged_fraction": None}


def test_without_a_change_nothing_is_unexplained(mask):
    measured = contradictions(np.zeros_like(mask), detections(window(0, 0, 2)))
    assert measured == {"unexplained_fraction": None, "unchanged_fraction": 1.0}


def test_what_the_diff_alone_tells_is_measured_without_an_annotator(through, inputs):
    through(EDIT, DIFF, GROUNDING, QUALITY)
    for sample in inputs():
        row = QUALITY.row(sample)
        assert row["unexplained_fraction"] is row["unchanged_fraction"] is None
        assert 0 < row["sharp_fraction"] <= 1


def test_of_several_annotators_one_that_touches_a_region_explains_it(mask):
    first, second = detections(window(13, 13, 3)), detections(window(2, 2, 2), window(0, 20, 4))
    measured = contradictions(mask, first, second)
    assert measured == {"unexplained_fraction": 0.0, "unchanged_fraction": round(16 / 29, 4)}


def test_the_numbers_of_each_of_several_annotators_are_published_too(through, inputs, looked_at):
    both, one = looked_at(*BOTH), looked_at(BOTH[0])
    assert through(EDIT, DIFF, GROUNDING, QUALITY, **both).made == 4
    for sample in inputs(**both):
        each = json.loads(QUALITY.row(sample)["quality_by_annotator"])
        assert tuple(each) == both["annotators"]
    assert through(QUALITY, **one).made == 4
    assert {QUALITY.row(sample)["quality_by_annotator"] for sample in inputs(**one)} == {None}
