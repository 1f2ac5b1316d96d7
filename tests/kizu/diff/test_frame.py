"""Parts break at their edges: the picture is judged up to its last row."""

import cv2
import numpy as np
import pytest

from kizu.diff import DiffSettings, Status, diff_mask
from kizu.diff.window import diff_window
from kizu.edit.painter import DriftProfile, Painting, imitate_drift

SIDE_PX = 256


def metal(seed, side_px, shade, line_px):
    """Brushed metal under a shade (1, side) or even, with lines so long, (side, side, 3) uint8."""
    noise = np.random.default_rng(seed).normal(0, 60, (side_px, side_px)).astype(np.float32)
    lines = cv2.GaussianBlur(noise, (0, 0), sigmaX=line_px, sigmaY=0.7)
    return np.repeat(np.clip(shade + 2 * lines, 0, 255).astype(np.uint8)[..., None], 3, 2)


@pytest.fixture(scope="module")
def brushed():
    """Brushed metal that fills the picture, (256, 256, 3) uint8."""
    return metal(7, SIDE_PX, np.linspace(120, 190, SIDE_PX)[None], line_px=18)


def chipped(image, depth_px):
    """A dark chip in the middle of the upper edge."""
    truth = np.zeros(image.shape[:2], np.uint8)
    cv2.ellipse(truth, (SIDE_PX // 2, 0), (3 * depth_px, depth_px), 0, 0, 360, 1, -1)
    edited = image.copy()
    edited[truth > 0] = (40, 38, 36)
    return Painting(edited, truth > 0)


@pytest.mark.parametrize("turns", range(4), ids=["top", "left", "bottom", "right"])
@pytest.mark.parametrize("depth_px", [6, 12])
def test_a_chip_at_the_edge_is_outlined_in_a_redrawn_picture(brushed, depth_px, turns):
    painting = chipped(brushed, depth_px)
    turned = Painting(np.rot90(painting.image, turns).copy(), np.rot90(painting.truth, turns))
    redrawn = imitate_drift(turned, DriftProfile.GPT_IMAGE_2, seed=turns)
    found = diff_mask(np.rot90(brushed, turns).copy(), redrawn.image)
    assert found.status is Status.CHANGED
    assert (found.mask & redrawn.truth).sum() > 0.75 * (found.mask | redrawn.truth).sum()


@pytest.mark.parametrize("profile", [DriftProfile.GPT_IMAGE_1_5, DriftProfile.GPT_IMAGE_2])
@pytest.mark.parametrize("seed", range(4))
def test_the_edge_of_a_redrawn_picture_without_a_defect_is_not_marked(brushed, profile, seed):
    nothing = np.zeros(brushed.shape[:2], bool)
    redrawn = imitate_drift(Painting(brushed, nothing), profile, seed)
    assert diff_mask(brushed, redrawn.image).status is Status.UNCHANGED


def test_a_chip_at_the_edge_of_a_large_picture_keeps_its_outermost_rows(brushed):
    painting = chipped(brushed, 12)
    size = (3 * SIDE_PX, 3 * SIDE_PX)
    normal, edited = (
        cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        for image in (brushed, painting.image)
    )
    truth = cv2.resize(painting.truth.astype(np.uint8), size) > 0
    redrawn = imitate_drift(Painting(edited, truth), DriftProfile.GPT_IMAGE_2, seed=1)
    found = diff_mask(normal, redrawn.image, DiffSettings(max_work_megapixels=0.25))
    assert found.status is Status.CHANGED
    assert found.mask[:4, redrawn.truth[2]].mean() > 0.8


@pytest.mark.parametrize("side_px", [24, 256])
def test_the_result_says_what_has_no_counterpart(brushed, side_px):
    normal = brushed[:side_px, :side_px]
    moved = np.vstack([np.full((4, side_px, 3), 90, np.uint8), normal[:-4]])
    found = diff_mask(normal, moved)
    assert not (found.mask & ~found.judged).any()
    assert found.tone.unjudged_fraction == pytest.approx(1 - found.judged.mean())
    if side_px == 256:
        assert not found.judged[:3].any()
        assert found.judged[5:].all()


def test_of_a_large_picture_too_the_result_says_what_has_no_counterpart(brushed):
    normal = np.tile(brushed, (2, 2, 1))
    moved = np.vstack([np.full((6, 512, 3), 90, np.uint8), normal[:-6]])
    found = diff_mask(normal, moved, DiffSettings(max_work_megapixels=0.25))
    assert not found.judged[:4].any()
    assert found.judged[8:].all()
    assert found.tone.unjudged_fraction == pytest.approx(1 - found.judged.mean(), abs=2e-3)


def test_what_lies_outside_of_a_window_is_known(brushed):
    moved = brushed.copy()
    moved[64:192, 64:192] = np.vstack([np.full((4, 128, 3), 90, np.uint8), brushed[64:188, 64:192]])
    found = diff_window(brushed, moved, (64, 64, 128, 128))
    assert not found.judged[64:67, 64:192].any()
    assert found.judged.sum() >= brushed[..., 0].size - 5 * 128


@pytest.mark.parametrize("seed", [0, 2, 7])
@pytest.mark.parametrize(("right", "down"), [(5, -3), (-2, 4), (1, 1)])
def test_a_row_whose_counterpart_lies_outside_is_not_marked(right, down, seed):
    whole = metal(seed, 320, 140, line_px=12)
    normal = whole[32:-32, 32:-32]
    moved = whole[32 - down : 288 - down, 32 - right : 288 - right]
    grain = np.random.default_rng(9).normal(0, 1.5, normal.shape)
    edited = np.clip(1.02 * moved + grain, 0, 255).astype(np.uint8)
    assert diff_mask(normal, edited).status is Status.UNCHANGED
