"""Pictures of some hundred pixels, as of tiles and cropped stations, that a model redrew."""

import cv2
import numpy as np
import pytest

from kizu.diff import Status, diff_mask
from kizu.edit.painter import DriftProfile, Painting, imitate_drift

PROFILES = [DriftProfile.GPT_IMAGE_1_5, DriftProfile.GPT_IMAGE_2]


def casting(seed, side_px=128):
    """A cast surface, (128, 128, 3) uint8."""
    grain = np.random.default_rng(seed).normal(0, 45, (side_px, side_px)).astype(np.float32)
    shade = np.linspace(110, 170, side_px, dtype=np.float32)[:, None]
    grey = np.clip(shade + cv2.GaussianBlur(grain, (0, 0), 1.3), 0, 255)
    return np.repeat(grey.astype(np.uint8)[..., None], 3, 2)


def pierced(image, radius_px, grey=35):
    """A dark hole with the blur of a lens, away from the middle."""
    depth = np.zeros(image.shape[:2], np.float32)
    cv2.circle(depth, (50, 82), radius_px, 1, -1)
    depth = cv2.GaussianBlur(depth, (0, 0), 0.6)
    edited = np.rint(image + (grey - image) * depth[..., None]).astype(np.uint8)
    return Painting(edited, depth > 0.3)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("radius_px", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_a_hole_of_a_few_pixels_is_found(profile, radius_px, seed):
    normal = casting(seed)
    redrawn = imitate_drift(pierced(normal, radius_px), profile, seed)
    found = diff_mask(normal, redrawn.image)
    assert found.status is Status.CHANGED
    assert (found.mask & redrawn.truth).any()
    assert found.mask.sum() < 3 * redrawn.truth.sum()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", range(6))
def test_grain_that_was_redrawn_is_no_hole(profile, seed):
    normal = casting(seed)
    nothing = Painting(normal, np.zeros(normal.shape[:2], np.bool_))
    redrawn = imitate_drift(nothing, profile, seed)
    assert diff_mask(normal, redrawn.image).status is Status.UNCHANGED
