"""Light that falls off, or from a side, is no defect; a defect in it still is one."""

import cv2
import numpy as np
import pytest

from kizu.diff import Status, diff_mask

SHAPE = (320, 320)


def gradient():
    """Metal that goes from dark to bright, without any detail."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] / SHAPE[0]
    return np.clip((60 + 130 * (0.7 * x + 0.3 * y))[..., None] + (0, 2, 8), 0, 255).astype(np.uint8)


def knurled():
    """A grid of bright bumps on grey."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    bumps = 25 * np.cos(2 * np.pi * (x + y) / 11) * np.cos(2 * np.pi * (x - y) / 11)
    noise = np.random.default_rng(2).normal(0, 2, SHAPE)
    return np.clip((150 + bumps + noise)[..., None] + (0, 3, 4), 0, 255).astype(np.uint8)


def printed():
    """White paper with dark blocks: nearly all of it is one colour."""
    rng = np.random.default_rng(4)
    page = np.full(SHAPE, 235.0) + rng.normal(0, 1.5, SHAPE)
    for _ in range(60):
        row, column = rng.integers(10, 300, 2)
        page[row : row + 5, column : column + int(rng.integers(4, 14))] = 40
    return np.repeat(np.clip(page, 0, 255).astype(np.uint8)[..., None], 3, 2)


PICTURES = {"gradient": gradient, "knurled": knurled, "printed": printed}


def vignette(strength, centre=(0.5, 0.5)):
    """Share of the light that is left, (H, W, 1)."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] / SHAPE[0]
    radius2 = 2 * ((x - centre[0]) ** 2 + (y - centre[1]) ** 2)
    return (1 - strength * radius2)[..., None]


def lit(image, light):
    return np.clip(np.rint(image * light), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("strength", [0.1, 0.2, 0.35])
def test_corners_that_are_darker_are_no_change(picture, strength):
    image = picture()
    assert diff_mask(image, lit(image, vignette(strength))).status is Status.UNCHANGED


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_a_fall_off_about_another_centre_is_no_change(picture):
    image = picture()
    assert diff_mask(image, lit(image, vignette(0.25, (0.4, 0.6)))).status is Status.UNCHANGED


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_light_from_a_side_is_no_change(picture):
    image = picture()
    ramp = np.linspace(0.8, 1.05, SHAPE[1])[None, :, None]
    assert diff_mask(image, lit(image, ramp)).status is Status.UNCHANGED


def test_a_stain_in_falling_light_is_still_found():
    image = knurled()
    spot = np.zeros(SHAPE, np.uint8)
    cv2.circle(spot, (250, 90), 18, 1, -1)
    stained = np.where(spot[..., None] > 0, image * 0.8, image)
    found = diff_mask(image, lit(stained, vignette(0.25)))
    truth = spot > 0
    assert found.status is Status.CHANGED
    assert (found.mask & truth).sum() > 0.7 * (found.mask | truth).sum()


def test_a_broad_shadow_with_an_edge_is_not_taken_for_light():
    image = knurled()
    shadow = np.ones((*SHAPE, 1))
    shadow[:, 240:] = 0.75
    found = diff_mask(image, lit(image, shadow))
    assert found.status is Status.CHANGED
    assert found.mask[:, 245:].mean() > 0.8
    assert found.mask[:, :230].mean() < 0.02
