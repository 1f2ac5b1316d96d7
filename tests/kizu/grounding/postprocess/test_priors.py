import numpy as np
import pytest

from kizu.grounding import Detections, with_priors
from kizu.grounding.detections import from_rows
from kizu.grounding.encoded import encoded

SHAPE = (100, 200)


def two_boxes():
    return from_rows([((0, 0, 10, 10), 0.5, "small"), ((100, 0, 200, 100), 0.8, "large")])


def test_without_priors_nothing_changes_but_the_order():
    assert with_priors(two_boxes(), SHAPE).phrase == ("large", "small")


def test_a_region_ten_times_too_large_keeps_a_tenth_of_its_confidence():
    result = with_priors(two_boxes(), SHAPE, area_fraction=(0.001, 0.05))
    assert result.phrase == ("small", "large")
    assert result.confidence.tolist() == pytest.approx([0.5, 0.08])


def test_a_region_keeps_the_share_of_it_that_is_where_the_defect_was_asked_for():
    region = np.zeros(SHAPE, dtype=bool)
    region[:, :125] = True
    result = with_priors(two_boxes(), SHAPE, region=region)
    assert result.phrase == ("small", "large")
    assert result.confidence.tolist() == pytest.approx([0.5, 0.2])


def test_a_region_wholly_outside_goes():
    region = np.zeros(SHAPE, dtype=bool)
    region[:, 100:] = True
    assert with_priors(two_boxes(), SHAPE, region=region).phrase == ("large",)


def test_masks_count_instead_of_boxes_where_there_are_any():
    mask = np.zeros((1, *SHAPE), dtype=bool)
    mask[0, :10, :10] = True
    boxes = np.array([[0, 0, 200, 100]], np.float32)
    thin = Detections(boxes, mask, np.ones(1, np.float32), ("a scratch",))
    result = with_priors(thin, SHAPE, area_fraction=(0.001, 0.01))
    assert result.confidence.tolist() == pytest.approx([1.0])


def test_encoded_masks_weigh_as_the_masks_do():
    masks = np.random.default_rng(0).random((5, *SHAPE)) < np.linspace(0, 0.5, 5)[:, None, None]
    boxes, sure = np.zeros((5, 4), np.float32), np.linspace(0.2, 0.9, 5, dtype=np.float32)
    found = Detections(boxes, masks, sure, tuple("abcde"))
    region = np.zeros(SHAPE, dtype=bool)
    region[:, 60:130] = True
    plain = with_priors(found, SHAPE, area_fraction=(0.1, 0.3), region=region)
    stored = with_priors(encoded(found), SHAPE, area_fraction=(0.1, 0.3), region=region)
    assert stored.phrase == plain.phrase
    assert stored.confidence.tolist() == plain.confidence.tolist()
    assert np.array_equal(stored.union_mask(SHAPE), plain.union_mask(SHAPE))


def test_priors_of_nothing_are_nothing():
    region = np.ones(SHAPE, dtype=bool)
    nothing = with_priors(Detections.empty(SHAPE), SHAPE, area_fraction=(0.1, 0.2), region=region)
    assert len(nothing) == 0


def test_a_region_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"region is \(5, 5\), the image is \(100, 200\)"):
        with_priors(two_boxes(), SHAPE, region=np.ones((5, 5), dtype=bool))
