import numpy as np
import pytest
from real_defects import SIDE_PX, pit, surface, with_defect
from skimage import data

from kizu.edit.request import Severity
from kizu.edit.transplant.blending import transplant
from kizu.edit.transplant.pose import Wanted
from kizu.imaging.morphology import dilate

PHOTO = surface(7, 160)
DEFECT = with_defect(surface(1), pit())


def lightness(picture):
    return picture.astype(float).mean(-1)


def test_the_defect_is_in_the_photo_where_its_mask_says_and_nowhere_else():
    moved = transplant(PHOTO, DEFECT, pit(), seed=1)
    change = np.abs(lightness(moved.image) - lightness(PHOTO))
    assert change[moved.truth].mean() > 50
    assert 0.6 < moved.truth.sum() / pit().sum() < 1.7
    strong = change > 30
    assert (strong & moved.truth).sum() > 0.95 * strong.sum()


def test_equal_arguments_give_equal_bits_and_another_seed_another_place():
    first, again, other = (transplant(PHOTO, DEFECT, pit(), seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.image, again.image)
    assert (first.truth != other.truth).any()


def test_a_defect_takes_on_the_light_of_the_photo():
    dark = PHOTO // 3
    moved = transplant(dark, DEFECT, pit(), seed=1)
    inside, before = lightness(moved.image)[moved.truth], lightness(dark)[moved.truth]
    assert inside.mean() < 0.6 * before.mean()
    own, around = lightness(DEFECT)[pit()].mean(), lightness(DEFECT)[~pit()].mean()
    assert inside.mean() / before.mean() == pytest.approx(own / around, abs=0.2)


def test_a_grey_photo_stays_grey_and_a_coloured_one_keeps_its_colour_around():
    tinted = DEFECT.copy()
    tinted[pit()] = (160, 40, 20)
    grey = transplant(PHOTO, tinted, pit(), seed=1).image
    assert int(np.ptp(grey, axis=-1).max()) <= 1
    coffee = data.coffee()[:160, :160]
    moved = transplant(coffee, tinted, pit(), seed=1)
    assert (moved.image == coffee)[~moved.truth].mean() > 0.9


def test_nothing_changes_outside_the_region():
    region = np.zeros(PHOTO.shape[:2], bool)
    region[20:70, 80:140] = True
    moved = transplant(PHOTO, DEFECT, pit(), seed=3, region=region)
    assert (moved.image == PHOTO)[~region].all()
    assert moved.truth.any()
    assert not moved.truth[~region].any()


@pytest.mark.parametrize("fractions", [(0.002, 0.004), (0.01, 0.02)])
def test_the_defect_has_the_asked_size(fractions):
    area_px = tuple(fraction * PHOTO[..., 0].size for fraction in fractions)
    for seed in range(5):
        moved = transplant(PHOTO, DEFECT, pit(), seed, wanted=Wanted(area_px))
        assert area_px[0] <= moved.truth.sum() <= area_px[1]


def test_what_is_worse_shows_more():
    shown = []
    for severity in Severity:
        moved = transplant(PHOTO, DEFECT, pit(), 1, wanted=Wanted(severity=severity))
        shown.append((lightness(PHOTO) - lightness(moved.image)).sum())
    assert shown[0] < 0.8 * shown[1]
    assert shown[1] < 0.9 * shown[2]


def test_a_defect_at_the_border_of_its_picture_comes_to_a_border():
    mask = pit((48, 1), 8)
    source = with_defect(surface(1), mask)
    for seed in range(5):
        truth = transplant(PHOTO, source, mask, seed).truth
        assert truth[[0, -1]].any()


def on_ground(picture, margin_px):
    """Return a picture of a square part before a dark ground."""
    inner = np.zeros(picture.shape[:2], bool)
    inner[margin_px:-margin_px, margin_px:-margin_px] = True
    return np.where(inner[..., None], picture, 15).astype(np.uint8), inner


def test_a_break_in_the_edge_of_a_part_comes_to_the_edge_of_the_part():
    source, part = on_ground(surface(1), 20)
    mask = pit((24, 48), 9) & part
    source[mask] = 15
    photo, part = on_ground(PHOTO, 30)
    for seed in range(5):
        moved = transplant(photo, source, mask, seed)
        gone = lightness(moved.image)[moved.truth & part]
        assert gone.size > 0.5 * mask.sum()
        assert np.median(gone) < 60
        edge = dilate(~part, 4)
        assert (moved.truth & edge).any()


def test_grain_keeps_its_direction():
    line = np.zeros((SIDE_PX, SIDE_PX), bool)
    line[30:66, 47:49] = True
    for seed in range(5):
        rows, columns = np.nonzero(
            transplant(PHOTO, with_defect(surface(1), line), line, seed).truth
        )
        assert np.ptp(rows) > 4 * np.ptp(columns)


def test_of_several_defects_in_a_mask_one_is_moved():
    both = pit((24, 24)) | pit((72, 72), 5)
    source = with_defect(surface(1), both)
    for seed in range(4):
        assert transplant(PHOTO, source, both, seed).truth.sum() < 0.9 * both.sum()


def test_a_region_of_one_pixel_is_kept_to():
    region = np.zeros(PHOTO.shape[:2], bool)
    region[60, 80] = True
    moved = transplant(PHOTO, DEFECT, pit(), seed=1, region=region)
    assert moved is None or (moved.image == PHOTO)[~region].all()
