"""What repeats itself is registered to itself and not to its neighbour."""

import cv2
import numpy as np
import pytest

from kizu.diff import Status, diff_mask

SIDE_PX = 400


@pytest.fixture(scope="module")
def board():
    """Rows of equal chips with pins, (400, 400, 3) uint8."""
    image = np.full((SIDE_PX, SIDE_PX, 3), (30, 100, 50), np.uint8)
    for top in range(20, SIDE_PX - 40, 70):
        for left in range(15, SIDE_PX - 50, 70):
            cv2.rectangle(image, (left, top), (left + 40, top + 26), (35, 35, 38), -1)
            for pin in range(left + 2, left + 40, 8):
                image[top - 4 : top, pin : pin + 4] = (190, 190, 195)
                image[top + 27 : top + 31, pin : pin + 4] = (190, 190, 195)
    noise = np.random.default_rng(3).normal(0, 1.5, image.shape)
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 0.6)
    return np.clip(smooth + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def weave():
    """Threads over and under each other, ten pixels apart, no two quite alike."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    over = np.where((x // 10 + y // 10) % 2 == 0, np.sin(np.pi * x / 10), np.sin(np.pi * y / 10))
    threads = np.random.default_rng(8).normal(0, 6, SIDE_PX // 10)
    shade = 110 + 45 * np.abs(over) + threads[x // 10] + threads[::-1][y // 10]
    noise = np.random.default_rng(9).normal(0, 3, shade.shape)
    return np.clip((shade + noise)[..., None] + (20, 0, -10), 0, 255).astype(np.uint8)


def moved(image, zoom=1.0, degrees=0.0, shift=(0.0, 0.0)):
    middle = ((SIDE_PX - 1) / 2, (SIDE_PX - 1) / 2)
    affine = cv2.getRotationMatrix2D(middle, degrees, zoom)
    affine[:, 2] += shift
    there = cv2.warpAffine(
        image, affine, (SIDE_PX, SIDE_PX), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    noise = np.random.default_rng(5).normal(0, 1, image.shape)
    return np.clip(there + noise, 0, 255).astype(np.uint8)


MOVES = {
    "a zoom of 0.6 %": {"zoom": 1.006},
    "a turn of 0.4 degrees": {"degrees": 0.4},
    "a shift of a pixel": {"shift": (1.0, 0.0)},
    "a shift of some pixels": {"shift": (-3.3, 2.2)},
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
@pytest.mark.parametrize("name", ["board", "weave"])
def test_a_repeating_picture_that_moved_is_unchanged(name, move, request):
    image = request.getfixturevalue(name)
    assert diff_mask(image, moved(image, **move)).status is Status.UNCHANGED


def test_a_missing_pin_is_found_on_a_board_that_was_zoomed(board):
    edited = board.copy()
    edited[152:170, 97:113] = (30, 100, 50)
    found = diff_mask(board, moved(edited, zoom=1.006))
    assert found.status is Status.CHANGED
    assert found.mask[150:175, 95:115].any()
    outside = found.mask.copy()
    outside[145:180, 88:122] = False
    assert not outside.any()
