"""What of an annotator's detections is testimony for the asked defect."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.agree.testimony import SAME_PLACE_IOU, Cause
from kizu.agree.testimony import testimony as weigh  # pytest would take its name for a test
from kizu.grounding.detections import Detections
from kizu.grounding.encoded import encoded
from kizu.grounding.postprocess.priors import with_priors
from kizu.imaging.boxes import box_iou

SHAPE = (60, 80)


def boxes_of(most_px):
    """Boxes in the picture, of up to so many pixels' side."""
    corner = st.integers(0, SHAPE[1] - most_px), st.integers(0, SHAPE[0] - most_px)
    sides = st.integers(4, most_px), st.integers(4, most_px)
    return st.tuples(*corner, *sides).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))


HERE, NEAR, FAR = (10, 10, 30, 26), (11, 10, 31, 26), (50, 30, 70, 50)


def found(*rows, phrase="a crack", masks=None):
    boxes = np.array([box for box, _ in rows], np.float32).reshape(-1, 4)
    sure = np.array([confidence for _, confidence in rows], np.float32)
    stack = None if masks is None else np.array(masks, bool).reshape(-1, *SHAPE)
    return encoded(Detections(boxes, stack, sure, (phrase,) * len(rows)))


def filled(box):
    mask = np.zeros(SHAPE, bool)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return mask


def causes(said):
    return {each.row: each.cause for each in said.lost_to}


def test_a_surer_rival_at_its_place_strikes_a_detection():
    asked = found((HERE, 0.4), (FAR, 0.4))
    said = weigh(asked, found((NEAR, 0.6), phrase="a stain"), None, SHAPE)
    assert said.kept.xyxy.tolist() == [list(FAR)]
    [lost] = said.lost_to
    assert (lost.row, lost.cause, lost.phrase) == (0, Cause.RIVAL, "a stain")
    assert lost.confidence == pytest.approx(0.6)


@pytest.mark.parametrize("rival", [(NEAR, 0.4), (NEAR, 0.3), (FAR, 0.9)])
def test_a_rival_that_is_no_surer_or_elsewhere_strikes_nothing(rival):
    said = weigh(found((HERE, 0.4)), found(rival), None, SHAPE)
    assert len(said.kept) == 1


def test_a_rival_that_lost_itself_strikes_nothing():
    boxes = (10, 10, 30, 26), (17, 10, 37, 26), (24, 10, 44, 26)  # IoU of neighbours: .48
    wide = [(x0 - 2, y0, x1 + 2, y1) for x0, y0, x1, y1 in boxes]
    asked = found((wide[0], 0.9), (wide[2], 0.3))
    said = weigh(asked, found((wide[1], 0.6)), None, SHAPE)
    assert box_iou(asked.xyxy, found((wide[1], 0.6)).xyxy).min() >= SAME_PLACE_IOU
    assert len(said.kept) == 2


def test_masks_decide_where_there_are_masks():
    left, right = (10, 10, 20, 26), (20, 10, 30, 26)
    asked = found((HERE, 0.4), masks=[filled(left)])
    assert len(weigh(asked, found((HERE, 0.9), masks=[filled(right)]), None, SHAPE).kept) == 1
    assert len(weigh(asked, found((HERE, 0.9), masks=[filled(left)]), None, SHAPE).kept) == 0


@pytest.mark.parametrize(("before", "struck"), [(0.5, True), (0.36, True), (0.3, False)])
def test_what_is_found_on_the_normal_image_about_as_surely_is_no_testimony(before, struck):
    said = weigh(found((HERE, 0.5)), None, found((NEAR, before)), SHAPE)
    assert causes(said) == ({0: Cause.ON_NORMAL} if struck else {})


def test_what_the_normal_image_has_elsewhere_strikes_nothing():
    assert len(weigh(found((HERE, 0.5)), None, found((FAR, 0.9)), SHAPE).kept) == 1


@pytest.mark.parametrize(
    "mask",
    [
        np.ones(SHAPE, bool),
        ~filled(HERE),
        np.zeros(SHAPE, bool),
        filled(FAR),
        filled((0, 0, 70, 26)),
    ],
    ids=["whole", "background", "empty", "elsewhere", "much larger"],
)
def test_a_mask_that_is_not_of_its_box_is_no_testimony(mask):
    asked = found((HERE, 0.9), (FAR, 0.5), masks=[mask, filled(FAR)])
    said = weigh(asked, None, None, SHAPE)
    assert causes(said) == {0: Cause.NOT_A_REGION}
    rival = found((HERE, 0.95), masks=[mask])
    fair = weigh(found((HERE, 0.9), masks=[filled(HERE)]), rival, None, SHAPE)
    assert len(fair.kept) == 1


