"""A part that was replaced is the change, though most of the picture is that part."""

import cv2
import numpy as np
import pytest

from kizu.diff import Status, diff_mask
from kizu.diff.replaced import kept_part, with_kept_part
from kizu.edit.painter import DriftProfile, Painting, imitate_drift
from kizu.imaging.masks import mask_iou

SHAPE = (288, 352)
AREAS = pytest.mark.parametrize("area", [0.55, 0.7])
PROFILES = pytest.mark.parametrize(
    "profile", [DriftProfile.GPT_IMAGE_1_5, DriftProfile.GPT_IMAGE_2]
)


def plate(seed=1):
    """Brushed metal with specks, (288, 352, 3) uint8."""
    rng = np.random.default_rng(seed)
    lines = cv2.GaussianBlur(rng.normal(0, 60, SHAPE).astype(np.float32), (0, 0), 0.8, sigmaY=12)
    specks = cv2.GaussianBlur(rng.normal(0, 14, SHAPE).astype(np.float32), (0, 0), 0.8)
    grey = 150 + lines + specks
    return np.clip(grey[..., None] * np.float32((1.0, 1.0, 0.97)), 0, 255).astype(np.uint8)


def blotch(area):
    """An ellipse in the middle that takes so much of the picture, (288, 352) bool."""
    y, x = np.mgrid[-1 : 1 : SHAPE[0] * 1j, -1 : 1 : SHAPE[1] * 1j]
    radius = np.hypot(x, y)
    return radius <= np.quantile(radius, area)


def worn(normal, part):
    """The part in another material: dark, and with grain of its own."""
    rng = np.random.default_rng(9)
    grain = cv2.GaussianBlur(rng.normal(0, 30, SHAPE).astype(np.float32), (0, 0), 1.5)
    other = np.clip(55 + grain, 0, 255)[..., None] * np.float32((1.0, 0.98, 0.95))
    return np.where(part[..., None], other, normal).astype(np.uint8)


@AREAS
@PROFILES
def test_a_replaced_part_is_marked_however_much_of_the_picture_it_takes(area, profile):
    normal, part = plate(), blotch(area)
    redrawn = imitate_drift(Painting(worn(normal, part), part), profile, 4)
    found = diff_mask(normal, redrawn.image)
    assert found.status is Status.CHANGED
    assert mask_iou(found.mask, redrawn.truth) > 0.9


@AREAS
def test_it_is_where_the_picture_moved_by_pixels(area, drifted):
    normal, part = plate(), blotch(area)
    edited = drifted(worn(normal, part), shift=(4.6, -3.1))
    truth = drifted(np.dstack([part] * 3) * 255.0, shift=(4.6, -3.1), noise=0)[..., 1] > 127
    found = diff_mask(normal, edited)
    assert found.status is Status.CHANGED
    assert mask_iou(found.mask, truth) > 0.85


@AREAS
@PROFILES
def test_light_that_falls_off_softly_is_another_light(area, profile):
    normal, part = plate(), blotch(area)
    lit = cv2.GaussianBlur(np.where(part, 0.3, 1.0).astype(np.float32), (0, 0), 50)
    edited = (normal * lit[..., None]).astype(np.uint8)
    redrawn = imitate_drift(Painting(edited, part), profile, 4)
    assert diff_mask(normal, redrawn.image).status is Status.REDRAWN


@PROFILES
def test_another_picture_has_no_part_that_was_kept(profile):
    redrawn = imitate_drift(Painting(plate(seed=2), blotch(0.5)), profile, 4)
    assert diff_mask(plate(), redrawn.image).status is Status.REDRAWN


def test_what_looks_as_it_did_before_any_correction_is_kept_and_what_nobody_knows():
    difference = np.full((4, 4), 30, np.float32)
    difference[:, :2] = 4
    difference[0, 3] = np.nan
    kept = kept_part(difference, (64, 64))
    assert kept[:, :24].all()
    assert kept[:8, 56:].all()
    assert not kept[24:, 40:].any()


@pytest.mark.parametrize("delta_e", [2.0, 40.0])
def test_nearly_nothing_and_nearly_all_teach_nothing(delta_e):
    assert kept_part(np.full((4, 4), delta_e, np.float32), (64, 64)) is None


def test_for_registration_the_rest_is_the_normal_moved_as_the_picture_was():
    normal, kept = plate(), ~blotch(0.5)
    affine = np.array([[1.0, 0.0, 3.0], [0.0, 1.0, -2.0]])
    made = with_kept_part(normal, np.zeros_like(normal), kept, affine)
    assert not made[kept].any()
    assert np.array_equal(made[100:140, 150:200], normal[98:138, 153:203])


def test_a_part_that_lies_in_bits_teaches_nothing(monkeypatch):
    bits = np.indices(SHAPE).sum(axis=0) // 8 % 2 == 0
    monkeypatch.setattr("kizu.diff.comparison.kept_part", lambda *_: bits)
    monkeypatch.delattr("kizu.diff.comparison.with_kept_part")
    assert diff_mask(plate(), plate(seed=2)).status is Status.REDRAWN
