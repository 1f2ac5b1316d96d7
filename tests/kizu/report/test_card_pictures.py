import io
import json

import numpy as np
import pytest
from PIL import Image

from kizu.grounding.settings import MOST_ANNOTATORS
from kizu.imaging.run_lengths import mask_of_runs
from kizu.report import Card, CardWords, Evidence, Found, draw_card
from kizu.report.card_pictures import CARD_BYTES, panels_of
from kizu.viz.overlays import CHANGED_COLOUR, GROUNDED_COLOURS


def speckled(height=240, width=360, seed=0):
    noise = np.random.default_rng(seed).integers(90, 160, (height, width, 3))
    return noise.astype(np.uint8)


def found(boxes, annotator="dino", **values):
    return Found(annotator, np.asarray(boxes, np.float32).reshape(-1, 4), **values)


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


def whole(pictures):
    """The cells of the whole image, by panel."""
    return {name: cell.astype(np.int32) for name, cell in panels_of(pictures)[0].items()}


def close(pictures):
    return {name: cell.astype(np.int32) for name, cell in panels_of(pictures)[1].items()}


def cyan_pixels(picture):
    red, green, blue = np.moveaxis(picture, -1, 0)
    return (green - red > 60) & (blue - red > 60)


def test_cells_are_256_px_long_and_shaped_like_the_image():
    pictures = draw_card(cracked(480, 720))
    assert whole(pictures)["normal"].shape == (171, 256, 3)
    assert (pictures.words.width_px, pictures.words.height_px) == (720, 480)


def test_small_photos_are_not_enlarged():
    assert whole(draw_card(cracked(125, 200)))["normal"].shape == (125, 200, 3)


def test_pictures_of_pure_noise_still_fit_the_budget():
    noise = np.random.default_rng(1).integers(0, 256, (640, 640, 3)).astype(np.uint8)
    heat = np.random.default_rng(2).uniform(0, 90, (640, 640)).astype(np.float32)
    card = cracked(640, 640, normal=noise, edited=noise[::-1].copy(), anomaly_map=heat)
    pictures = draw_card(card)
    assert len(pictures.film) <= CARD_BYTES


def test_outline_of_a_hair_thin_crack_is_unbroken_at_thumbnail_size():
    pictures = draw_card(cracked(1200, 1800, found=()))
    columns = cyan_pixels(whole(pictures)["outlined"]).any(axis=0)
    first, last = np.flatnonzero(columns)[[0, -1]]
    assert columns[first : last + 1].all()
    assert last - first >= 10


def test_outline_leaves_the_inside_of_a_region_as_it_is():
    mask = np.zeros((240, 360), bool)
    mask[60:180, 60:300] = True
    flat = np.full((240, 360, 3), 120, np.uint8)
    pictures = draw_card(cracked(normal=flat, edited=flat, mask=mask, found=()))
    inside = np.s_[64:92, 64:170]
    change = whole(pictures)["outlined"][inside] - whole(pictures)["edited"][inside]
    assert np.abs(change).mean() < 2


def test_detail_shows_the_change_enlarged_in_four_equal_panels():
    pictures = draw_card(cracked())
    assert pictures.words.panels == ("normal", "edited", "outlined", "heat")
    near, far = close(pictures), whole(pictures)
    assert [cell.shape for cell in near.values()] == [cell.shape for cell in far.values()]
    assert np.abs(near["normal"] - near["edited"]).max() > 60


def test_a_long_thin_change_is_enlarged_in_part():
    mask = np.zeros((240, 360), bool)
    mask[np.arange(230), np.arange(230) + 60] = True
    assert draw_card(cracked(mask=mask)).words.is_enlarged


def test_panels_of_a_panorama_are_not_stretched():
    cell = close(draw_card(cracked(200, 1200)))["normal"]
    assert abs(cell.shape[1] / cell.shape[0] - 1.6) < 0.05
    grey = np.ptp(whole(draw_card(cracked(200, 1200)))["normal"][:20], axis=(0, 1))
    assert grey.max() < 12, "what a long picture leaves free is one colour"


def test_a_change_that_fills_the_picture_is_not_enlarged():
    assert not draw_card(cracked(mask=np.ones((240, 360), bool))).words.is_enlarged


