import cv2
import numpy as np
import pytest

from kizu.diff import DiffSettings, Drift, Status, diff_mask
from kizu.diff.full_size import compare, evidence, outline, thin
from kizu.imaging.masks import mask_iou

SMALL = DiffSettings(max_work_megapixels=0.25)


@pytest.fixture(scope="module")
def big():
    """A picture with detail at full size, (768, 1024, 3) uint8."""
    rng = np.random.default_rng(7)
    image = np.full((768, 1024, 3), 120, np.float32)
    for sigma, strength in ((1.0, 22), (4.0, 60), (24.0, 400)):
        noise = rng.normal(0, strength, image.shape).astype(np.float32)
        image += cv2.GaussianBlur(noise, (0, 0), sigma)
    for _ in range(12):
        corner = rng.integers(0, (900, 650))
        size = rng.integers(40, 120, 2)
        colour = rng.uniform(20, 235, 3).tolist()
        cv2.rectangle(image, corner.tolist(), (corner + size).tolist(), colour, -1)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.6), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def lined(big):
    """The picture with a line one to two pixels wide, and the line's mask."""
    cover = np.zeros(big.shape[:2], np.uint8)
    cv2.line(cover, (300, 340), (520, 471), 255, 1, cv2.LINE_AA)
    line = np.clip(big - 0.11 * cover[..., None], 0, 255).astype(np.uint8)
    return line, cover > 100


def moved(mask, drifted):
    grey = np.repeat(mask[..., None], 3, 2).astype(np.uint8) * 255
    return drifted(grey, gain=1, noise=0)[..., 1] > 100


@pytest.fixture(scope="module")
def found(big, lined, drifted):
    """What is found of the line; only to be read."""
    return diff_mask(big, drifted(lined[0]), SMALL)


def test_a_line_too_thin_for_the_working_size_is_found_at_full_size(big, lined, drifted, found):
    edited, truth = drifted(lined[0]), moved(lined[1], drifted)
    half = [cv2.resize(i, (577, 433), interpolation=cv2.INTER_AREA) for i in (big, edited)]
    assert not diff_mask(*half).mask.any()
    assert found.status is Status.CHANGED
    near = cv2.dilate(truth.astype(np.uint8), np.ones((5, 5))) > 0
    assert (found.mask & truth).sum() > 0.7 * truth.sum()
    assert not (found.mask & ~near).any()


def test_drift_alone_stays_unchanged_at_full_size(big, drifted):
    result = diff_mask(big, drifted(big), SMALL)
    assert result.status is Status.UNCHANGED
    assert not result.mask.any()
    assert result.drift is Drift.SLIGHT


def test_equal_large_pictures_are_unchanged(big):
    result = diff_mask(big, big, SMALL)
    assert result.status is Status.UNCHANGED
    assert not result.anomaly_map.any()


def test_a_single_pixel_is_no_find(big):
    edited = big.copy()
    edited[300, 400] = 255 - edited[300, 400]
    assert not diff_mask(big, edited, SMALL).mask.any()


def test_the_outline_of_a_stain_is_true_to_the_pixel_of_full_size(big, stained):
    edited, truth = stained(big, centre=(500, 400), radius=60)
    assert mask_iou(diff_mask(big, edited, SMALL).mask, truth) > 0.97


def test_more_threads_give_the_same_answer_on_large_pictures(big, lined, drifted, found):
    assert SMALL.threads == 1
    three = diff_mask(big, drifted(lined[0]), SMALL.model_copy(update={"threads": 3}))
    assert np.array_equal(found.mask, three.mask)
    assert np.array_equal(found.anomaly_map, three.anomaly_map)


def test_tiles_leave_no_trace(big, lined, stained, drifted, monkeypatch):
    edited = drifted(stained(lined[0], centre=(500, 250), radius=40)[0])
    whole = diff_mask(big, edited, SMALL)
    assert whole.mask.any()
    for side_px in (128, 300):
        for module in (evidence, compare, thin, outline):
            monkeypatch.setattr(module, "TILE_PX", side_px)
        tiled = diff_mask(big, edited, SMALL)
        assert np.array_equal(whole.mask, tiled.mask)
        assert np.allclose(whole.anomaly_map, tiled.anomaly_map, rtol=1e-3, atol=1e-3)


def test_a_long_line_is_outlined_in_windows(big, lined, drifted, found, monkeypatch):
    monkeypatch.setattr(thin, "_WINDOW_PX", 96)
    assert mask_iou(found.mask, diff_mask(big, drifted(lined[0]), SMALL).mask) > 0.9


def test_a_region_favours_what_was_asked_for_and_hides_nothing(big, lined, drifted, found):
    region = np.zeros(big.shape[:2], np.bool_)
    region[330:480, 290:530] = True
    edited, normal = drifted(lined[0]), big
    asked = diff_mask(normal, edited, SMALL, region=region)
    elsewhere = diff_mask(normal, edited, SMALL, region=~region)
    assert asked.anomaly_map[region].sum() > found.anomaly_map[region].sum()
    assert elsewhere.status is Status.CHANGED


@pytest.mark.parametrize("shape", [(767, 1023), (601, 900), (40, 9001)])
def test_odd_sizes_give_whole_answers(big, lined, drifted, shape):
    rows, columns = np.arange(shape[0]) % big.shape[0], np.arange(shape[1]) % big.shape[1]
    normal, edited = (np.ascontiguousarray(i[rows][:, columns]) for i in (big, lined[0]))
    result = diff_mask(normal, drifted(edited), SMALL)
    assert result.mask.shape == result.anomaly_map.shape == shape
    assert np.isfinite(result.anomaly_map).all()
    assert (result.anomaly_map >= 0).all()
    assert np.array_equal(result.anomaly_map >= result.threshold, result.mask)


def test_the_drift_of_a_large_pair_is_told_in_its_own_pixels(big, drifted):
    result = diff_mask(big, drifted(big, shift=(3.0, -2.0)), SMALL)
    expected = np.array([0.004 * 511.5 + 3.0, 0.004 * 383.5 - 2.0])
    found = np.array([result.tone.shift_x_px, result.tone.shift_y_px])
    assert np.abs(found - expected).max() < 0.25


def test_a_large_picture_of_something_else_is_redrawn(big):
    result = diff_mask(big, np.ascontiguousarray(big[::-1, ::-1]), SMALL)
    assert result.status is Status.REDRAWN
    assert np.array_equal(result.anomaly_map >= result.threshold, result.mask)


def test_an_affine_map_moves_to_a_larger_picture():
    affine = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]])
    assert np.allclose(compare._affine_at(affine, (3.0, 2.0)), [[1, 0, 6], [0, 1, -2]])
