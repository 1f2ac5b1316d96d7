import numpy as np
import pytest

from kizu.diff import DiffSettings, Drift, Status, diff_mask
from kizu.imaging.masks import mask_iou


def test_diff_mask_of_two_equal_images_is_empty(photo):
    result = diff_mask(photo, photo)
    assert not result.mask.any()
    assert result.status is Status.UNCHANGED
    assert result.drift is Drift.NONE


def test_a_stain_painted_in_place_is_outlined(photo, stained):
    edited, truth = stained(photo)
    result = diff_mask(photo, edited)
    assert result.status is Status.CHANGED
    assert mask_iou(result.mask, truth) > 0.8


def test_a_stain_is_outlined_in_the_edited_frame_when_the_picture_drifts(photo, stained, drifted):
    edited, truth = stained(photo)
    moved = drifted(np.repeat(truth[..., None], 3, 2).astype(np.uint8) * 255, gain=1, noise=0)
    result = diff_mask(photo, drifted(edited))
    assert result.status is Status.CHANGED
    assert mask_iou(result.mask, moved[..., 1] > 127) > 0.75


def test_drift_alone_is_unchanged(photo, drifted):
    result = diff_mask(photo, drifted(photo))
    assert result.status is Status.UNCHANGED
    assert not result.mask.any()
    assert result.drift is Drift.SLIGHT


def test_the_measured_drift_is_the_applied_one(photo, drifted):
    result = diff_mask(photo, drifted(photo, shift=(2.0, -1.0)))
    expected = np.array([0.004 * 127.5 + 2.0, 0.004 * 95.5 - 1.0])
    found = np.array([result.tone.shift_x_px, result.tone.shift_y_px])
    assert np.abs(found - expected).max() < 0.15
    assert result.match_rate > 0.9


def test_the_map_passes_its_threshold_exactly_inside_the_mask(photo, stained, drifted):
    edited, _ = stained(photo)
    result = diff_mask(photo, drifted(edited))
    assert np.array_equal(result.anomaly_map >= result.threshold, result.mask)


def test_regions_describe_the_mask(photo, stained):
    edited, _ = stained(photo)
    result = diff_mask(photo, edited)
    assert sum(r.area_px for r in result.regions) == result.mask.sum()
    left, top, right, bottom = result.regions[0].xyxy
    assert result.mask[top:bottom, left:right].sum() >= result.regions[0].area_px


def test_a_region_does_not_hide_a_change_outside_it(photo, stained, drifted):
    edited, _ = stained(photo)
    elsewhere = np.zeros(photo.shape[:2], bool)
    elsewhere[:30, :30] = True
    assert diff_mask(photo, drifted(edited), region=elsewhere).status is Status.CHANGED


def test_different_sizes_are_refused_with_a_way_out(photo):
    with pytest.raises(ValueError, match="bring both to one size"):
        diff_mask(photo, photo[:-1])


@pytest.mark.parametrize("bad", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8)])
def test_wrong_shapes_are_named(bad):
    with pytest.raises(ValueError, match="RGB"):
        diff_mask(bad, bad)


def test_wrong_types_are_named(photo):
    with pytest.raises(TypeError, match="float64"):
        diff_mask(photo.astype(float), photo)
    with pytest.raises(TypeError, match="region"):
        diff_mask(photo, photo, region=np.zeros(photo.shape[:2], np.uint8))


def test_more_threads_give_the_same_answer(photo, stained, drifted):
    edited = drifted(stained(photo)[0])
    one, four = (diff_mask(photo, edited, DiffSettings(threads=n)) for n in (1, 4))
    assert np.array_equal(one.mask, four.mask)
    assert np.array_equal(one.anomaly_map, four.anomaly_map)
