"""Edits that gave back all but their change bit for bit."""

import cv2
import numpy as np
import pytest

from kizu.diff import DiffSettings, Status, diff_mask
from kizu.diff.identical import CameBack, with_exact_changes


def surface(side_px, seed=0):
    """A sensor's noise on plain ground, (side, side, 3) uint8."""
    noise = np.random.default_rng(seed).normal(120, 6, (side_px, side_px, 3))
    return noise.clip(0, 255).astype(np.uint8)


def darkened(normal, part, levels=20):
    """Darken a part of a picture; return it with the (H, W) bool that changed."""
    edited, truth = normal.copy(), np.zeros(normal.shape[:2], np.bool_)
    truth[part] = True
    edited[part] -= np.uint8(levels)
    return edited, truth


LINES = {
    "a line of one pixel": np.s_[60, 20:100],
    "a line of two pixels": np.s_[20:100, 60:62],
    "a short line": np.s_[40, 40:60],
    "a line along the border": np.s_[0, 10:100],
}


@pytest.mark.parametrize("part", LINES.values(), ids=LINES)
@pytest.mark.parametrize("side_px", [128, 512])
def test_a_hairline_of_20_grey_levels_is_found_and_outlined(part, side_px):
    normal = surface(side_px)
    edited, truth = darkened(normal, part)
    found = diff_mask(normal, edited)
    assert found.status is Status.CHANGED
    assert np.array_equal(found.mask, truth)


def test_a_spot_of_two_by_two_pixels_is_found_and_outlined():
    normal = surface(128)
    edited, truth = darkened(normal, np.s_[70:72, 31:33])
    assert np.array_equal(diff_mask(normal, edited).mask, truth)
    assert not diff_mask(normal, edited, DiffSettings(min_area_px=5)).mask.any()


def test_a_small_hole_is_marked_with_its_walls():
    normal, depth = surface(128), np.zeros((128, 128), np.float32)
    cv2.circle(depth, (50, 82), 3, 1, -1)
    depth = cv2.GaussianBlur(depth, (0, 0), 1.2)
    edited = np.rint(normal * (1 - 0.8 * depth[..., None])).astype(np.uint8)
    found = diff_mask(normal, edited).mask
    assert found[depth > 0.35].all()
    assert not found[depth < 0.2].any()


def test_parallel_lines_over_identical_ground_stay_apart():
    normal = surface(256)
    edited, truth = normal.copy(), np.zeros((256, 256), np.bool_)
    for row in range(100, 130, 6):
        edited, line = darkened(edited, np.s_[row, 40:200], levels=60)
        truth |= line
    assert np.array_equal(diff_mask(normal, edited).mask, truth)


def test_a_recoloured_part_is_marked_and_the_rest_is_not():
    normal = surface(256)
    edited = normal.copy()
    edited[:, 170:] = edited[:, 170:, ::-1] // 2
    found = diff_mask(normal, edited)
    assert found.status is Status.CHANGED
    assert found.mask[:, 175:250].mean() > 0.95
    assert not found.mask[:, :170].any()


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("change", ["darker", "fading in", "another grain"])
def test_an_edit_in_place_is_outlined_however_much_of_the_picture_it_takes(share, change):
    normal = surface(256, seed=3)
    columns = np.arange(256)
    first = round(256 * (1 - share))
    edited = normal.astype(float)
    if change == "darker":
        edited[:, first:] *= 0.8
    elif change == "fading in":
        edited -= (np.clip(columns - first, 0, 20) * 2.5)[:, None]
    else:
        edited[:, first:] = surface(256, seed=4)[:, first:] + 25.0
    found = diff_mask(normal, edited.clip(0, 255).astype(np.uint8))
    assert found.status is Status.CHANGED
    assert found.mask[:, first + 12 :].mean() > 0.97
    assert not found.mask[:, :first].any()


def test_a_mask_that_lies_on_what_came_back_makes_the_rest_the_change():
    normal = surface(64, seed=6)
    edited = normal.copy()
    edited[:, 6:] = (edited[:, 6:] * 0.8).astype(np.uint8)
    found = diff_mask(normal, edited)
    assert found.mask[:, 12:].all()
    assert not found.mask[:, :6].any()


@pytest.mark.parametrize("strength", [0.05, 0.1, 0.2, 0.35])
def test_light_that_leaves_the_middle_alone_is_no_edit_in_place(strength):
    normal = surface(256, seed=5)
    rows, columns = np.mgrid[-1:1:256j, -1:1:256j]
    light = 1 - strength / 2 * (rows**2 + columns**2)
    edited = np.rint(normal * light[..., None]).astype(np.uint8)
    assert (edited == normal).all(axis=2)[118:138, 118:138].all()
    assert diff_mask(normal, edited).status is Status.UNCHANGED


