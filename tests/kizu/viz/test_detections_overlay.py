import numpy as np
import pytest

from kizu.grounding.detections import Detections
from kizu.viz.detections_overlay import PHRASE_COLOURS, draw_overlay

GREY = np.full((400, 800, 3), 128, np.uint8)
BOX = (200, 150, 400, 250)


def found(*phrases, mask=None, box=BOX):
    boxes = np.array([box] * len(phrases), np.float32).reshape(-1, 4)
    confidence = np.linspace(0.9, 0.5, len(phrases), dtype=np.float32)
    return Detections(boxes, mask, confidence, phrases)


def mask_of_box(x0, y0, x1, y1):
    mask = np.zeros((1, *GREY.shape[:2]), dtype=bool)
    mask[0, y0:y1, x0:x1] = True
    return mask


def coloured(picture, colour):
    """Return (rows, columns) of the pixels close to a colour."""
    return np.nonzero(np.abs(picture.astype(int) - colour).max(axis=2) < 60)


def test_nothing_found_leaves_the_photo_as_it_is():
    assert np.array_equal(draw_overlay(GREY, found()), GREY)


@pytest.mark.parametrize(
    ("shape", "drawn"), [((100, 200), (400, 800)), ((3200, 1600), (1600, 800))]
)
def test_the_picture_has_a_size_at_which_words_can_be_read(shape, drawn):
    photo = np.zeros((*shape, 3), np.uint8)
    assert draw_overlay(photo, found()).shape == (*drawn, 3)


def test_a_box_is_drawn_where_it_lies_and_its_inside_stays_visible():
    picture = draw_overlay(GREY, found("a hole"))
    rows, columns = coloured(picture, PHRASE_COLOURS[0])
    below_label = rows > 146
    assert 196 <= columns[below_label].min() <= 204
    assert 396 <= columns[below_label].max() <= 404
    assert 246 <= rows.max() <= 254
    assert np.array_equal(picture[160:240, 210:390], GREY[160:240, 210:390])


def test_a_box_of_a_small_photo_is_drawn_at_the_scale_of_the_picture():
    picture = draw_overlay(GREY[::4, ::4], found("a hole", box=(50, 37.5, 100, 62.5)))
    rows, _ = coloured(picture, PHRASE_COLOURS[0])
    assert 246 <= rows.max() <= 254


def test_a_mask_is_outlined():
    bare = draw_overlay(GREY, found("a hole"))
    picture = draw_overlay(GREY, found("a hole", mask=mask_of_box(260, 180, 300, 220)))
    changed = np.nonzero((picture != bare).any(axis=2))
    assert 250 <= changed[1].min() < 260
    assert 300 <= changed[1].max() < 310
    assert np.array_equal(picture[185:215, 265:295], GREY[185:215, 265:295])


def test_each_phrase_has_its_colour():
    picture = draw_overlay(GREY, found("a hole", "a crack", "a hole"))
    assert all(len(coloured(picture, colour)[0]) for colour in PHRASE_COLOURS[:2])
    assert not len(coloured(picture, PHRASE_COLOURS[2])[0])


def test_labels_do_not_cover_each_other_or_a_box_in_the_corner():
    corner = (780, 0, 800, 16)
    picture = draw_overlay(GREY, found("a hole", "a hole", "a hole", box=corner))
    ink = (np.abs(picture.astype(int) - 24).max(axis=2) < 8).sum(axis=1)
    assert (ink > 60).sum() > 60
    assert np.array_equal(picture[5:10, 785:795], GREY[5:10, 785:795])
