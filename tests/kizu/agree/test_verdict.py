import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from drawn_masks import grid_of_rings
from hypothesis import given
from hypothesis import strategies as st

from kizu.agree.change import Change
from kizu.agree.figures import Figures
from kizu.agree.fusion import fuse
from kizu.agree.settings import AgreementSettings, AreaRange
from kizu.agree.verdict import EXPLANATION, VERDICT_OF, Reason, Verdict, agree
from kizu.diff import Status
from kizu.grounding import Detections
from kizu.grounding.encoded import EncodedDetections, encoded
from kizu.imaging.crops import connected_regions
from kizu.imaging.rle import encode_crop

SHAPE = (40, 60)
AREA = AreaRange(min_fraction=0.01, max_fraction=0.3)
SETTINGS = AgreementSettings()


def block(y0: int, y1: int, x0: int, x1: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


DEFECT = block(10, 20, 10, 20)


def found(*masks: np.ndarray, boxes_only: bool = False) -> EncodedDetections:
    boxes = [
        [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
        for ys, xs in (np.nonzero(mask) for mask in masks)
    ]
    return encoded(
        Detections(
            xyxy=np.array(boxes, np.float32).reshape(-1, 4),
            mask=None if boxes_only else np.array(masks, bool).reshape(-1, *SHAPE),
            confidence=np.linspace(0.5, 0.9, len(masks), dtype=np.float32),
            phrase=("a hole",) * len(masks),
        )
    )


def as_witnesses(detections) -> dict[str, EncodedDetections]:
    if isinstance(detections, dict):
        return detections
    return {} if detections is None else {"the annotator": detections}


def change_of(mask=DEFECT, status=Status.CHANGED, *, sharp=True) -> Change:
    evidence = np.where(mask, 3.0 if sharp else 1.5, 0.0).astype(np.float32)
    return Change(status, mask, evidence, 1.0)


def verdict(
    mask=DEFECT,
    status=Status.CHANGED,
    detections=None,
    settings=SETTINGS,
    region=None,
    *,
    sharp=True,
    rivals=None,
    red=None,
):
    change, testimony = change_of(mask, status, sharp=sharp), as_witnesses(detections)
    picture = np.where(mask[..., None], 40, 160).astype(np.uint8).repeat(3, axis=2)
    if red is not None:
        picture[red] = (190, 30, 30)
    fused = fuse(change, picture, testimony, region)
    return agree(change, fused, testimony, AREA, settings, region=region, rivals=rivals)


def test_two_witnesses_at_one_place_are_accepted():
    agreement = verdict(detections=found(DEFECT))
    assert (agreement.verdict, agreement.reason) == (Verdict.ACCEPT, Reason.AGREE)
    assert agreement.figures.mask_iou == 1
    assert agreement.figures.detections == 1


def test_a_change_that_is_a_part_of_what_the_annotator_marks_is_not_confirmed():
    crack = block(18, 20, 5, 50)
    third = block(18, 20, 5, 20)
    agreement = verdict(third, detections=found(block(16, 22, 5, 50)))
    assert verdict(crack, detections=found(block(17, 21, 5, 50))).reason is Reason.AGREE
    assert agreement.figures.mask_containment == 1
    assert agreement.reason is Reason.DISAGREE


def test_an_outline_is_sure_if_the_change_is_sharp_or_the_annotator_drew_the_same():
    fat = block(8, 23, 8, 22)
    for mask, sharp, reason in (
        (DEFECT, False, Reason.AGREE),
        (fat, True, Reason.AGREE),
        (fat, False, Reason.UNSHARP),
    ):
        assert verdict(detections=found(mask), sharp=sharp).reason is reason


def test_a_thin_defect_inside_a_tight_box_is_accepted_although_its_iou_is_low():
    line = np.zeros(SHAPE, bool)
    line[range(5, 35), range(5, 35)] = True
    agreement = verdict(line, detections=found(block(4, 36, 4, 36), boxes_only=True))
    assert agreement.figures.mask_iou < 0.1
    assert agreement.reason is Reason.AGREE


def test_marks_at_the_corners_of_a_change_do_not_confirm_it_by_their_box():
    change = block(10, 30, 10, 40)
    corners = change & ~block(12, 28, 10, 40) & ~block(10, 30, 14, 36)
    agreement = verdict(change, detections=found(corners))
    assert agreement.figures.box_iou == 1
    assert agreement.reason is Reason.DISAGREE


def test_a_box_around_everything_confirms_nothing():
    agreement = verdict(detections=found(block(0, 40, 0, 60), boxes_only=True))
    assert (agreement.verdict, agreement.reason) == (Verdict.REVIEW, Reason.DISAGREE)


def test_an_annotator_that_finds_nothing_sends_to_review_and_never_rejects():
    agreement = verdict(detections=found())
    assert (agreement.verdict, agreement.reason) == (Verdict.REVIEW, Reason.NOT_GROUNDED)


def test_detections_elsewhere_do_not_count():
    elsewhere = block(30, 38, 40, 50)
    agreement = verdict(detections=found(DEFECT, elsewhere))
    assert agreement.reason is Reason.AGREE
    assert agreement.figures.detections_elsewhere == 1
    assert verdict(detections=found(elsewhere)).reason is Reason.NOT_GROUNDED


def test_a_detection_outside_the_asked_region_is_no_testimony():
    elsewhere = block(30, 38, 40, 50)
    within = block(0, 30, 0, 40)
    agreement = verdict(detections=found(DEFECT, elsewhere), region=within)
    assert (agreement.figures.detections, agreement.figures.detections_elsewhere) == (1, 0)
    assert verdict(detections=found(DEFECT, elsewhere)).figures.detections == 2


def test_confidence_counts_how_well_size_and_place_suit_what_was_asked_for():
    half_outside = block(0, 40, 0, 15)
    assert verdict(detections=found(DEFECT)).figures.confidence == 0.5
    assert verdict(detections=found(DEFECT), region=half_outside).figures.confidence == 0.25
    too_large = block(5, 35, 5, 53)  # 1440 of 2400 px, twice the most that was expected
    assert verdict(DEFECT, detections=found(too_large)).figures.confidence == pytest.approx(0.25)


def test_half_an_overlap_is_disagreement():
    agreement = verdict(detections=found(block(10, 20, 16, 26)))
    assert agreement.reason is Reason.DISAGREE
    assert agreement.figures.mask_containment == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("setting", "reason", "expected"),
    [
        ("review", Reason.ANNOTATOR_UNAVAILABLE, Verdict.REVIEW),
        ("accept", Reason.DIFF_ONLY, Verdict.ACCEPT),
    ],
)
def test_without_an_annotator_the_setting_decides(setting, reason, expected):
    agreement = verdict(settings=AgreementSettings(without_grounding=setting))
    assert (agreement.verdict, agreement.reason) == (expected, reason)
    assert agreement.figures.mask_iou is None


@pytest.mark.parametrize(
    ("mask", "status", "reason"),
    [
        (np.zeros(SHAPE, bool), Status.UNCHANGED, Reason.NO_VISIBLE_CHANGE),
        (np.zeros(SHAPE, bool), Status.REDRAWN, Reason.REDRAWN),
        (DEFECT, Status.REDRAWN, Reason.REDRAWN),
        (block(0, 2, 0, 2), Status.CHANGED, Reason.TOO_SMALL),
        (block(0, 30, 0, 60), Status.CHANGED, Reason.TOO_LARGE),
    ],
)
def test_what_the_diff_says_comes_first(mask, status, reason):
    assert verdict(mask, status, detections=found(DEFECT)).reason is reason


def test_a_change_outside_the_region_goes_to_review():
    agreement = verdict(detections=found(DEFECT), region=block(0, 40, 0, 14))
    assert (agreement.verdict, agreement.reason) == (Verdict.REVIEW, Reason.OUTSIDE_REGION)
    assert agreement.figures.outside_fraction == pytest.approx(0.6)


def test_only_an_edit_without_a_change_is_rejected():
    rejected = [reason for reason, given in VERDICT_OF.items() if given is Verdict.REJECT]
    assert rejected == [Reason.NO_VISIBLE_CHANGE]


def test_every_reason_is_explained():
    assert set(EXPLANATION) == set(VERDICT_OF) == set(Reason)


def test_two_hundred_detections_are_compared_in_the_memory_of_a_few_pictures():
    mask = grid_of_rings(10, 20, cell_px=100)
    rles = tuple(encode_crop(ring, mask.shape) for ring in connected_regions(mask))
    boxes, sure = np.full((200, 4), 9, np.float32), np.ones(200, np.float32)
    rings = EncodedDetections(boxes, rles, sure, ("a ring",) * 200)
    tracemalloc.start()
    try:
        agreement = verdict(mask, detections=rings)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (agreement.figures.detections, agreement.figures.mask_iou) == (200, 1)
    assert peak_bytes < 30 * mask.nbytes


SILENT, ELSEWHERE, HALF, EXACT = (
    found(),
    found(block(30, 38, 40, 50)),
    found(block(10, 20, 16, 26)),
    found(DEFECT),
)
TESTIMONIES = [SILENT, ELSEWHERE, HALF, EXACT]
REASONS = [Reason.NOT_GROUNDED, Reason.NOT_GROUNDED, Reason.DISAGREE, Reason.AGREE]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_of_several_witnesses_the_one_that_confirms_most_decides(said):
    several = {f"witness {number}": TESTIMONIES[what] for number, what in enumerate(said)}
    agreement = verdict(detections=several)
    alone = verdict(detections=TESTIMONIES[max(said)])
    assert agreement.reason is alone.reason is REASONS[max(said)]
    best = {"mask_iou", "mask_containment", "box_area_ratio", "confidence"}
    assert agreement.figures.model_dump(include=best) == alone.figures.model_dump(include=best)


@given(st.lists(st.integers(0, 3), max_size=4))
def test_what_each_witness_says_is_what_it_would_say_alone(said):
    several = {f"witness {number}": TESTIMONIES[what] for number, what in enumerate(said)}
    agreement = verdict(detections=several)
    assert [each.annotator for each in agreement.witnesses] == sorted(several)
    for each in agreement.witnesses:
        [alone] = verdict(detections={each.annotator: several[each.annotator]}).witnesses
        assert each == alone
        assert each.reason is REASONS[said[int(each.annotator[-1])]]


def test_the_order_of_witnesses_changes_nothing():
    several = {"a": HALF, "b": EXACT, "c": SILENT}
    backwards = dict(reversed(several.items()))
    assert verdict(detections=several) == verdict(detections=backwards)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(Status.REDRAWN, Reason.REDRAWN), (Status.UNCHANGED, Reason.NO_VISIBLE_CHANGE)],
)
def test_no_witness_outweighs_what_the_diff_says(status, reason):
    agreement = verdict(status=status, detections={"a": EXACT, "b": EXACT})
    assert agreement.reason is reason
    assert [each.agrees for each in agreement.witnesses] == [True, True]


