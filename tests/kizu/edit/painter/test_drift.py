import cv2
import numpy as np
import pytest
from skimage import data

from kizu.edit.painter import DefectKind, DriftProfile, Painting, imitate_drift, paint
from kizu.edit.painter.material import to_lab

PRESERVING = (DriftProfile.GPT_IMAGE_1_5, DriftProfile.GPT_IMAGE_2)
DRIFTING = (*PRESERVING, DriftProfile.REDRAW)


def texture(long_side_px=512):
    grey = cv2.resize(data.gravel(), (long_side_px, long_side_px), interpolation=cv2.INTER_AREA)
    return np.stack([grey] * 3, -1)


def painting_of(image):
    truth = np.zeros(image.shape[:2], bool)
    truth[100:130, 60:160] = True
    return Painting(image, truth)


def content_shift(before, after):
    """(x, y) in pixels by which the content moved, robust to fine texture."""
    soft = [cv2.GaussianBlur(to_lab(image)[..., 0], (0, 0), 1.5) for image in (before, after)]
    window = cv2.createHanningWindow(soft[0].shape[::-1], cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(soft[0], soft[1], window)
    return x, y


def band_correlation(before, after, fine_px, coarse_px):
    bands = []
    for image in (before, after):
        lightness = to_lab(image)[..., 0]
        fine, coarse = (
            cv2.GaussianBlur(lightness, (0, 0), sigma) for sigma in (fine_px, coarse_px)
        )
        bands.append((fine - coarse).ravel())
    return np.corrcoef(*bands)[0, 1]


def test_none_is_the_identity():
    painting = painting_of(texture(64))
    assert imitate_drift(painting, DriftProfile.NONE, seed=0) is painting


@pytest.mark.parametrize("profile", DRIFTING)
def test_equal_arguments_drift_to_equal_bits(profile):
    painting = paint(data.chelsea()[:, :200], DefectKind.STAIN, seed=0)
    first, second = (imitate_drift(painting, profile, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.truth, second.truth)
    assert (first.image != imitate_drift(painting, profile, seed=8).image).any()


def test_gpt_image_2_moves_the_content_up_by_half_a_pixel_and_1_5_leaves_it():
    before = texture(1024)
    ranges = {
        DriftProfile.GPT_IMAGE_1_5: (-0.2, 0.2),
        DriftProfile.GPT_IMAGE_2: (-0.9, -0.3),
    }
    for profile, (low, high) in ranges.items():
        x, y = content_shift(before, imitate_drift(painting_of(before), profile, seed=1).image)
        assert abs(x) < 0.25, profile
        assert low < y < high, profile


def test_shift_scales_with_the_long_side():
    painting = painting_of(texture(512))
    shifts = [
        content_shift(
            painting.image, imitate_drift(painting, DriftProfile.GPT_IMAGE_2, seed).image
        )[1]
        for seed in range(4)
    ]
    assert -0.45 < np.mean(shifts) < -0.15


@pytest.mark.parametrize(
    ("profile", "finest", "fine", "middle"),
    [
        (DriftProfile.GPT_IMAGE_1_5, (0.4, 0.93), (0.75, 0.98), (0.9, 1.0)),
        (DriftProfile.GPT_IMAGE_2, (0.15, 0.65), (0.5, 0.9), (0.85, 1.0)),
        (DriftProfile.REDRAW, (-0.1, 0.3), (-0.1, 0.45), (-0.1, 0.7)),
    ],
)
def test_texture_correlates_as_measured(profile, finest, fine, middle):
    before = texture(1024)
    after = imitate_drift(painting_of(before), profile, seed=2).image
    x, y = content_shift(before, after) if profile in PRESERVING else (0.0, 0.0)
    back = np.float32([[1, 0, x], [0, 1, y]])
    after = cv2.warpAffine(
        after, back, after.shape[1::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    )
    for (low, high), (sharp, soft) in zip(
        (finest, fine, middle), ((0.01, 0.7), (0.7, 1.4), (1.4, 2.8)), strict=True
    ):
        assert low < band_correlation(before, after, sharp, soft) < high, (sharp, soft)


def test_redraw_moves_things_left_and_up_by_many_pixels():
    painting = painting_of(texture(512))
    before = np.argwhere(painting.truth).mean(0)
    moves = [
        np.argwhere(imitate_drift(painting, DriftProfile.REDRAW, seed).truth).mean(0) - before
        for seed in range(6)
    ]
    assert (np.abs(moves) < 25).all()
    assert (np.mean(moves, 0) < 1).all()
    assert np.linalg.norm(moves, axis=1).min() > 1


@pytest.mark.parametrize("profile", PRESERVING)
def test_tone_stays_within_a_few_levels(profile):
    before = texture(256)
    offsets = [
        (to_lab(imitate_drift(painting_of(before), profile, seed).image) - to_lab(before))[..., 0]
        for seed in range(6)
    ]
    assert max(abs(offset.mean()) for offset in offsets) < 4
    assert max(offset.mean() for offset in offsets) != min(offset.mean() for offset in offsets)


@pytest.mark.parametrize("profile", DRIFTING)
def test_truth_travels_with_the_picture(profile):
    image = np.full((256, 256, 3), 200, np.uint8)
    truth = np.zeros((256, 256), bool)
    truth[120:150, 60:180] = True
    image[truth] = (180, 20, 20)
    drifted = imitate_drift(Painting(image, truth), profile, seed=5)
    red = to_lab(drifted.image)[..., 1] > 35
    overlap = (red & drifted.truth).sum() / (red | drifted.truth).sum()
    assert overlap > 0.9


@pytest.mark.parametrize("profile", DRIFTING)
@pytest.mark.parametrize("level", [0, 255])
def test_extreme_pictures_survive(profile, level):
    image = np.full((32, 40, 3), level, np.uint8)
    drifted = imitate_drift(Painting(image, np.zeros((32, 40), bool)), profile, seed=0)
    assert drifted.image.shape == image.shape
    assert not drifted.truth.any()
