"""A part in another colour is a defect, however much of the product it takes."""

import cv2
import numpy as np
import pytest

from kizu.diff import Status, diff_mask
from kizu.edit.painter import DriftProfile, Painting, imitate_drift

SIDE_PX = 320
RED, BROWN = (170, 40, 40), (150, 80, 10)


def disc(colour, radius_px=100, half=None):
    """A plain disc on a plain ground, (H, W, 3) uint8, and where it or its left half lies."""
    image = np.full((SIDE_PX, SIDE_PX, 3), 224, np.uint8)
    inside = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    cv2.circle(inside, (SIDE_PX // 2, SIDE_PX // 2), radius_px, 1, -1)
    image[inside > 0] = RED
    part = inside > 0
    if half is not None:
        part[:, half:] = False
    image[part] = colour
    return image, part


def redrawn(image, truth, profile, seed=3):
    drifted = imitate_drift(Painting(image, truth), profile, seed)
    return drifted.image, drifted.truth


@pytest.mark.parametrize("profile", [DriftProfile.GPT_IMAGE_1_5, DriftProfile.GPT_IMAGE_2])
@pytest.mark.parametrize("half", [SIDE_PX // 2, None], ids=["half", "all"])
def test_a_recoloured_part_of_a_redrawn_picture_is_the_change(half, profile):
    normal, _ = disc(RED)
    edited, truth = redrawn(*disc(BROWN, half=half), profile)
    found = diff_mask(normal, edited)
    assert found.status is Status.CHANGED
    assert (found.mask & truth).sum() > 0.9 * (found.mask | truth).sum()


def test_the_half_that_kept_its_colour_is_never_marked():
    normal, _ = disc(RED)
    edited, truth = redrawn(*disc(BROWN, half=SIDE_PX // 2), DriftProfile.GPT_IMAGE_2)
    kept = cv2.erode((~truth).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert not (diff_mask(normal, edited).mask & kept).any()


def test_a_picture_whose_colours_all_became_paler_did_not_change():
    rng = np.random.default_rng(1)
    image = cv2.resize(rng.integers(40, 220, (10, 10, 3)).astype(np.uint8), (SIDE_PX, SIDE_PX))
    image = np.clip(image + rng.normal(0, 4, image.shape), 0, 255)
    grey = image.mean(axis=2, keepdims=True)
    paler = np.clip(np.rint(grey + 0.8 * (image - grey)), 0, 255).astype(np.uint8)
    assert diff_mask(image.astype(np.uint8), paler).status is Status.UNCHANGED