def test_an_unchanged_sample_has_no_detail_and_no_outline():
    card = cracked(mask=None, anomaly_map=None, found=())
    pictures = draw_card(card)
    assert (pictures.words.is_enlarged, pictures.evidence.heat) == (False, None)
    assert pictures.words.panels == ("normal", "edited", "outlined")
    assert np.abs(whole(pictures)["outlined"] - whole(pictures)["edited"]).mean() < 2


def test_a_box_found_from_text_is_enlarged_where_nothing_changed():
    card = cracked(mask=np.zeros((240, 360), bool), anomaly_map=None)
    words = draw_card(card).words
    assert (words.panels, words.is_enlarged) == (("normal", "edited", "outlined"), True)


def test_an_empty_list_of_boxes_is_no_box():
    boxes = np.zeros((0, 4), np.float32)
    card = cracked(mask=None, found=(found(boxes),))
    assert not draw_card(card).words.is_enlarged


def test_map_with_unknown_and_infinite_values_is_drawn():
    heat = np.zeros((240, 360), np.float32)
    heat[0], heat[1] = np.nan, np.inf
    assert draw_card(cracked(anomaly_map=heat)).evidence.heat is not None


def test_heat_colours_mean_the_same_on_every_card():
    flat = np.full((240, 360), 12, np.float32)
    spiked = flat.copy()
    spiked[:4] = 500
    corner = np.s_[80:, 80:]
    first = whole(draw_card(cracked(anomaly_map=flat)))["heat"][corner]
    second = whole(draw_card(cracked(anomaly_map=spiked)))["heat"][corner]
    assert np.abs(first - second).mean() < 2


def test_equal_cards_give_equal_bytes():
    assert draw_card(cracked()) == draw_card(cracked())


def test_evidence_holds_the_exact_shapes():
    mask = cracked().mask
    evidence = draw_card(cracked(found=(found([[1, 2, 3, 4]], mask=mask), found([])))).evidence
    assert np.array_equal(mask_of_runs(evidence.label, mask.shape), mask)
    assert np.array_equal(mask_of_runs(evidence.found[0].mask, mask.shape), mask)
    assert evidence.found[1].mask is None
    with Image.open(io.BytesIO(evidence.heat)) as heat:
        assert (heat.mode, heat.size) == ("RGBA", (360, 240))
        opaque = np.asarray(heat)[..., 3] > 128
    assert opaque[100, 150]
    assert not opaque[:80].any()


def test_the_map_of_a_large_photo_is_scaled_with_its_peaks():
    heat = np.zeros((1200, 1800), np.float32)
    heat[600, 900] = 64
    evidence = draw_card(cracked(1200, 1800, anomaly_map=heat, found=())).evidence
    with Image.open(io.BytesIO(evidence.heat)) as picture:
        assert picture.size == (768, 512)
        assert np.asarray(picture)[..., 3].max() > 128


@pytest.mark.parametrize("changes", [{}, {"mask": None, "anomaly_map": None, "found": ()}])
def test_words_and_evidence_survive_json(changes):
    pictures = draw_card(cracked(**changes))
    words, evidence = (
        json.loads(json.dumps(each.to_json())) for each in (pictures.words, pictures.evidence)
    )
    assert CardWords.from_json(words) == pictures.words
    assert Evidence.from_json(evidence) == pictures.evidence


def test_stored_words_of_another_version_are_refused_with_the_way_out():
    value = draw_card(cracked()).words.to_json()
    del value["panels"]
    with pytest.raises(ValueError, match=r"panels.*draw this card again"):
        CardWords.from_json(value)


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
    outlined = whole(draw_card(card))["outlined"]
    row = outlined[70:100].reshape(-1, 3)  # around the middle, between the dashes' corners
    for colour in (CHANGED_COLOUR, *GROUNDED_COLOURS[:count]):
        assert np.abs(row - np.array(colour)).sum(axis=1).min() < 110


def test_a_card_has_room_for_more_annotators_than_a_spec_may_name():
    assert len(GROUNDED_COLOURS) >= MOST_ANNOTATORS
    assert CHANGED_COLOUR not in GROUNDED_COLOURS
