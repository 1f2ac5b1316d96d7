import io

import numpy as np
import pytest
from PIL import Image

from kizu.grounding.settings import MOST_ANNOTATORS
from kizu.report import Card, CardPictures, Found, draw_card
from kizu.report.card_pictures import CARD_BYTES
from kizu.viz.overlays import CHANGED_COLOUR, GROUNDED_COLOURS


def speckled(height=240, width=360, seed=0):
    noise = np.random.default_rng(seed).integers(90, 160, (height, width, 3))
    return noise.astype(np.uint8)


def found(boxes, annotator="dino", **values):
    return Found(annotator, np.asarray(boxes, np.float32), **values)


def cracked(height=240, width=360, **changes):
    """A card with a hair-thin crack, one pixel wide and 60 long."""
    normal = speckled(height, width)
    mask = np.zeros((height, width), bool)
    mask[100, 120:180] = True
    edited = normal.copy()
    edited[mask] = 10
    values = {
        "sample_id": "s1",
        "defect_type": "crack",
        "prompt": "a hair-thin crack",
        "verdict": "accept",
        "reason": "agree",
        "explanation": "Both agree.",
        "metrics": {"mask_iou": 0.5, "area_px": 60, "score": None, "registration": "similarity"},
        "normal": normal,
        "edited": edited,
        "anomaly_map": mask.astype(np.float32) * 40,
        "mask": mask,
        "found": (found([[110, 90, 190, 110]], labels=("crack", "crack")),),
    }
    return Card(**{**values, **changes})


def opened(webp):
    return np.asarray(Image.open(io.BytesIO(webp)).convert("RGB"), np.int32)


def cyan_pixels(picture):
    red, green, blue = np.moveaxis(picture, -1, 0)
    return (green - red > 60) & (blue - red > 60)


def test_whole_pictures_are_320_px_long_and_keep_their_shape():
    pictures = draw_card(cracked(480, 720))
    assert opened(pictures.normal).shape == (213, 320, 3)
    assert (pictures.width_px, pictures.height_px) == (720, 480)


def test_small_photos_are_not_enlarged():
    assert opened(draw_card(cracked(120, 200)).normal).shape == (120, 200, 3)


def test_pictures_of_pure_noise_still_fit_the_budget():
    noise = np.random.default_rng(1).integers(0, 256, (640, 640, 3)).astype(np.uint8)
    heat = np.random.default_rng(2).uniform(0, 90, (640, 640)).astype(np.float32)
    card = cracked(640, 640, normal=noise, edited=noise[::-1].copy(), anomaly_map=heat)
    pictures = draw_card(card)
    files = (pictures.normal, pictures.edited, pictures.outlined, pictures.heat, pictures.detail)
    assert sum(map(len, files)) <= CARD_BYTES


def test_outline_of_a_hair_thin_crack_is_unbroken_at_thumbnail_size():
    pictures = draw_card(cracked(1200, 1800, found=()))
    columns = cyan_pixels(opened(pictures.outlined)).any(axis=0)
    first, last = np.flatnonzero(columns)[[0, -1]]
    assert columns[first : last + 1].all()
    assert last - first >= 10


def test_outline_leaves_the_inside_of_a_region_as_it_is():
    mask = np.zeros((240, 360), bool)
    mask[60:180, 60:300] = True
    flat = np.full((240, 360, 3), 120, np.uint8)
    pictures = draw_card(cracked(normal=flat, edited=flat, mask=mask, found=()))
    inside = np.s_[90:130, 90:240]
    change = opened(pictures.outlined)[inside] - opened(pictures.edited)[inside]
    assert np.abs(change).mean() < 2


def test_detail_shows_the_change_enlarged_in_four_equal_panels():
    pictures = draw_card(cracked())
    assert pictures.detail_panels == ("normal", "edited", "outlined", "heat")
    strip = opened(pictures.detail)
    assert strip.shape[1] == 4 * 240
    normal, edited = strip[:, :240], strip[:, 240:480]
    assert np.abs(normal - edited).max() > 60


