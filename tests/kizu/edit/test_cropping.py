import numpy as np
import pytest

from kizu.edit.cropping import crop_target, plan_crop
from kizu.edit.gpt_image.models import FAMILIES, Family
from kizu.edit.regions import (
    BoxRegion,
    ForegroundRegion,
    draw_region,
    foreground_mask,
    region_guide,
)

PHOTO_24_MP = (6000, 4000)
RULE = FAMILIES[Family.GPT_IMAGE_1_5].sizes


def guide(x0, y0, x1, y1):
    return region_guide(BoxRegion(x0=x0, y0=y0, x1=x1, y1=y1), None)


def test_a_defect_of_a_thousandth_of_24_megapixels_keeps_every_pixel():
    place = crop_target(PHOTO_24_MP, guide(0.5, 0.1, 0.9, 0.4), 0.001, draw=0.5)
    geometry = plan_crop(PHOTO_24_MP, RULE, place)
    assert geometry.scale == 1
    assert geometry.crop[2:] == geometry.model
    side_px = (0.001 * 24e6) ** 0.5
    assert side_px * geometry.scale > 150
    whole = plan_crop(PHOTO_24_MP, RULE, place, "whole")
    assert side_px * whole.scale < 40


def test_the_window_lies_where_the_region_is():
    region = guide(0.5, 0.1, 0.9, 0.4)
    for draw in (0.0, 0.3, 0.999):
        x, y, width, height = plan_crop(
            PHOTO_24_MP, RULE, crop_target(PHOTO_24_MP, region, 0.001, draw)
        ).crop
        assert 0.5 <= (x + width / 2) / 6000 <= 0.92
        assert 0.08 <= (y + height / 2) / 4000 <= 0.42


def test_a_region_without_a_size_is_seen_whole_with_a_margin():
    place = crop_target(PHOTO_24_MP, guide(0.5, 0.25, 0.75, 0.5), None, 0)
    x, y, width, height = plan_crop(PHOTO_24_MP, RULE, place).crop
    assert (x, y) < (3000, 1000)
    assert x + width > 4500
    assert y + height > 2000


@pytest.mark.parametrize(
    ("source", "region", "area"),
    [
        (PHOTO_24_MP, None, None),
        (PHOTO_24_MP, (0.0, 0.0, 1.0, 1.0), None),
        (PHOTO_24_MP, None, 0.25),
        ((1024, 1024), (0.4, 0.4, 0.5, 0.5), 0.001),
        ((1600, 1200), (0.4, 0.4, 0.5, 0.5), 0.001),
    ],
)
def test_a_photo_is_sent_whole_where_a_window_would_gain_nothing(source, region, area):
    place = crop_target(source, guide(*region) if region else None, area, 0.5)
    assert plan_crop(source, RULE, place).crop == (0, 0, *source)


def test_a_window_comes_back_to_exactly_where_it_was_and_nothing_else_changes():
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 255, (2400, 3600, 3), dtype=np.uint8)
    place = crop_target((3600, 2400), guide(0.1, 0.6, 0.3, 0.8), 0.001, 0.5)
    geometry = plan_crop((3600, 2400), RULE, place)
    sent = geometry.apply(photo)
    assert np.array_equal(geometry.undo(sent, photo), photo)
    edited = sent.copy()
    edited[500:510, 500:510] = 0
    back = geometry.undo(edited, photo)
    x, y = geometry.crop[:2]
    changed = np.argwhere((back != photo).any(axis=2))
    assert changed.min(axis=0).tolist() == [y + 500, x + 500]
    assert changed.max(axis=0).tolist() == [y + 509, x + 509]


@pytest.mark.parametrize(
    "source", [(4000, 3000), (3000, 4000), (512, 384), (100, 900), (7000, 900)]
)
@pytest.mark.parametrize("family", list(Family))
def test_every_photo_gets_a_size_that_its_model_takes_and_comes_back_in_its_own(source, family):
    rule = FAMILIES[family].sizes
    geometry = plan_crop(source, rule, None)
    assert rule.best_size(*geometry.model) == geometry.model
    photo = np.full((source[1], source[0], 3), 77, np.uint8)
    assert geometry.undo(geometry.apply(photo), photo).shape == photo.shape


def test_the_foreground_guides_only_with_the_photo_at_hand():
    photo = np.full((200, 300, 3), 240, np.uint8)
    photo[50:150, 150:250] = 30
    assert region_guide(ForegroundRegion(), None) is None
    found = np.argwhere(region_guide(ForegroundRegion(), lambda: foreground_mask(photo)))
    assert found.min(axis=0) == pytest.approx([16, 32], abs=1)
    assert found.max(axis=0) == pytest.approx([47, 53], abs=1)


def test_a_drawn_region_survives_as_its_content():
    mask = np.zeros((3000, 2000), bool)
    mask[300:600, 1000:1500] = True
    region = draw_region(mask)
    assert max(region.height, region.width) == 1024
    found = np.argwhere(region_guide(region, None)) / 64
    assert found.min(axis=0) == pytest.approx([0.1, 0.5], abs=0.02)
    assert found.max(axis=0) == pytest.approx([0.2, 0.75], abs=0.02)
