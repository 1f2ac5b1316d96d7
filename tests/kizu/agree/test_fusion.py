import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.agree.change import Change
from kizu.agree.fusion import DIFF_SOURCE, TESTIMONY_SOURCE, fuse
from kizu.diff import Status
from kizu.grounding import Detections
from kizu.grounding.encoded import encoded

SHAPE = (80, 120)
GREY, DARK, DARKER, RED = (160, 160, 160), (60, 60, 60), (50, 50, 50), (180, 40, 40)


def block(y, x, side=8):
    mask = np.zeros(SHAPE, bool)
    mask[y : y + side, x : x + side] = True
    return mask


LEFT, RIGHT, LOW = block(10, 10), block(10, 90), block(60, 50)


def picture(**colours):
    image = np.full((*SHAPE, 3), GREY, np.uint8)
    for name, colour in colours.items():
        image[{"left": LEFT, "right": RIGHT, "low": LOW}[name]] = colour
    return image


def found(*masks):
    boxes = np.zeros((len(masks), 4), np.float32)
    stacked = np.array(masks, bool).reshape(-1, *SHAPE)
    sure = np.full(len(masks), 0.5, np.float32)
    return {"annotator": encoded(Detections(boxes, stacked, sure, ("a hole",) * len(masks)))}


def changed(mask, status=Status.CHANGED):
    return Change(status, mask, mask.astype(np.float32) * 3, 1.0)


def test_without_testimony_all_of_the_change_is_the_mask():
    for testimony in ({}, found(), found(LOW)):
        fused = fuse(changed(LEFT | RIGHT), picture(left=DARK, right=RED), testimony)
        assert np.array_equal(fused.mask, LEFT | RIGHT)
        assert not fused.drops
        assert {region.source for region in fused.regions} == {DIFF_SOURCE}


def test_what_no_testimony_explains_is_left_out_where_another_region_is_explained():
    fused = fuse(changed(LEFT | RIGHT), picture(left=DARK, right=RED), found(LEFT))
    assert np.array_equal(fused.mask, LEFT)
    assert fused.drops
    kept = {region.crop.xyxy[0]: region.is_kept for region in fused.regions}
    assert kept == {10: True, 90: False}


def test_pieces_of_one_look_stay_together_though_only_one_is_marked():
    fused = fuse(changed(LEFT | RIGHT), picture(left=DARK, right=DARKER), found(LEFT))
    assert np.array_equal(fused.mask, LEFT | RIGHT)
    explained = {region.crop.xyxy[0]: region.is_explained for region in fused.regions}
    assert explained == {10: True, 90: False}


def test_a_change_near_a_testimony_is_explained_by_it():
    near = fuse(changed(LEFT), picture(left=DARK), found(block(10, 19)))
    assert near.regions[0].is_explained
    far = fuse(changed(LEFT), picture(left=DARK), found(block(10, 26)))
    assert not far.regions[0].is_explained


def test_a_testimony_outside_the_asked_region_explains_nothing():
    image = picture(left=DARK, right=RED)
    left_half = np.zeros(SHAPE, bool)
    left_half[:, :60] = True
    fused = fuse(changed(LEFT | RIGHT), image, found(LEFT, RIGHT), left_half)
    assert np.array_equal(fused.mask, LEFT)


@pytest.mark.parametrize("status", [Status.REDRAWN, Status.NO_NORMAL])
def test_where_the_diff_cannot_speak_the_testimony_is_the_candidate(status):
    fused = fuse(changed(RIGHT, status), picture(), found(LEFT))
    assert np.array_equal(fused.mask, LEFT)
    assert {region.source for region in fused.regions} == {TESTIMONY_SOURCE}


def test_of_a_redrawn_picture_that_nobody_looked_at_the_diffs_mask_stays():
    fused = fuse(changed(RIGHT, Status.REDRAWN), picture(), {})
    assert np.array_equal(fused.mask, RIGHT)


PLACES = {"left": LEFT, "right": RIGHT, "low": LOW}


@given(
    st.dictionaries(st.sampled_from(sorted(PLACES)), st.sampled_from([DARK, RED]), min_size=1),
    st.sets(st.sampled_from(sorted(PLACES))),
)
def test_the_mask_is_some_of_the_change_and_holds_all_of_it_that_is_marked(colours, marked):
    change = np.logical_or.reduce([PLACES[name] for name in colours])
    fused = fuse(changed(change), picture(**colours), found(*(PLACES[name] for name in marked)))
    assert not np.any(fused.mask & ~change)
    assert fused.mask.any()
    for name in marked & set(colours):
        assert np.all(fused.mask[PLACES[name]])
    whole = np.logical_or.reduce([_pixels(region) for region in fused.regions])
    assert np.array_equal(whole, change)


def _pixels(region):
    mask = np.zeros(SHAPE, bool)
    mask[region.crop.window] |= region.crop.inside
    return mask