def curved(normal):
    """Bright colours brighter, dark ones as they were."""
    level = normal / 255
    return normal + 76 * level * (level - 0.05) * (1 - level)


@pytest.mark.parametrize("share", [0.15, 0.5])
def test_grain_that_was_drawn_anew_on_a_large_picture_is_an_edit_in_place(share):
    normal, again = (
        np.random.default_rng(seed).normal(120, 3, (1024, 1024, 3)).astype(np.uint8)
        for seed in (3, 4)
    )
    first = round(1024 * (1 - share))
    edited = np.hstack([normal[:, :first], again[:, first:]])
    found = diff_mask(normal, edited)
    assert found.status is Status.CHANGED
    assert found.mask[:, first:].mean() > 0.75
    assert not found.mask[:, :first].any()


DRIFTS = {
    "light falls off": lambda normal, r2: normal * (1 - 0.1 * r2),
    "light falls off strongly": lambda normal, r2: normal * (1 - 0.175 * r2),
    "bright colours are brighter": lambda normal, _: curved(normal),
}


@pytest.mark.parametrize("drift", DRIFTS.values(), ids=DRIFTS)
@pytest.mark.parametrize("radius", [0.3, 0.5, 0.7, 0.85])
@pytest.mark.parametrize("side_px", [128, 512])
def test_light_and_tone_that_leave_a_dark_part_alone_are_no_edit_in_place(drift, radius, side_px):
    rows, columns = np.mgrid[-1 : 1 : side_px * 1j, -1 : 1 : side_px * 1j]
    r2 = (rows**2 + columns**2)[..., None]
    noise = np.random.default_rng(1).normal(0, 3, (side_px, side_px, 3))
    normal = np.clip(np.where(r2 < radius**2, 12, 210) + noise, 0, 255).astype(np.uint8)
    edited = np.rint(drift(normal.astype(float), r2)).astype(np.uint8)
    assert (edited == normal).all(axis=2)[r2[..., 0] < 0.04].all()
    assert diff_mask(normal, edited).status is Status.UNCHANGED


def test_a_mask_never_lies_on_what_did_not_change():
    normal = surface(200)
    edited, truth = darkened(normal, np.s_[50:90, 60:120], levels=40)
    edited[60:80, 80:100] = normal[60:80, 80:100]
    found = diff_mask(normal, edited).mask
    assert not (found & (edited == normal).all(axis=2)).any()
    assert (found & truth).any()


def test_pixels_that_are_alike_by_chance_leave_no_holes_in_a_mask():
    normal = surface(200)
    edited, truth = darkened(normal, np.s_[50:110, 60:120], levels=40)
    rows, columns = np.random.default_rng(2).integers((55, 65), (105, 115), (60, 2)).T
    edited[rows, columns] = normal[rows, columns]
    assert np.array_equal(diff_mask(normal, edited).mask, truth)


def test_a_change_that_nobody_sees_is_none():
    normal = surface(128)
    edited, _ = darkened(normal, LINES["a line of one pixel"], levels=2)
    assert diff_mask(normal, edited).status is Status.UNCHANGED


def test_the_smallest_visible_change_is_the_users_to_say():
    normal = surface(128)
    edited, truth = darkened(normal, LINES["a line of one pixel"], levels=16)
    nothing = np.zeros_like(truth)
    strict = DiffSettings(min_visible_delta_e=10)
    assert not with_exact_changes(nothing, normal, edited, strict).any()
    assert np.array_equal(with_exact_changes(nothing, normal, edited, DiffSettings()), truth)


def test_a_redrawn_picture_is_not_exact_however_near_it_comes():
    normal = surface(128)
    redrawn = normal.astype(int) + np.random.default_rng(9).integers(-1, 2, normal.shape)
    assert CameBack.of(normal, normal).exact
    assert not CameBack.of(normal, redrawn.clip(0, 255).astype(np.uint8)).exact


def test_ground_without_noise_says_nothing_of_what_was_done_to_the_rest():
    normal = np.full((128, 128, 3), 255, np.uint8)
    normal[40:90, 40:90] = surface(50)
    redrawn = normal.copy()
    redrawn[40:90, 40:90] = surface(50, seed=1)
    assert not CameBack.of(normal, redrawn).exact