def test_without_a_witness_nothing_is_said_for_one():
    agreement = verdict()
    assert agreement.witnesses == ()
    assert agreement.figures.detections is agreement.figures.confidence is None


@given(st.lists(st.integers(0, 3), max_size=4), st.sampled_from([None, block(0, 40, 0, 15)]))
def test_without_a_normal_image_nothing_is_compared_and_a_person_decides(said, region):
    several = {f"witness {number}": TESTIMONIES[what] for number, what in enumerate(said)}
    nothing = np.zeros(SHAPE, bool)
    agreement = verdict(nothing, Status.NO_NORMAL, detections=several, region=region)
    assert (agreement.verdict, agreement.reason) == (Verdict.REVIEW, Reason.NO_NORMAL)
    measured = agreement.figures.model_dump(exclude={"confidence", "detections"})
    assert set(measured.values()) == {None}
    assert not any(each.agrees for each in agreement.witnesses)
    sure = [w.figures.confidence for w in agreement.witnesses if w.figures.detections]
    assert agreement.figures.confidence == max(sure, default=None)


BESIDE = block(30, 34, 44, 52)


def test_what_no_annotator_marks_beside_what_one_marks_is_a_side_effect():
    agreement = verdict(DEFECT | BESIDE, detections=found(DEFECT))
    assert (agreement.verdict, agreement.reason) == (Verdict.REVIEW, Reason.SIDE_EFFECT)
    assert agreement.figures.unexplained_fraction == pytest.approx(32 / 132, abs=1e-4)
    allowed = AgreementSettings(max_unexplained_fraction=0.5)
    assert verdict(DEFECT | BESIDE, detections=found(DEFECT), settings=allowed).reason == "agree"