def test_a_box_of_most_of_the_picture_is_no_testimony():
    said = weigh(found(((0, 0, 80, 60), 0.9)), None, None, SHAPE)
    assert causes(said) == {0: Cause.NOT_A_REGION}


def test_the_best_rival_at_a_change_is_told():
    rivals = found((NEAR, 0.3), (HERE, 0.2), (FAR, 0.9), ((0, 0, 60, 40), 0.8))
    said = weigh(found((HERE, 0.4)), rivals, None, SHAPE)
    assert said.rival_confidence(filled(HERE)) == pytest.approx(0.3)
    assert said.rival_confidence(filled((72, 2, 78, 8))) == 0.0
    assert said.rival_confidence(np.zeros(SHAPE, bool)) == 0.0


def test_a_rival_that_marks_a_small_part_of_a_change_says_nothing_of_the_whole():
    change, part = filled((10, 10, 40, 30)), (12, 12, 18, 18)
    said = weigh(found((HERE, 0.4)), found((part, 0.9)), None, SHAPE)
    assert said.rival_confidence(change) == 0.0
    assert said.rival_confidence(filled(part)) == pytest.approx(0.9)


def test_a_rivals_box_marks_the_thin_change_that_it_was_drawn_around():
    thin = np.zeros(SHAPE, bool)
    thin[range(10, 26), range(10, 26)] = True
    said = weigh(found(), found(((10, 10, 26, 26), 0.6)), None, SHAPE)
    assert said.rival_confidence(thin) == pytest.approx(0.6)


@given(boxes_of(20), st.integers(1, 20), st.floats(0.001, 0.2), boxes_of(60))
def test_size_and_place_make_no_rival_of_the_same_extent_the_surer(box, sure, most, asked_in):
    alike = found((box, sure / 20))
    region, limits = filled(asked_in), (most / 10, most)
    confidence = weigh(alike, alike, None, SHAPE).rival_confidence(
        filled(box), area_fraction=limits, region=region
    )
    own = with_priors(alike, SHAPE, area_fraction=limits, region=region).confidence
    assert confidence == pytest.approx(max(own.tolist(), default=0.0))


def test_without_rivals_nothing_is_told_of_them():
    said = weigh(found((HERE, 0.4)), None, None, SHAPE)
    assert said.rival_confidence(filled(HERE)) is None
    assert len(said.kept) == 1


detections = st.lists(st.tuples(boxes_of(20), st.integers(1, 20).map(lambda n: n / 20)), max_size=5)
masked = st.booleans()


@given(detections, detections, detections, masked)
def test_every_detection_is_kept_or_struck_for_a_reason_that_holds(asked, rivals, before, masks):
    a, r, n = (
        found(*rows, masks=[filled(box) for box, _ in rows] if masks else None)
        for rows in (asked, rivals, before)
    )
    said = weigh(a, r, n, SHAPE)
    lost = {each.row for each in said.lost_to}
    assert len(said.kept) + len(lost) == len(a)
    kept = [row for row in range(len(a)) if row not in lost]
    assert said.kept.xyxy.tolist() == a.xyxy[kept].tolist()
    for each in said.lost_to:
        other = r if each.cause is Cause.RIVAL else n
        at = box_iou(a.xyxy[[each.row]], other.xyxy)[0] >= SAME_PLACE_IOU
        assert each.confidence in other.confidence[at].tolist()
        assert each.cause is not Cause.RIVAL or each.confidence > a.confidence[each.row]


@given(detections, detections)
def test_without_competition_all_regions_are_kept_and_more_rivals_add_none(asked, rivals):
    a, r = found(*asked), found(*rivals)
    assert len(weigh(a, None, None, SHAPE).kept) == len(a)
    assert len(weigh(a, r, None, SHAPE).kept) <= len(a)


@given(detections, detections)
def test_the_surest_of_all_at_a_place_is_never_struck(asked, rivals):
    a, r = found(*asked), found(*rivals)
    lost = {each.row for each in weigh(a, r, None, SHAPE).lost_to}
    best = float(r.confidence.max()) if len(r) else 0.0
    assert not any(a.confidence[row] >= best for row in lost)