def test_a_long_thin_change_is_enlarged_in_part():
    mask = np.zeros((240, 360), bool)
    mask[np.arange(230), np.arange(230) + 60] = True
    assert draw_card(cracked(mask=mask)).detail is not None


def test_panels_of_a_panorama_are_not_stretched():
    strip = opened(draw_card(cracked(200, 1200)).detail)
    assert abs(strip.shape[1] / 4 / strip.shape[0] - 1.6) < 0.05


def test_a_change_that_fills_the_picture_is_not_enlarged():
    assert draw_card(cracked(mask=np.ones((240, 360), bool))).detail is None


def test_an_unchanged_sample_has_no_detail_and_no_outline():
    card = cracked(mask=None, anomaly_map=None, found=())
    pictures = draw_card(card)
    assert (pictures.detail, pictures.heat) == (None, None)
    assert pictures.outlined == pictures.edited


def test_a_box_found_from_text_is_enlarged_where_nothing_changed():
    card = cracked(mask=np.zeros((240, 360), bool), anomaly_map=None)
    assert draw_card(card).detail_panels == ("normal", "edited", "outlined")


def test_an_empty_list_of_boxes_is_no_box():
    boxes = np.zeros((0, 4), np.float32)
    card = cracked(mask=None, found=(found(boxes),))
    assert draw_card(card).detail is None


def test_map_with_unknown_and_infinite_values_is_drawn():
    heat = np.zeros((240, 360), np.float32)
    heat[0], heat[1] = np.nan, np.inf
    assert draw_card(cracked(anomaly_map=heat)).heat is not None


def test_heat_colours_mean_the_same_on_every_card():
    flat = np.full((240, 360), 12, np.float32)
    spiked = flat.copy()
    spiked[:4] = 500
    corner = np.s_[100:, 100:]
    first = opened(draw_card(cracked(anomaly_map=flat)).heat)[corner]
    second = opened(draw_card(cracked(anomaly_map=spiked)).heat)[corner]
    assert np.abs(first - second).mean() < 2


def test_equal_cards_give_equal_bytes():
    assert draw_card(cracked()).to_json() == draw_card(cracked()).to_json()


def test_pictures_survive_json():
    pictures = draw_card(cracked())
    assert CardPictures.from_json(pictures.to_json()) == pictures


def test_pictures_without_detail_survive_json():
    pictures = draw_card(cracked(mask=None, anomaly_map=None, found=()))
    assert CardPictures.from_json(pictures.to_json()) == pictures


def test_stored_pictures_of_another_version_are_refused_with_the_way_out():
    value = draw_card(cracked()).to_json()
    del value["detail_panels"]
    with pytest.raises(ValueError, match=r"detail_panels.*draw this card again"):
        CardPictures.from_json(value)


def test_arrays_on_different_grids_are_refused_by_name():
    with pytest.raises(ValueError, match=r"mask of sample s1 is .*edited is"):
        cracked(mask=np.zeros((10, 10), bool))


@pytest.mark.parametrize("count", [2, 3, 6])
def test_what_several_annotators_found_alike_is_outlined_in_all_their_colours(count):
    mask = np.zeros((240, 360), bool)
    mask[80:160, 120:240] = True
    flat = np.full((240, 360, 3), 120, np.uint8)
    box = [[120, 80, 240, 160]]
    all_found = tuple(found(box, f"annotator {n}", mask=mask) for n in range(count))
    card = cracked(normal=flat, edited=flat, mask=mask, anomaly_map=None, found=all_found)
    row = opened(draw_card(card).outlined)[107]  # across the middle, between the dashes' corners
    for colour in (CHANGED_COLOUR, *GROUNDED_COLOURS[:count]):
        assert np.abs(row - np.array(colour)).sum(axis=1).min() < 110


def test_a_card_has_room_for_more_annotators_than_a_spec_may_name():
    assert len(GROUNDED_COLOURS) >= MOST_ANNOTATORS
    assert CHANGED_COLOUR not in GROUNDED_COLOURS
