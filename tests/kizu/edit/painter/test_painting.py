from functools import cache

import cv2
import numpy as np
import pytest
from real_defects import surface
from skimage import data

from kizu.edit.painter import DefectKind, paint
from kizu.edit.painter.defects import TRAITS
from kizu.edit.painter.material import to_lab
from kizu.edit.request import Severity

SLOW = pytest.mark.slow  # grain, things and darkness stand for the others where time is short
PHOTOS = [
    *("brick", "coins", "coffee", "moon"),
    *(
        pytest.param(name, marks=SLOW)
        for name in ("grass", "gravel", "chelsea", "camera", "rocket")
    ),
]
STRONG_DELTA_E = 12.0


@cache
def photo(name, long_side_px=256):
    image = getattr(data, name)()
    if image.ndim == 2:
        image = np.stack([image] * 3, -1)
    scale = long_side_px / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small.setflags(write=False)
    return small


def delta_e(before, after):
    return np.linalg.norm(to_lab(after) - to_lab(before), axis=-1)


def square_region(shape, top, left, side):
    region = np.zeros(shape, bool)
    region[top : top + side, left : left + side] = True
    return region


@pytest.mark.parametrize("name", PHOTOS)
def test_every_kind_is_visible_on_a_real_photo_and_its_truth_covers_the_change(name):
    image = photo(name)
    for kind in DefectKind:
        painting = paint(image, kind, seed=1)
        change = delta_e(image, painting.image)
        strong = change > STRONG_DELTA_E
        assert painting.truth.sum() >= 8, kind
        assert (strong & painting.truth).sum() >= 0.97 * strong.sum(), kind
        assert np.median(change[painting.truth]) > 5, kind
        assert painting.truth.mean() <= 1.3 * TRAITS[kind].area_fraction[1], kind


@pytest.mark.parametrize("kind", DefectKind)
def test_equal_arguments_give_equal_bits(kind):
    image = photo("coffee", 160)
    first, second = paint(image, kind, seed=3), paint(image.copy(), kind, seed=3)
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.truth, second.truth)


def test_another_seed_paints_elsewhere_or_otherwise():
    image = photo("brick", 160)
    paintings = [paint(image, DefectKind.SCRATCH, seed).image for seed in range(3)]
    assert (paintings[0] != paintings[1]).any()
    assert (paintings[1] != paintings[2]).any()


def test_the_input_is_left_as_it_was():
    image = photo("brick", 128)
    before = image.copy()
    paint(image, DefectKind.HOLE, seed=0)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("kind", DefectKind)
def test_nothing_changes_outside_the_region(kind):
    image = photo("coffee")
    region = square_region(image.shape[:2], top=60, left=100, side=50)
    painting = paint(image, kind, seed=2, region=region)
    assert (painting.image == image)[~region].all()
    assert painting.truth.any()
    assert not painting.truth[~region].any()


@pytest.mark.parametrize("kind", DefectKind)
def test_in_a_region_of_one_pixel_nothing_else_changes(kind):
    image = photo("coffee", 512)
    region = square_region(image.shape[:2], top=200, left=123, side=1)
    painting = paint(image, kind, seed=2, region=region)
    assert (painting.image == image)[~region].all()


@pytest.mark.parametrize("kind", DefectKind)
def test_area_follows_the_wish(kind):
    for name, wish in (("moon", (0.01, 0.02)), ("brick", (0.03, 0.06))):
        image = photo(name)
        share = paint(image, kind, seed=5, area_fraction=wish).truth.mean()
        assert 0.8 * wish[0] <= share <= 1.25 * wish[1], (name, share)


def test_a_region_too_small_for_the_wish_is_filled_as_far_as_it_goes():
    image = photo("moon")
    region = square_region(image.shape[:2], top=100, left=100, side=30)
    painting = paint(image, DefectKind.STAIN, 0, region=region, area_fraction=(0.1, 0.2))
    assert painting.truth.sum() >= 0.6 * region.sum()


def test_a_grey_photo_stays_grey():
    image = photo("coins")
    for kind in DefectKind:
        painted = paint(image, kind, seed=4).image
        spread = painted.max(-1).astype(int) - painted.min(-1)
        assert spread.max() <= 1, kind


def test_a_defect_lands_on_the_object_not_on_plain_background():
    image = np.full((200, 300, 3), 235, np.uint8)
    cv2.circle(image, (200, 90), 50, (60, 90, 150), -1)
    disc = np.zeros(image.shape[:2], np.uint8)
    cv2.circle(disc, (200, 90), 53, 1, -1)
    for kind in (DefectKind.HOLE, DefectKind.DENT, DefectKind.SCRATCH, DefectKind.DISCOLOURATION):
        for seed in range(3):
            truth = paint(image, kind, seed).truth
            assert truth[disc > 0].sum() >= 0.95 * truth.sum(), (kind, seed)