@pytest.mark.parametrize("boxes_only", [False, True])
def test_a_side_effect_inside_a_fat_detection_is_seen_as_one(boxes_only):
    large, small = block(4, 14, 4, 14), block(19, 22, 19, 22)
    fat = found(block(2, 22, 2, 22), boxes_only=boxes_only)
    both = verdict(large | small, detections=fat, red=small)
    assert both.verdict is verdict(large, detections=fat).verdict is Verdict.REVIEW
    assert both.figures.unexplained_fraction == pytest.approx(9 / 109, abs=1e-4)
    assert [region.is_kept for region in both.regions] == [True, False]
    nested = found(block(3, 15, 3, 15), block(2, 22, 2, 22), boxes_only=boxes_only)
    assert verdict(large, detections=nested).verdict is Verdict.ACCEPT
    assert verdict(large | small, detections=nested, red=small).reason is Reason.SIDE_EFFECT


def test_specks_of_one_look_inside_one_detection_are_one_defect():
    specks = block(4, 14, 4, 14) | block(17, 22, 17, 22)
    assert verdict(specks, detections=found(block(2, 22, 2, 22))).verdict is Verdict.ACCEPT


def test_a_change_that_hardly_stands_out_goes_to_review_though_it_is_confirmed():
    same_place = found(block(8, 23, 8, 22))
    agreement = verdict(detections=same_place, sharp=False)
    assert (agreement.verdict, agreement.reason) == (Verdict.REVIEW, Reason.UNSHARP)
    assert agreement.figures.sharp_fraction == 0
    lax = AgreementSettings(min_sharp_fraction=0)
    assert verdict(detections=same_place, sharp=False, settings=lax).reason is Reason.AGREE


