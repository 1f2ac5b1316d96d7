"""What repeats itself every few pixels is registered, at any size of the picture."""

import cv2
import numpy as np
import pytest

from kizu.diff import Status, diff_mask
from kizu.diff.align.repetition import period_of
from kizu.edit.painter import DriftProfile, Painting, imitate_drift


def weave(side_px, period_px):
    """A cloth, (side, side, 3) uint8."""
    y, x = np.mgrid[:side_px, :side_px] * (2 * np.pi / period_px)
    noise = np.random.default_rng(1).normal(0, 4, (side_px, side_px))
    grey = 120 + 40 * np.sin(x) * np.sign(np.sin(y / 2)) + 20 * np.sin(y) + noise
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, 2)


def perforated(side_px, period_px):
    """A sheet with holes, (side, side, 3) uint8."""
    y, x = np.mgrid[:side_px, :side_px] % period_px - period_px / 2
    sheet = np.where(x * x + y * y < (0.3 * period_px) ** 2, 40, 190).astype(np.float32)
    noise = np.random.default_rng(2).normal(0, 3, (side_px, side_px, 3))
    soft = cv2.GaussianBlur(sheet, (0, 0), 0.7)[..., None]
    return np.clip(soft + noise, 0, 255).astype(np.uint8)


def moved(image):
    """Shift and zoom by less than a period, and take the picture again."""
    affine = np.float32([[1.003, 0.002, 1.3], [-0.002, 1.003, -0.8]])
    size = (image.shape[1], image.shape[0])
    warped = cv2.warpAffine(
        image, affine, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    noise = np.random.default_rng(3).normal(0, 1.5, image.shape)
    return np.clip(warped * 1.03 + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("made", [weave, perforated])
@pytest.mark.parametrize(("side_px", "period_px"), [(512, 6), (512, 13), (1024, 6), (1024, 13)])
def test_a_picture_full_of_repetition_is_registered(made, side_px, period_px):
    normal = made(side_px, period_px)
    assert diff_mask(normal, moved(normal)).status is Status.UNCHANGED
    stained = normal.copy()
    cv2.circle(stained, (side_px // 3, side_px // 2), 9, (10, 10, 10), -1)
    found = diff_mask(normal, moved(stained))
    assert found.status is Status.CHANGED
    assert found.mask[side_px // 2 - 3, side_px // 3 + 3]


def test_a_cloth_that_a_model_redrew_is_not_another_picture():
    normal = weave(1024, 5)
    nothing = Painting(normal, np.zeros(normal.shape[:2], np.bool_))
    redrawn = imitate_drift(nothing, DriftProfile.GPT_IMAGE_2, seed=7)
    assert diff_mask(normal, redrawn.image).status is Status.UNCHANGED


@pytest.mark.parametrize("period_px", [4, 6, 9, 14])
def test_the_period_is_found(period_px):
    grey = weave(512, period_px)[..., 0].astype(np.float32)
    assert 0.8 * period_px < period_of(grey) < 1.1 * period_px


def test_grain_and_single_edges_have_no_period():
    grain = np.random.default_rng(0).normal(120, 20, (512, 512)).astype(np.float32)
    assert period_of(grain) == np.inf
    grain[:, 256:] += 80
    assert period_of(cv2.GaussianBlur(grain, (0, 0), 1.5)) == np.inf