def test_a_small_object_is_taken_away_whole():
    rng = np.random.default_rng(0)
    image = np.clip(rng.normal(200, 1, (200, 200, 3)), 0, 255).astype(np.uint8)
    for centre in ((50, 50), (150, 60), (60, 150), (150, 150)):
        cv2.circle(image, centre, 11, (90, 40, 40), -1)
    painting = paint(image, DefectKind.MISSING_PART, seed=0)
    assert 0.8 * np.pi * 11**2 < painting.truth.sum() < 1.6 * np.pi * 11**2
    assert np.abs(painting.image[painting.truth].mean(0) - 200).max() < 6


@pytest.mark.parametrize("kind", DefectKind)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_constant_photo_of_the_smallest_size_gets_a_visible_defect(kind, level):
    painting = paint(np.full((32, 32, 3), level, np.uint8), kind, seed=0)
    assert painting.truth.any()
    assert (painting.image[painting.truth] != level).any()


@pytest.mark.parametrize("kind", DefectKind)
def test_noise_and_slivers_can_be_painted(kind):
    rng = np.random.default_rng(0)
    for shape in ((32, 32, 3), (32, 300, 3)):
        painting = paint(rng.integers(0, 256, shape, np.uint8), kind, seed=1)
        assert painting.truth.any()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"image": np.zeros((40, 40), np.uint8)}, r"\(40, 40\)"),
        ({"image": np.zeros((40, 31, 3), np.uint8)}, "31x40"),
        ({"image": np.zeros((40, 40, 3), np.float32)}, "float32"),
        ({"seed": -1}, "seed is -1"),
        ({"region": np.ones((4, 4), bool)}, r"\(4, 4\)"),
        ({"region": np.zeros((40, 40), bool)}, "region is empty"),
        ({"area_fraction": (0.2, 0.1)}, r"\(0.2, 0.1\)"),
    ],
)
def test_bad_arguments_are_named(arguments, sentence):
    good = {"image": np.zeros((40, 40, 3), np.uint8), "kind": DefectKind.STAIN, "seed": 0}
    with pytest.raises(ValueError, match=sentence):
        paint(**(good | arguments))


@pytest.mark.parametrize("kind", DefectKind)
def test_what_is_worse_is_larger_or_shows_more(kind):
    image = photo("brick", 160)
    shown = []
    for severity in (Severity.SLIGHT, Severity.SEVERE):
        paintings = [paint(image, kind, seed, severity=severity) for seed in range(3)]
        shown.append(sum(float(delta_e(image, each.image).sum()) for each in paintings))
    assert shown[1] > 1.5 * shown[0]


@pytest.mark.parametrize("kind", DefectKind)
def test_what_is_painted_has_the_asked_size(kind):
    image = photo("gravel")
    inside = 0
    for seed in range(4):
        painted = paint(image, kind, seed, area_fraction=(0.004, 0.009)).truth.mean()
        inside += 0.004 <= painted <= 0.009
        assert 0.002 < painted < 0.018
    assert inside >= 3


def test_a_chip_of_a_surface_that_fills_the_photo_breaks_its_border():
    image = surface(1, 200)
    for seed in range(5):
        truth = paint(image, DefectKind.CHIP, seed).truth
        assert truth[[0, -1]].any() or truth[:, [0, -1]].any()


def test_a_chip_of_a_part_takes_material_away():
    image = np.full((200, 200, 3), 20, np.uint8)
    part = surface(1, 120)
    image[40:160, 40:160] = part
    gone = 0
    for seed in range(6):
        painting = paint(image, DefectKind.CHIP, seed, area_fraction=(0.004, 0.008))
        within = painting.truth[40:160, 40:160]
        assert within.any()
        gone += (painting.image[40:160, 40:160][within].mean(-1) < 50).sum() > 0.3 * within.sum()
    assert gone >= 4


def test_cracks_run_along_the_grain_and_from_the_border_as_well_as_within():
    image = surface(2, 240)
    along, from_border = 0, 0
    for seed in range(12):
        truth = paint(image, DefectKind.CRACK, seed).truth
        rows, columns = np.nonzero(truth)
        along += np.ptp(rows) > 1.5 * np.ptp(columns)
        from_border += truth[[0, -1]].any()
    assert along >= 8
    assert 2 <= from_border <= 10


def test_a_burr_stands_out_over_the_edge():
    image = np.full((240, 240, 3), 235, np.uint8)
    disc = cv2.circle(np.zeros((240, 240), np.uint8), (120, 120), 60, 1, -1) > 0
    image[disc] = (70, 80, 90)
    for seed in range(4):
        truth = paint(image, DefectKind.BURR, seed, area_fraction=(0.002, 0.006)).truth
        outside = truth & ~disc
        near = cv2.dilate(disc.astype(np.uint8), np.ones((41, 41))) > 0
        assert outside.sum() > 0.3 * truth.sum()
        assert (outside & near).sum() == outside.sum()


def test_a_crack_branches_where_it_is_asked_to_and_runs_straight_where_it_is_not():
    image = surface(2, 240)
    for seed in range(4):
        widths = []
        for branched in (True, False):
            columns = np.nonzero(paint(image, DefectKind.CRACK, seed, branched=branched).truth)[1]
            widths.append(np.ptp(columns))
        assert widths[0] > 1.5 * widths[1]