@pytest.mark.parametrize(
    ("rival", "reason"), [(0.4, Reason.AGREE), (0.5, Reason.AGREE), (0.6, Reason.WRONG_KIND)]
)
def test_another_defect_of_the_spec_that_is_surer_at_the_change_wins(rival, reason):
    agreement = verdict(detections={"a": found(DEFECT)}, rivals={"a": rival})
    assert agreement.figures.confidence == 0.5
    assert agreement.figures.rival_confidence == rival
    assert agreement.reason is reason


@given(st.floats(0.0625, 1.0, width=32))
def test_the_asked_defect_wins_where_the_other_is_exactly_as_sure(confidence):
    alike = replace(found(DEFECT), confidence=np.array([confidence], np.float32))
    agreement = verdict(detections={"a": alike}, rivals={"a": float(alike.confidence[0])})
    assert agreement.figures.rival_confidence == agreement.figures.confidence
    assert agreement.reason is Reason.AGREE


def test_another_defect_where_the_asked_one_is_not_found_is_the_wrong_kind():
    agreement = verdict(detections={"a": found()}, rivals={"a": 0.2})
    assert (agreement.verdict, agreement.reason) == (Verdict.REVIEW, Reason.WRONG_KIND)


def test_one_annotator_that_confirms_outweighs_one_that_finds_another_kind():
    both = verdict(detections={"a": found(DEFECT), "b": found()}, rivals={"b": 0.9})
    assert both.reason is Reason.AGREE


def test_two_regions_each_marked_on_its_own_agree_though_boxes_would_not():
    scattered = block(2, 6, 2, 6) | block(30, 34, 50, 54)
    marks = found(block(2, 6, 2, 6), block(30, 34, 50, 54))
    agreement = verdict(scattered, detections=marks)
    assert agreement.reason is Reason.AGREE
    assert [region.mask_iou for region in agreement.regions] == [1, 1]


def test_no_two_regions_are_matched_with_one_detection():
    twins = block(10, 20, 4, 14) | block(10, 20, 40, 50)
    around = block(8, 22, 2, 52)
    regions = verdict(twins, detections=found(around)).regions
    assert sorted(region.annotator for region in regions) == ["", "the annotator"]


@given(
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from([DEFECT, DEFECT | BESIDE, BESIDE]),
    st.booleans(),
)
def test_a_verdict_follows_from_the_published_figures_alone(said, mask, sharp):
    several = {f"witness {number}": TESTIMONIES[what] for number, what in enumerate(said)}
    agreement = verdict(mask, detections=several, sharp=sharp)
    figures = Figures.model_validate_json(agreement.figures.model_dump_json())
    confirmed = [each for each in agreement.witnesses if each.agrees]
    unexplained = (figures.unexplained_fraction or 0) > SETTINGS.max_unexplained_fraction
    same_outline = (figures.mask_iou or 0) >= SETTINGS.min_outline_iou
    unsharp = figures.sharp_fraction < SETTINGS.min_sharp_fraction and not same_outline
    accepted = bool(confirmed) and not unexplained and not unsharp
    assert (agreement.verdict is Verdict.ACCEPT) is accepted
